"""A node, its pods and a client in one kernel, and the proxy that is tried on it.

The node is the namespace the tests run in. Pods b1, b2, b3 and the client c1 have a network
namespace and a cable each:

    c1 192.0.2.2 ---- 192.0.2.1 node 10.1.N.1 ---- 10.1.N.2 bN
       2001:db8::2    2001:db8::1    fd00:1:N::1   fd00:1:N::2

c1 also sends from 10.3.0.1 to 10.3.0.16. Every pod answers TCP and UDP, and over IPv4 SCTP where
the kernel has it, on port 8080 with its name and the address it sees, and then with whatever it
gets.
"""

import asyncio
import ctypes
import os
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

_CLONE_NEWNET = 0x4000_0000
_ARP = 0x0806
_PODS = ("b1", "b2", "b3")
PORT = 8080
PATIENCE_SECONDS = 5
SILENCE_SECONDS = 0.7
CLIENTS = tuple(f"10.3.0.{n}" for n in range(1, 17))


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Let sockets that this thread makes meanwhile belong to a namespace; '' is the node."""
    if not name:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    with (
        Path("/proc/thread-self/ns/net").open("rb") as before,
        Path(f"/run/netns/{name}").open("rb") as to,
    ):
        _enter(libc, to.fileno())
        try:
            yield
        finally:
            _enter(libc, before.fileno())


def _enter(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def shell(*lines: str) -> str:
    """Return what the lines print; they must not fail."""
    done = subprocess.run(
        ["sh", "-ec", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lay_cables() -> None:
    """Make the namespaces, with addresses and routes."""
    lines = ["echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"]
    for number, name in enumerate(_PODS, 1):
        lines += _cable(name, f"10.1.{number}", f"fd00:1:{number}:")
    lines += _cable("c1", "192.0.2", "2001:db8:")
    lines += [f"ip -n c1 addr add {address}/32 dev lo" for address in CLIENTS]
    lines += ["ip route add 10.3.0.0/24 via 192.0.2.2"]
    shell(*lines)


def _cable(name: str, ipv4: str, ipv6: str) -> list[str]:
    return [
        f"ip netns add {name}",
        f"ip link add v{name} type veth peer name eth0 netns {name}",
        f"ip addr add {ipv4}.1/24 dev v{name}",
        f"ip addr add {ipv6}:1/64 dev v{name} nodad",
        f"ip link set v{name} up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} addr add {ipv4}.2/24 dev eth0",
        f"ip -n {name} addr add {ipv6}:2/64 dev eth0 nodad",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} route add default via {ipv4}.1",
        f"ip -n {name} -6 route add default via {ipv6}:1",
    ]


class Pods:
    """The servers of all pods, in one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open: list[asyncio.Server | asyncio.BaseTransport] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for name in _PODS:
            asyncio.run_coroutine_threadsafe(self._serve(name), self._loop).result()

    def close(self) -> None:
        """End them all."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for one in self._open:
            one.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, name: str) -> None:
        with inside(name):
            stream = socket.create_server(
                ("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512
            )
            streams = [stream, *_sctp_server()]
            packets = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            packets.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            packets.bind(("::", PORT))

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.CancelledError):
                writer.write(f"{name} {_seen(writer.get_extra_info('peername')[0])}\n".encode())
                while line := await reader.readline():
                    writer.write(line)
            writer.close()

        class Answer(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast("asyncio.DatagramTransport", transport)

            def datagram_received(self, _: bytes, addr: tuple[str, int]) -> None:
                self.transport.sendto(f"{name} {_seen(addr[0])}\n".encode(), addr)

        for sock in streams:
            self._open.append(await asyncio.start_server(talk, sock=sock))
        transport, _ = await self._loop.create_datagram_endpoint(Answer, sock=packets)
        self._open.append(transport)


def _sctp_server() -> Iterator[socket.socket]:
    """Yield a socket, where this kernel has SCTP."""
    with suppress(OSError):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        sock.bind(("0.0.0.0", PORT))
        sock.listen()
        yield sock


def _seen(address: str) -> str:
    return address.removeprefix("::ffff:")


class Flow:
    """One connection, or one UDP socket, of a client."""

    def __init__(
        self, place: str, address: str, port: int, *, udp: bool, source: str, protocol: int = 0
    ) -> None:
        """Connect, and read who answers.

        Raises:
            OSError: nobody does.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(place):
            kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
            self._sock = socket.socket(family, kind, protocol)
        try:
            self._sock.settimeout(PATIENCE_SECONDS)
            if source:
                self._sock.bind((source, 0))
            self._sock.connect((address, port))
            if udp:
                self._sock.send(b"hello\n")
            self.pod, self.seen = self._sock.recv(200).decode().split()
        except BaseException:
            self._sock.close()
            raise

    def say(self, text: str) -> str:
        """Return what comes back."""
        self._sock.send(text.encode() + b"\n")
        return self._sock.recv(200).decode().strip()

    def close(self) -> None:
        """End it."""
        self._sock.close()


def flow(
    place: str,
    address: str,
    port: int = 80,
    *,
    udp: bool = False,
    source: str = "",
    protocol: int = 0,
) -> Flow:
    """Return a new flow.

    Raises:
        OSError: nobody answers.
    """
    return Flow(place, address, port, udp=udp, source=source, protocol=protocol)


def reached(
    address: str,
    port: int = 80,
    *,
    place: str = "c1",
    count: int = 12,
    udp: bool = False,
    sources: Sequence[str] = ("",),
    hold: bool = False,
) -> Counter[str]:
    """Return which pod answered how often; what fails is counted by the error's name."""
    found: Counter[str] = Counter()
    held: list[Flow] = []
    for number in range(count):
        try:
            one = flow(place, address, port, udp=udp, source=sources[number % len(sources)])
        except OSError as error:
            found[type(error).__name__] += 1
            continue
        found[one.pod] += 1
        if hold:
            held.append(one)
        else:
            one.close()
    for one in held:
        one.close()
    return found


def answers_arp(address: str) -> bool:
    """Return whether the node says to c1 that an address is its own."""
    with inside("c1"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", _ARP))
        own, target = sock.getsockname()[4], socket.inet_aton(address)
        asked = bytes.fromhex("0001080006040001") + own + socket.inet_aton("192.0.2.2")
        sock.send(b"\xff" * 6 + own + _ARP.to_bytes(2) + asked + bytes(6) + target)
        sock.settimeout(SILENCE_SECONDS)
        with suppress(TimeoutError):
            while True:
                packet = sock.recv(200)
                if packet[20:22] == b"\0\2" and packet[28:32] == target:
                    return True
    return False


def is_silent(place: str, address: str, port: int = 80) -> bool:
    """Return whether packets are dropped: neither answer nor refusal in good time."""
    with inside(place), socket.socket() as sock:
        sock.settimeout(SILENCE_SECONDS)
        try:
            sock.connect((address, port))
        except TimeoutError:
            return True
        except OSError:
            return False
    return False
