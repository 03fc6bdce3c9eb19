"""A resolver of a test's own: fixed records over UDP and TCP, and a list of what was asked.

It answers from the very address it was asked at. What it does not know does not exist.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from threading import Thread
from types import TracebackType
from typing import NamedTuple, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_SOA = "ns.invalid. hostmaster.invalid. 1 7200 1800 86400 30"


class Asked(NamedTuple):
    """One question that came in."""

    address: str
    """Where it was sent to."""
    protocol: str
    name: str
    rrtype: str


class StubUpstream:
    """One resolver at several addresses."""

    def __init__(
        self, places: Iterable[tuple[str, int]], records: Mapping[tuple[str, str], tuple[str, ...]]
    ) -> None:
        """Listen; the sockets belong to the network namespace the calling thread is in.

        Args:
            places: addresses and ports.
            records: by owner and type, in presentation format; TTL 300.
        """
        self.asked: list[Asked] = []
        self._records = records
        self._sockets = ExitStack()
        for address, port in places:
            datagrams = self._sockets.enter_context(
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            )
            datagrams.bind((address, port))
            stream = self._sockets.enter_context(socket.create_server((address, port)))
            self._start(self._answer_datagrams, datagrams, address)
            self._start(self._accept, stream, address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sockets.close()

    def questions(self, name: str) -> list[Asked]:
        """Return what was asked about `name` so far."""
        return [asked for asked in self.asked if asked.name == name.lower()]

    def _start(
        self, serve: Callable[[socket.socket, str], None], one: socket.socket, at: str
    ) -> None:
        Thread(target=serve, args=(one, at), daemon=True).start()

    def _answer_datagrams(self, datagrams: socket.socket, address: str) -> None:
        with suppress(OSError):  # closed
            while True:
                packet, client = datagrams.recvfrom(4096)
                response = self._answer(packet, address, "udp")
                datagrams.sendto(response.to_wire(max_size=1232), client)

    def _accept(self, listening: socket.socket, address: str) -> None:
        with suppress(OSError):  # closed
            while True:
                stream, _ = listening.accept()
                self._start(self._answer_stream, stream, address)

    def _answer_stream(self, stream: socket.socket, address: str) -> None:
        with stream, suppress(OSError), stream.makefile("rb") as octets:
            while size := octets.read(2):
                response = self._answer(octets.read(int.from_bytes(size)), address, "tcp")
                wire = response.to_wire()
                stream.sendall(len(wire).to_bytes(2) + wire)

    def _answer(self, packet: bytes, address: str, protocol: str) -> dns.message.Message:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name, rrtype = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(Asked(address, protocol, name, rrtype))
        response = dns.message.make_response(query, recursion_available=True)
        found = self._records.get((name, rrtype))
        if found:
            response.answer = [dns.rrset.from_text(question.name, 300, "IN", rrtype, *found)]
        else:
            response.authority = [dns.rrset.from_text(".", 30, "IN", "SOA", _SOA)]
            if not any(owner == name for owner, _ in self._records):
                response.set_rcode(dns.rcode.NXDOMAIN)
        return response
