"""Whether a server answers what the world says: a wrong answer is not fast.

dnspython reads the responses, so no code of svcdns judges svcdns.
"""

import contextlib
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from tests.bench.questions import MIX, Query
from tests.bench.world import World, records

Transport = Literal["udp", "tcp"]

_TIMEOUT_SECONDS = 1.0


class Truth:
    """The right answer to every question of a workload."""

    def __init__(self, world: World) -> None:
        known: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for record in records(world):
            known[record.owner, record.rrtype].add(record.rdata)
        self._known: Mapping[tuple[str, str], set[str]] = dict(known)

    def complaint(self, query: Query, response: dns.message.Message, *, edns: bool) -> str:
        """Return what is wrong with a response in a sentence, or nothing."""
        rcode = dns.rcode.to_text(response.rcode())
        if rcode != query.rcode:
            wrong = f"{rcode} instead of {query.rcode}"
        elif not response.flags & dns.flags.AA:
            wrong = "not authoritative"
        elif (response.edns >= 0) != edns:
            wrong = "OPT is missing" if edns else "OPT came unasked"
        else:
            wrong = self._wrong_content(query, response, edns=edns)
        return f"{query.owner} {query.rrtype}: {wrong}" if wrong else ""

    def _wrong_content(self, query: Query, response: dns.message.Message, *, edns: bool) -> str:
        given = {
            rdata.to_text()
            for rrset in response.answer
            if dns.rdatatype.to_text(rrset.rdtype) == query.rrtype
            for rdata in rrset
        }
        right = self._known.get((query.owner, query.rrtype), set())
        if response.flags & dns.flags.TC and given < right and not edns:
            return ""  # what does not fit in 512 octets is cut off, and where is a server's choice
        if given != right:
            return f"{_listed(given)} instead of {_listed(right)}"
        if not right and not any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority):
            return "a negative response without SOA"
        return ""


def _listed(rdata: Iterable[str]) -> str:
    first, *others = sorted(rdata) or ["nothing"]
    return f"{first} and {len(others)} more" if others else first


def sample(queries: Iterable[Query], *, per_kind: int) -> list[Query]:
    """Return the first different queries of each kind."""
    by_kind: dict[str, dict[Query, None]] = {kind: {} for kind in MIX}
    for query in queries:
        by_kind[query.kind][query] = None
    return [query for kind in by_kind.values() for query in islice(kind, per_kind)]


def complaints(port: int, truth: Truth, queries: Sequence[Query]) -> Iterator[str]:
    """Ask one server every query over UDP, with EDNS and over TCP; yield what is wrong."""
    ways: tuple[tuple[Transport, bool], ...] = (("udp", False), ("udp", True), ("tcp", False))
    for transport, edns in ways:
        for query in queries:
            wrong = ask(port, truth, query, transport=transport, edns=edns)
            if wrong:
                yield f"{wrong} ({transport}{', EDNS' if edns else ''})"


def ask(port: int, truth: Truth, query: Query, *, transport: Transport, edns: bool) -> str:
    """Ask a server of 127.0.0.1 one query; return what is wrong with its answer, or nothing."""
    try:
        octets = exchange(port, query.wire(edns=edns), transport)
        response = dns.message.from_wire(octets)
    except (OSError, dns.exception.DNSException) as error:
        return f"{query.owner} {query.rrtype}: {error or type(error).__name__}"
    return truth.complaint(query, response, edns=edns)


def exchange(port: int, message: bytes, transport: Transport) -> bytes:
    """Return the response to one message.

    Raises:
        OSError: refused, or none came in time.
    """
    if transport == "udp":
        with socket.socket(type=socket.SOCK_DGRAM) as datagram:
            datagram.settimeout(_TIMEOUT_SECONDS)
            # Connected, so that a closed port is told at once.
            datagram.connect(("127.0.0.1", port))
            datagram.send(message)
            return datagram.recv(65535)
    with (
        contextlib.closing(
            socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
        ) as stream,
        stream.makefile("rb") as incoming,
    ):
        stream.sendall(len(message).to_bytes(2) + message)
        return incoming.read(int.from_bytes(incoming.read(2)))
