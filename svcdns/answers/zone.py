"""A zone in memory: from a question to its answer, with delegations, wildcards and aliases.

The records come from anywhere; whether a name that does not exist is passed on, and when a
zone is replaced, is its owner's business. A zone never changes: a new version is a new one.

Source: RFC 1034 section 4.3.2; RFC 4592 (wildcards); RFC 6672 (DNAME); RFC 2308 section 3
(SOA of negative answers); RFC 8020 (names above others exist).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from struct import Struct
from typing import NamedTuple

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.chase import Ask
from svcdns.answers.foreign import Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.wire.codes import RCode, RRClass, RRType, type_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import MAX_NAME, ROOT, OwnerName, is_within, lower, parents, to_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, cname

MAX_LINKS = 10
"""Aliases in a row within one zone."""

_NS, _SOA, _CNAME, _DNAME, _DS = map(
    int, (RRType.NS, RRType.SOA, RRType.CNAME, RRType.DNAME, RRType.DS)
)
_TRANSFERS = frozenset(map(int, (RRType.AXFR, RRType.IXFR)))
_OF_EACH_ZONE = frozenset({_SOA, _NS, *_TRANSFERS})
_KNOWN_OUTCOMES = (RCode.NOERROR, RCode.NXDOMAIN, RCode.SERVFAIL)
_ADDRESSES = (int(RRType.A), int(RRType.AAAA))
_TARGET_AT = {_NS: 0, int(RRType.MX): 2, int(RRType.SRV): 6}
"""Octets of RDATA before the name whose addresses are of use too."""
_WILDCARD = b"\x01*"
_FIXED = Struct("!HHIH")
_HEADER, _TYPE_AND_CLASS = 12, 4
_POINTER_BITS = 0xC000
_NOTHING: dict[int, RRset] = {}


def _never(_: OwnerName) -> bool:
    return False


class Found(NamedTuple):
    """What a zone has at one name."""

    rrsets: dict[int, RRset] | None
    """By type; None: the name does not exist."""
    cut: RRset | None = None
    """NS records of the delegation it is at or below."""
    redirection: RRset | None = None
    """The DNAME record it is below."""


class Zone:
    """The records of one zone. Implements `answers.answer.Authority`."""

    def __init__(self, name: OwnerName, records: Iterable[RRset]) -> None:
        """Take in the records of a zone.

        Args:
            name: in lower case.
            records: RRsets or single records, in any order. Those outside the zone are left
                out, duplicates are dropped, and of several TTLs in a set the lowest counts.

        Raises:
            ValueError: there is not exactly one SOA record, or it is not at the zone's name.
        """
        self.name = name
        self._depth = sum(1 for _ in parents(name)) - 1
        """Names above the zone's, the root included."""
        self.outside = 0
        """Records that were left out because they are not of this zone."""
        self._nodes: dict[OwnerName, dict[int, RRset]] = {}
        for rrset in records:
            owner = lower(rrset.owner)
            if is_within(owner, name):
                self._add(replace(rrset, owner=owner))
            else:
                self.outside += 1
        self.soa = self._the_soa()
        self.serial = int.from_bytes(self.soa.records[0][-20:-16])
        self._name_servers = self._apex.get(_NS)
        minimum = int.from_bytes(self.soa.records[0][-4:])
        self._negative_soa = replace(self.soa, ttl=min(self.soa.ttl, minimum))

    def __len__(self) -> int:
        """Records in the zone."""
        return sum(len(rrset.records) for node in self._nodes.values() for rrset in node.values())

    @property
    def _apex(self) -> dict[int, RRset]:
        return self._nodes.get(self.name, _NOTHING)

    def _add(self, rrset: RRset) -> None:
        for above in parents(rrset.owner):
            if above in self._nodes:
                break
            self._nodes[above] = {}  # a name above others exists without records
            if above == self.name:
                break
        node = self._nodes[rrset.owner]
        before = node.get(rrset.rrtype)
        if before is not None:
            records = tuple(dict.fromkeys((*before.records, *rrset.records)))
            rrset = replace(before, records=records, ttl=min(before.ttl, rrset.ttl))
        node[rrset.rrtype] = rrset

    def _the_soa(self) -> RRset:
        owners = [owner for owner, node in self._nodes.items() if _SOA in node]
        if not owners:
            raise ValueError(f"there is no SOA record for {to_text(self.name)}")
        if owners != [self.name] or len(self._apex[_SOA].records) > 1:
            places = ", ".join(map(to_text, owners))
            raise ValueError(
                f"a zone has one SOA record, at its name {to_text(self.name)}; found at: {places}"
            )
        return self._apex[_SOA]

    def rrsets(self) -> Iterator[RRset]:
        """Yield all RRsets, the SOA first."""
        yield self.soa
        for node in self._nodes.values():
            yield from (rrset for rrset in node.values() if rrset is not self.soa)

    def has_nothing_for(self, owner: OwnerName, rrtype: int) -> bool:
        """Return whether no record is at a name in lower case, though some may be below it."""
        # SOA and NS are in each zone; one with nothing else there may lie over another's.
        if owner == self.name:
            return rrtype not in _OF_EACH_ZONE and self._apex.keys() <= _OF_EACH_ZONE
        found = self._at(owner, 0)
        return not found.rrsets and found.cut is None and found.redirection is None

    def authority_at(self, question_length: int) -> bytes:
        """Return the SOA record in wire form, for the authority section of a response.

        Args:
            question_length: octets of the question section; its name ends in the zone's.
        """
        owner = b"\0"
        if self.name != ROOT:
            offset = _HEADER + question_length - _TYPE_AND_CLASS - len(self.name)
            owner = (_POINTER_BITS | offset).to_bytes(2)
        soa = self._negative_soa
        rdata = soa.records[0]
        return owner + _FIXED.pack(_SOA, RRClass.IN, soa.ttl, len(rdata)) + rdata

    def find(
        self,
        question: Question,
        ask: Ask,
        passes_on: Callable[[OwnerName], bool] = _never,
    ) -> Answer | Later[Answer]:
        """Return the answer; later where an alias leads to a name that others know.

        Args:
            question: about a name in the zone, of class IN.
            ask: answers what aliases point to outside the zone.
            passes_on: whether others are asked about a target in the zone that has no records.
        """
        owner, rrtype = question.owner, question.rrtype
        if rrtype in _TRANSFERS:
            why = Reason(InfoCode.NOT_SUPPORTED, _transfer_refused, (self.name,))
            return Answer(RCode.REFUSED, authoritative=False, reason=why, written_by="file")
        links: list[RRset] = []
        passed = {owner}
        while is_within(owner, self.name):
            found = self._at(owner, rrtype)
            if links and passes_on(owner) and self.has_nothing_for(owner, rrtype):
                break
            if found.cut is not None:
                return self._referral(found.cut, links)
            link = _link(found, owner, rrtype)
            if not link:
                return self._end(owner, rrtype, found.rrsets, links)
            links += link
            owner = lower(OwnerName(link[-1].records[0]))
            if link[-1].rrtype != _CNAME:
                why = Reason(InfoCode.OTHER, _too_long, (link[-1].owner,))
                return self._answer(RCode.YXDOMAIN, links, reason=why)
            is_endless = owner in passed or len(passed) >= MAX_LINKS
            if is_endless or rrtype == _CNAME:  # made of a DNAME, it is what was asked for
                endless = Reason(InfoCode.OTHER, _endless, (question.owner, owner))
                return self._answer(
                    RCode.NOERROR,
                    links,
                    authority_records=self._ns(),
                    reason=None if rrtype == _CNAME else endless,
                )
            passed.add(owner)
        outcome = ask(Question.of(owner, rrtype))
        return then(outcome, lambda there: self._joined(links, there))

    def _at(self, owner: OwnerName, rrtype: int) -> Found:
        """Return what there is at a name in the zone, as seen from above."""
        nodes = self._nodes
        names = list(parents(owner))
        encloser = self.name
        for name in reversed(names[: len(names) - self._depth]):
            node = nodes.get(name)
            if node is None:
                wildcard = nodes.get(OwnerName(_WILDCARD + encloser))
                return Found(None if wildcard is None else _moved(wildcard, owner))
            cut = node.get(_NS)
            if cut is not None and name != self.name and not (rrtype == _DS and name == owner):
                return Found(node, cut=cut)
            if _DNAME in node and name != owner:
                return Found(node, redirection=node[_DNAME])
            encloser = name
        return Found(nodes[owner])

    def _end(
        self, owner: OwnerName, rrtype: int, node: dict[int, RRset] | None, links: list[RRset]
    ) -> Answer:
        """Return the answer of the name at which all aliases end."""
        rrset = node.get(rrtype) if node is not None else None
        if rrset is not None:
            is_apex_ns = rrset is self._name_servers
            return self._answer(
                RCode.NOERROR,
                [*links, rrset],
                authority_records=() if is_apex_ns else self._ns(),
                additional=self._addresses_of(rrset),
            )
        rcode = RCode.NXDOMAIN if node is None else RCode.NOERROR
        why = Reason(InfoCode.OTHER, _missing, (self.name, owner, rrtype, node is not None))
        if links:
            soa = (self._negative_soa,)
            return self._answer(rcode, links, authority_records=soa, reason=why)
        return Answer(rcode, authority=self, reason=why, depends_on=(), written_by="file")

    def _referral(self, cut: RRset, links: list[RRset]) -> Answer:
        answer = self._answer(
            RCode.NOERROR,
            links,
            authority_records=(cut,),
            additional=self._addresses_of(cut),
        )
        return replace(answer, authoritative=bool(links))

    def _joined(self, links: list[RRset], there: Outcome | None) -> Answer:
        """Return aliases of this zone with what others say about the name they lead to."""
        if there is None:
            return self._answer(RCode.NOERROR, links, authority_records=self._ns())
        target = opened(there)
        # Who has no more to say than REFUSED does not make the alias wrong: the client goes on.
        rcode = target.rcode if target.rcode in _KNOWN_OUTCOMES else RCode.NOERROR
        is_denial = not target.answer and target.rcode in (RCode.NOERROR, RCode.NXDOMAIN)
        answer = self._answer(
            rcode,
            [*links, *target.answer],
            authority_records=(self._negative_soa,) if is_denial else self._ns(),
            reason=target.reason,
        )
        return replace(answer, depends_on=target.depends_on)

    def _answer(
        self,
        rcode: RCode,
        answer: list[RRset],
        *,
        authority_records: tuple[RRset, ...] = (),
        additional: tuple[RRset, ...] = (),
        reason: Reason | None = None,
    ) -> Answer:
        return Answer(
            rcode,
            answer=tuple(answer),
            additional=additional,
            reason=reason,
            depends_on=(),
            written_by="file",
            authority_records=authority_records,
        )

    def _ns(self) -> tuple[RRset, ...]:
        return () if self._name_servers is None else (self._name_servers,)

    def _addresses_of(self, rrset: RRset) -> tuple[RRset, ...]:
        """Return the addresses of the names that an NS, MX or SRV set points to."""
        start = _TARGET_AT.get(rrset.rrtype)
        if start is None:
            return ()
        targets = dict.fromkeys(lower(OwnerName(record[start:])) for record in rrset.records)
        nodes = (self._nodes.get(target, _NOTHING) for target in targets)
        return tuple(node[rrtype] for node in nodes for rrtype in _ADDRESSES if rrtype in node)


