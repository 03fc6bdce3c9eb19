"""Addresses of some networks before all others, those of one network taking turns.

Source: RFC 1794 (round robin); RFC 6724 section 10 (what a client makes of the order).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from svcdns.wire.codes import RRType
from svcdns.wire.rrset import RRset

Network = IPv4Network | IPv6Network
Rank = Callable[[bytes], int]
"""Packed address -> its place: 0 for the first network, the number of networks for none."""

_ADDRESSES = (RRType.A, RRType.AAAA)
_BEFORE: dict[int, int] = {RRType.CNAME: -2, RRType.A: -1, RRType.AAAA: -1, RRType.MX: 0}


def rank_of(networks: Iterable[Network]) -> Rank:
    """Return how addresses are ranked when `networks` are preferred in this order."""
    known = [
        (network.max_prefixlen // 8, int(network.netmask), int(network.network_address))
        for network in networks
    ]

    def rank(packed: bytes) -> int:
        number = int.from_bytes(packed)
        for place, (width, mask, start) in enumerate(known):
            if len(packed) == width and number & mask == start:
                return place
        return len(known)

    return rank


def preferred(rrsets: tuple[RRset, ...], rank: Rank, turn: int) -> tuple[RRset, ...]:
    """Return the RRsets of one section with the best addresses first.

    Aliases come before addresses, then mail exchanges, then the rest, as CoreDNS has them.

    Args:
        rrsets: of the section.
        rank: see `rank_of`; addresses of one rank take turns.
        turn: counted over all answers.
    """
    ranked: list[tuple[int, int, RRset]] = []
    for rrset in rrsets:
        if rrset.rrtype in _ADDRESSES:
            best, ordered = _by_rank(rrset, rank, turn)
            ranked.append((_BEFORE[RRType.A], best, ordered))
        else:
            ranked.append((_BEFORE.get(rrset.rrtype, 1), 0, rrset))
    return tuple(rrset for *_, rrset in sorted(ranked, key=_place))


def _place(ranked: tuple[int, int, RRset]) -> tuple[int, int]:
    return ranked[:2]


def _by_rank(rrset: RRset, rank: Rank, turn: int) -> tuple[int, RRset]:
    """Return the best rank in `rrset`, and it with its addresses in order."""
    groups: dict[int, list[bytes]] = {}
    for record in rrset.records:
        groups.setdefault(rank(record), []).append(record)
    records: list[bytes] = []
    for _, group in sorted(groups.items()):
        first = turn % len(group)
        records += group[first:]
        records += group[:first]
    return min(groups), replace(rrset, records=tuple(records))
