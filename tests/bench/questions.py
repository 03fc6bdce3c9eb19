"""What clients of the world ask: 200,000 queries whose names follow Zipf's law.

The mix is that of a cluster whose resolvers walk their search list: two of three queries find
an address, the others an absent AAAA, an absent name, a port, a headless Service, an address's
name. The right rcode of every query is known here, so a run can be judged from its rcode totals.
"""

import struct
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from tests.bench.world import ZONE, Service, World, reverse

COUNT = 200_000

MIX = {
    "A": 0.60,
    "AAAA": 0.15,
    "search list": 0.10,
    "SRV": 0.05,
    "HTTPS": 0.03,
    "headless A": 0.03,
    "headless AAAA": 0.02,
    "PTR": 0.02,
}
"""Share of each kind of query; search-list names are the ones that do not exist."""

_FOREIGN = (
    "api.github.com",
    "hooks.slack.com",
    "login.microsoftonline.com",
    "status.example.net",
    "packages.example.net",
    "s3.amazonaws.com",
    "storage.googleapis.com",
    "www.example.com",
)
_TYPES = {"A": 1, "PTR": 12, "AAAA": 28, "SRV": 33, "HTTPS": 65}
_RECURSION_DESIRED = 0x0100
_OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"  # root, OPT, 1232 octets, nothing else: RFC 6891

_T = TypeVar("_T")


class Query(NamedTuple):
    """One question and what is right about it."""

    kind: str
    owner: str
    rrtype: str
    rcode: str

    def wire(self, *, edns: bool) -> bytes:
        """Return the message, id zero; with `edns` it ends in a bare OPT."""
        labels = [label.encode() for label in self.owner.rstrip(".").split(".")]
        return b"".join(
            (
                struct.pack("!6H", 0, _RECURSION_DESIRED, 1, 0, 0, 1 if edns else 0),
                *(bytes([len(label)]) + label for label in labels),
                struct.pack("!BHH", 0, _TYPES[self.rrtype], 1),
                _OPT if edns else b"",
            )
        )


class Popularity:
    """Draws from a sequence so that the n-th item comes 1/n times as often as the first."""

    def __init__(self, count: int, rng: Random) -> None:
        self._sums = list(accumulate(1 / rank for rank in range(1, count + 1)))
        self._random = rng.random

    def draw(self, items: Sequence[_T]) -> _T:
        """Return one item of at most as many as the law was made for."""
        return items[bisect(self._sums, self._random() * self._sums[len(items) - 1])]


def workload(world: World, *, count: int = COUNT, seed: int = 2) -> list[Query]:
    """Return `count` queries; equal arguments give equal queries.

    The shares of `MIX` are exact; which name is popular has nothing to do with its place.
    """
    rng = Random(seed)  # noqa: S311  # a reproducible workload, nothing to guess
    popularity = Popularity(len(world.services), rng)
    services = rng.sample(world.services, k=len(world.services))
    virtual = [service for service in services if service.address]
    headless = [service for service in services if not service.address]

    def absent() -> Query:
        target, asker = popularity.draw(services), rng.choice(world.namespaces)
        relative = rng.choice((f"{target.name}.{target.namespace}", rng.choice(_FOREIGN)))
        if relative in _FOREIGN:
            domain = rng.choice((f"{asker}.svc.", "svc.", ""))
        else:  # a name of this cluster is found by the second entry of the search list
            domain = f"{asker}.svc."
        rrtype = rng.choice(("A", "AAAA"))
        return Query("search list", f"{relative}.{domain}{ZONE}", rrtype, "NXDOMAIN")

    def found(kind: str, owner: str, rrtype: str) -> Query:
        return Query(kind, owner, rrtype, "NOERROR")

    def address_type(rrtype: str, kind: str, among: Sequence[Service]) -> Callable[[], Query]:
        return lambda: found(kind, popularity.draw(among).owner, rrtype)

    def port() -> Query:
        service = popularity.draw(services)
        port = rng.choice(service.ports)
        return found("SRV", f"_{port.name}._{port.protocol.lower()}.{service.owner}", "SRV")

    def address() -> Query:
        service = popularity.draw(services)
        known = service.address or rng.choice(service.ready).address
        return found("PTR", reverse(known), "PTR")

    makers: dict[str, Callable[[], Query]] = {
        "A": address_type("A", "A", virtual),
        "AAAA": address_type("AAAA", "AAAA", virtual),
        "search list": absent,
        "SRV": port,
        "HTTPS": address_type("HTTPS", "HTTPS", virtual),
        "headless A": address_type("A", "headless A", headless),
        "headless AAAA": address_type("AAAA", "headless AAAA", headless),
        "PTR": address,
    }
    kinds = [kind for kind, share in MIX.items() for _ in range(round(share * count))]
    rng.shuffle(kinds)
    return [makers[kind]() for kind in kinds]


def write_queries(queries: Iterable[Query], path: Path, *, edns_share: float) -> None:
    """Write the messages, each behind its length in two octets, as on a DNS stream.

    `edns_share` of them carry an OPT, spread evenly. Source: RFC 1035 section 4.2.2.
    """
    with path.open("wb") as file:
        owed = 0.0
        for query in queries:
            owed += edns_share
            edns = owed >= 1
            owed -= edns
            message = query.wire(edns=edns)
            file.write(len(message).to_bytes(2) + message)


class Expected:
    """How many of the first n queries of a workload, sent round and round, have which rcode."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._absent = list(accumulate((query.rcode == "NXDOMAIN" for query in queries), initial=0))

    @property
    def length(self) -> int:
        """How many queries the workload has."""
        return len(self._absent) - 1

    def totals(self, sent: int) -> Counter[str]:
        """Return the right rcode totals of the first `sent` queries."""
        rounds, rest = divmod(sent, len(self._absent) - 1)
        absent = rounds * self._absent[-1] + self._absent[rest]
        return Counter({"NOERROR": sent - absent, "NXDOMAIN": absent})
