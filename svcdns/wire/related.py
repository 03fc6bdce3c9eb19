"""Which records of a foreign answer have to do with its question; all others are left out.

Whoever answers for one name could add records of another, for us to believe and pass on. In
the answer section only what lies on the way from the question's name along CNAME and DNAME
counts, in the authority section what is above that way, in the additional section addresses
of servers that the others name.

Source: RFC 5452 section 6; RFC 2181 section 5.4.1; RFC 6672 section 2.2.
"""

from collections.abc import Iterator
from typing import NamedTuple

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName, is_within, lower
from svcdns.wire.records import MalformedMessageError, name_at
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset

_LONGEST_CHAIN = 32

_PROOFS = frozenset((RRType.NSEC, RRType.NSEC3, RRType.RRSIG))
"""Say nothing by themselves, whatever their owner."""
_GLUE = frozenset((RRType.A, RRType.AAAA, RRType.RRSIG, RRType.SVCB, RRType.HTTPS))
_TARGET_AT = {
    RRType.NS: 0,
    RRType.MX: 2,
    RRType.AFSDB: 2,
    RRType.KX: 2,
    RRType.SVCB: 2,
    RRType.HTTPS: 2,
    RRType.SRV: 6,
}
"""Octets of RDATA before the name of a server."""

Sections = tuple[tuple[RRset, ...], tuple[RRset, ...], tuple[RRset, ...]]


def related_only(owner: OwnerName, body: Body) -> Body:
    """Return `body` without the records that have nothing to do with `owner`.

    The octets stay as they are when there are none.

    Args:
        owner: the name that was asked for, in lower case.
        body: all that follows the question, without OPT.

    Raises:
        MalformedMessageError: the octets cannot be read.
    """
    sections = rrsets_of(owner, body)
    kept = _kept(owner, sections)
    return body if kept == sections else compose(owner, *kept)


class _Way(NamedTuple):
    """The names a question leads to, and the DNAMEs that were on the way."""

    names: tuple[OwnerName, ...]
    dnames: frozenset[OwnerName]

    def leads_below(self, name: OwnerName) -> bool:
        return any(is_within(passed, name) for passed in self.names)


def _kept(owner: OwnerName, sections: Sections) -> Sections:
    answer, authority, additional = sections
    way = _way(owner, answer)
    answer = tuple(
        rrset for rrset in answer if (name := lower(rrset.owner)) in way.names or name in way.dnames
    )
    authority = tuple(
        rrset
        for rrset in authority
        if rrset.rrtype in _PROOFS or way.leads_below(lower(rrset.owner))
    )
    servers = {*way.names, *_servers((*answer, *authority))}
    additional = tuple(
        rrset for rrset in additional if rrset.rrtype in _GLUE and lower(rrset.owner) in servers
    )
    return answer, authority, additional


def _way(owner: OwnerName, answer: tuple[RRset, ...]) -> _Way:
    aliases: dict[OwnerName, OwnerName] = {}
    redirected: set[OwnerName] = set()
    for rrset in answer:
        if rrset.rrtype == RRType.CNAME:
            aliases.setdefault(lower(rrset.owner), lower(OwnerName(rrset.records[0])))
        elif rrset.rrtype == RRType.DNAME:
            redirected.add(lower(rrset.owner))
    names = [owner]
    while (target := aliases.get(names[-1])) and len(names) < _LONGEST_CHAIN:
        if target in names:
            break
        names.append(target)
    passed = {name for name in redirected if any(is_within(step, name) for step in names)}
    return _Way(tuple(names), frozenset(passed))


def _servers(rrsets: tuple[RRset, ...]) -> Iterator[OwnerName]:
    for rrset in rrsets:
        before = _TARGET_AT.get(rrset.rrtype)  # type: ignore[call-overload]  # any number may come
        if before is None:
            continue
        for rdata in rrset.records:
            try:
                name, _ = name_at(rdata, before)
            except MalformedMessageError:
                continue
            yield lower(name)
