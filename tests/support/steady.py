"""A client that asks the same questions all the time, and what became of each.

Like a stub resolver it asks a second time when no response comes, and it counts that.
"""

import socket
import time
from collections import Counter
from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, Self

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.support.namespaces import Network

_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.01
_BEFORE_THE_SECOND_SECONDS = 0.2


class Outcome(NamedTuple):
    """What became of one query."""

    name: str
    way: str
    """`udp`, `tcp`, or `flow`: over UDP from one port, always the same."""
    said: tuple[str, ...] | str
    """Addresses, sorted; the RCODE if it is another one than NOERROR; or the error."""
    first: str = ""
    """Why it asked a second time, if it did."""


class Steady:
    """One client; it asks as long as the block lasts."""

    def __init__(self, network: Network, server: str, names: Sequence[str]) -> None:
        """Prepare it.

        Args:
            network: where the client is.
            server: address, at port 53.
            names: to ask for, in turn.
        """
        self.outcomes: list[Outcome] = []
        self._network = network
        self._server = server
        self._names = names
        self._is_over = Event()
        self._thread = Thread(target=self._ask_all)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def tally(self) -> Counter[Outcome]:
        """Return how often each outcome came."""
        return Counter(self.outcomes)

    def _ask_all(self) -> None:
        with self._network.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
            flow.setblocking(False)
            while not self._is_over.is_set():
                for name in self._names:
                    for way in ("udp", "tcp", "flow"):
                        self.outcomes.append(self._ask_twice(name, way, flow))
                        time.sleep(_PAUSE_SECONDS)

    def _ask_twice(self, name: str, way: str, flow: socket.socket) -> Outcome:
        first = ""
        while True:
            try:
                return Outcome(name, way, self._ask(name, way, flow), first)
            except (dns.exception.DNSException, OSError, EOFError) as error:
                said = f"{type(error).__name__}: {error}"
            if first:
                return Outcome(name, way, said, first)
            first = said
            time.sleep(_BEFORE_THE_SECOND_SECONDS)

    def _ask(self, name: str, way: str, flow: socket.socket) -> tuple[str, ...] | str:
        query = dns.message.make_query(name, "A", use_edns=0, payload=1232)
        if way == "tcp":
            response = dns.query.tcp(query, self._server, timeout=_PATIENCE_SECONDS)
        else:
            response = dns.query.udp(
                query,
                self._server,
                timeout=_PATIENCE_SECONDS,
                sock=flow if way == "flow" else None,
                ignore_unexpected=True,
                ignore_errors=True,
            )
        if response.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(response.rcode())
        records = (record for rrset in response.answer for record in rrset)
        return tuple(sorted(str(record) for record in records))
