"""How long it takes from a change in the API server to the right answer on the wire.

A change begins to count when the API server has said that it is accepted, and no longer counts
when the response with it is here. A server that was told earlier than we were is asked once all
the same, so no figure is smaller than one exchange.
"""

import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address
from random import Random
from typing import Any, NamedTuple, Self

from tests.bench.plane import FIRST_ADDRESS, NAMESPACE, PROBE, probe_slice
from tests.bench.questions import Query
from tests.support.apiserver import ADMIN, HOST, ControlPlane

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = (0.02, 0.06)
_SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"


class StaleError(Exception):
    """The right answer never came."""


class Fresh(NamedTuple):
    """One change."""

    since_accepted: float
    """Seconds until the right answer was here."""
    since_sent: float
    """The same, from when the API server was asked for the change."""


class Writer:
    """Changes objects over one connection that stays open."""

    def __init__(self, plane: ControlPlane) -> None:
        self._connection = http.client.HTTPSConnection(
            HOST, plane.port, timeout=_PATIENCE_SECONDS, context=plane.tls
        )
        self._connection.connect()

    def replace(self, path: str, document: Mapping[str, Any]) -> tuple[float, float]:
        """Replace an object; return when that was asked for and when it was accepted.

        `time.perf_counter` for both. Accepted is when the first octets of the response are here.

        Raises:
            OSError: the API server has refused it.
        """
        body = json.dumps(document).encode()
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {ADMIN}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        stream = self._connection.sock
        sent = time.perf_counter()
        stream.sendall(head.encode() + body)
        answer = stream.recv(1 << 16)
        accepted = time.perf_counter()
        self._rest = answer
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise OSError(answer.decode(errors="replace"))
        return sent, accepted

    def finish(self) -> None:
        """Read what is left of the last response."""
        head, _, body = self._rest.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        while len(body) < lengths[0]:
            body += self._connection.sock.recv(1 << 16)

    def close(self) -> None:
        self._connection.close()


class Asker:
    """Asks one server for the probe."""

    def __init__(self, port: int, owner: str = PROBE) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)
        self._socket.connect((HOST, port))
        self._query = Query("A", owner, "A", "NOERROR").wire(edns=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self) -> bytes:
        """Return one response; empty if none came within a second."""
        try:
            self._socket.send(self._query)
            return self._socket.recv(4096)
        except TimeoutError:
            return b""

    def address(self) -> int:
        """Return the only address of the probe, as a number; 0: there is none."""
        response = self.ask()
        return int.from_bytes(response[-4:]) if response[6:8] == b"\0\1" else 0

    def wait_for(self, address: int) -> float:
        """Return the `time.perf_counter` at which this address, or a later one, was answered.

        Raises:
            StaleError: it was not for long.
        """
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while self.address() < address:
            if time.perf_counter() > deadline:
                raise StaleError(f"{IPv4Address(address)} is not answered")
        return time.perf_counter()


class Changes:
    """Gives the probe one address after the other."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._writer = Writer(plane)
        self._next = FIRST_ADDRESS

    def connect(self) -> None:
        """Connect again, after the API server was restarted."""
        self._writer.close()
        self._writer = Writer(self._plane)

    @contextmanager
    def next(self) -> Iterator[tuple[int, float, float]]:
        """Give it the next one meanwhile: the address, when it was sent, when accepted."""
        address, self._next = self._next, self._next + 1
        document = {
            "apiVersion": "discovery.k8s.io/v1",
            **probe_slice(str(IPv4Address(address))),
        }
        yield address, *self._writer.replace(f"{_SLICES}/probe-1", document)
        self._writer.finish()


def measure(changes: Changes, port: int, count: int) -> list[Fresh]:
    """Change the probe so often, one change after the other, and wait for each at one server.

    Raises:
        OSError: the API server refuses a change.
        StaleError: one is not answered.
    """
    rng, found = Random(count), []  # noqa: S311  pauses
    with Asker(port) as asker:
        for _ in range(count):
            time.sleep(rng.uniform(*_PAUSE_SECONDS))
            with changes.next() as (address, sent, accepted):
                answered = asker.wait_for(address)
            found.append(Fresh(answered - accepted, answered - sent))
    return found