def _moved(node: dict[int, RRset], owner: OwnerName) -> dict[int, RRset]:
    """Return what a wildcard stands for at `owner` (RFC 4592 section 3.3.3)."""
    return {rrtype: replace(rrset, owner=owner) for rrtype, rrset in node.items()}


def _link(found: Found, owner: OwnerName, rrtype: int) -> list[RRset]:
    """Return the records that lead on from `owner`; the last one is a CNAME unless it cannot be.

    Source: RFC 1034 section 3.6.2; RFC 6672 section 3.2.
    """
    dname = found.redirection
    if dname is not None:
        target = owner[: -len(dname.owner)] + dname.records[0]
        if len(target) > MAX_NAME:
            return [dname]
        return [dname, cname(owner, dname.ttl, OwnerName(target))]
    alias = (found.rrsets or _NOTHING).get(_CNAME)
    return [alias] if alias is not None and rrtype != _CNAME else []


def _missing(zone: OwnerName, owner: OwnerName, rrtype: int, exists: object) -> str:
    name = to_text(owner).rstrip(".") or "the root"
    if not exists:
        return f"the zone {to_text(zone)} has no name {name}"
    return f"{name} exists in the zone {to_text(zone)}, but has no {type_text(rrtype)} record"


def _transfer_refused(zone: OwnerName) -> str:
    return f"no 'transfer' hands out the zone {to_text(zone)} here"


def _too_long(dname: OwnerName) -> str:
    return f"what the DNAME record at {to_text(dname)} makes of the name is over 255 octets"


def _endless(owner: OwnerName, target: OwnerName) -> str:
    return f"{to_text(owner)} leads to {to_text(target)}, and so on in a circle or too far"
