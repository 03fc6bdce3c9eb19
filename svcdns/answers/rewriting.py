"""What rules do to an answer on its way back: names, TTLs, the code, the target of a CNAME.

A question that was asked under another name has an answer about that name. Rules turn it into
one about the name the client knows, as far as they say so; the question section is always the
client's own and no business of this module.

Source: the directive `rewrite` of CoreDNS, as observed; RFC 3403 section 4 (NAPTR).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from svcdns.answers.answer import Answer, Authority, Reason
from svcdns.answers.name_rules import NewName, name_of
from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import OwnerName, is_within, to_text
from svcdns.wire.question import Question
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset

# Octets of RDATA before the name that is its value.
_BEFORE_VALUE: dict[int, int] = {
    RRType.CNAME: 0,
    RRType.DNAME: 0,
    RRType.NS: 0,
    RRType.PTR: 0,
    RRType.SOA: 0,
    RRType.MX: 2,
    RRType.SRV: 6,
}
_CNAME = int(RRType.CNAME)
_NAPTR = int(RRType.NAPTR)


@dataclass(frozen=True, slots=True)
class Owners:
    """Give records another owner."""

    new: NewName

    def of(self, rrset: RRset) -> RRset:
        """Return `rrset` after the change."""
        return replace(rrset, owner=_renamed(rrset.owner, self.new))


@dataclass(frozen=True, slots=True)
class Values:
    """Put other names into the RDATA of CNAME, DNAME, MX, NAPTR, NS, PTR, SOA and SRV."""

    new: NewName

    def of(self, rrset: RRset) -> RRset:
        """Return `rrset` after the change."""
        if rrset.rrtype not in _BEFORE_VALUE and rrset.rrtype != _NAPTR:
            return rrset
        records = tuple([_with_value(rrset.rrtype, record, self.new) for record in rrset.records])
        return replace(rrset, records=records)


@dataclass(frozen=True, slots=True)
class TTLs:
    """Bring TTLs into a range."""

    least: int
    most: int

    def of(self, rrset: RRset) -> RRset:
        """Return `rrset` after the change."""
        return replace(rrset, ttl=max(self.least, min(rrset.ttl, self.most)))


@dataclass(frozen=True, slots=True)
class Codes:
    """Give one code instead of another."""

    old: int
    new: int

    def of(self, rrset: RRset) -> RRset:
        """Return `rrset`: records have no code."""
        return rrset


@dataclass(frozen=True, slots=True)
class Targets:
    """Let a CNAME lead elsewhere; `new` gets its target in lower case."""

    new: NewName

    def of(self, rrset: RRset) -> RRset:
        """Return `rrset`: see `followed`."""
        return rrset


Change = Owners | Values | TTLs | Codes | Targets


class Asked(NamedTuple):
    """The question the client asked, and the one that was answered instead of it."""

    by_client: Question
    instead: Question

    @property
    def is_renamed(self) -> bool:
        """Whether the answer is about another name."""
        return self.by_client.owner != self.instead.owner


def changed(answer: Answer, asked: Asked, changes: Sequence[Change]) -> Answer:
    """Return `answer` as the client shall see it, but for its code and the targets of CNAMEs.

    Args:
        answer: to `asked.instead`.
        asked: both questions.
        changes: in the order of their rules; the last one is made first.

    Raises:
        InvalidNameError: a change made something that is no name.
    """
    of = partial(_changed, changes=changes)
    messages = answer.messages
    return replace(
        answer,
        answer=tuple(map(of, answer.answer)),
        authority_records=tuple(map(of, answer.authority_records)),
        additional=tuple(map(of, answer.additional)),
        authority=_authority(answer.authority, asked, changes),
        messages=None if messages is None else partial(_messages, messages, of),
        reason=_reason(answer, asked),
    )


def new_code(code: int, changes: Sequence[Change]) -> int:
    """Return what `changes`, made as in `changed`, make of a code."""
    for change in reversed(changes):
        if isinstance(change, Codes) and code == change.old:
            code = change.new
    return code


def followed(
    answer: Answer, changes: Sequence[Change]
) -> tuple[tuple[RRset, ...], OwnerName] | None:
    """Return the CNAMEs up to the first one that shall lead elsewhere, and where it leads.

    They have been changed already; what the new target has for records is to be put behind them.
    None: there is no such CNAME.

    Args:
        answer: before any change.
        changes: as for `changed`.

    Raises:
        InvalidNameError: a change made something that is no name.
    """
    links: list[RRset] = []
    if not any(isinstance(change, Targets) for change in changes):
        return None
    for rrset in answer.answer:
        if rrset.rrtype != _CNAME:
            continue
        link, target = _led(rrset, changes)
        links.append(link)
        if target is not None:
            return tuple(links), target
    return None


def _led(rrset: RRset, changes: Sequence[Change]) -> tuple[RRset, OwnerName | None]:
    """Return a CNAME after all changes, and its new target if it has one."""
    target: OwnerName | None = None
    for change in reversed(changes):
        if isinstance(change, Targets):
            new = change.new(to_text(OwnerName(rrset.records[0].lower())))
            if new is not None:
                target = name_of(new)
                rrset = replace(rrset, records=(target,))
        else:
            rrset = change.of(rrset)
    return rrset, target


def _changed(rrset: RRset, changes: Sequence[Change]) -> RRset:
    for change in reversed(changes):
        rrset = change.of(rrset)
    return rrset


def _messages(
    messages: Callable[[], Iterator[tuple[RRset, ...]]], of: Callable[[RRset], RRset]
) -> Iterator[tuple[RRset, ...]]:
    for rrsets in messages():
        yield tuple(map(of, rrsets))


def _renamed(name: OwnerName, new: NewName) -> OwnerName:
    text = new(to_text(name))
    return name if text is None else name_of(text)


def _with_value(rrtype: int, record: bytes, new: NewName) -> bytes:
    """Return RDATA with another name in it."""
    try:
        start = _naptr_value(record) if rrtype == _NAPTR else _BEFORE_VALUE[rrtype]
        end = start
        while record[end]:
            end += record[end] + 1
    except IndexError:
        return record  # whoever made it has to answer for it
    end += 1
    value = _renamed(OwnerName(record[start:end]), new)
    return record[:start] + value + record[end:]


def _naptr_value(record: bytes) -> int:
    start = 4
    for _ in range(3):
        start += record[start] + 1
    return start


def _reason(answer: Answer, asked: Asked) -> Reason | None:
    """Return why, and under which name it was asked: the client knows only its own.

    The text of a failure stays as it is, because operators have patterns for it.
    """
    reason = answer.reason
    if reason is None or not asked.is_renamed or answer.rcode == RCode.SERVFAIL:
        return reason
    return Reason(reason.code, _and_asked_as, (reason, asked.instead.owner))


def _and_asked_as(reason: Reason, owner: OwnerName) -> str:
    return f"{reason.text()}; asked as {to_text(owner)}"


def _authority(
    authority: Authority | None, asked: Asked, changes: Iterable[Change]
) -> Authority | None:
    """Return whose SOA the answer has, for a question of the client's."""
    if authority is None:
        return None
    records = tuple(change for change in changes if not isinstance(change, Codes | Targets))
    if not records and is_within(asked.by_client.owner, authority.name):
        return authority
    translated = _Translated(authority, asked, records)
    translated.authority_at(len(asked.by_client.octets))  # fails now or never
    return translated


class _Translated:
    """A zone as a question with another name sees it. Implements `answers.answer.Authority`."""

    __slots__ = ("_asked", "_changes", "_inner", "_octets", "_record", "name")

    def __init__(self, inner: Authority, asked: Asked, changes: Sequence[Change]) -> None:
        self.name = inner.name
        self._inner = inner
        self._asked = asked
        self._changes = changes
        self._octets = b""
        self._record = b""

    def authority_at(self, question_length: int) -> bytes:
        """Return the zone's SOA record in wire form, for the client's question and no other."""
        by_client, instead = self._asked
        assert question_length == len(by_client.octets), "an answer to another question"  # noqa: S101
        octets = self._inner.authority_at(len(instead.octets))
        if octets != self._octets:
            _, rrsets, _ = rrsets_of(instead.owner, Body((0, 1, 0), octets))
            made = [_changed(rrset, self._changes) for rrset in rrsets]
            self._record = compose(by_client.owner, authority=made).octets
            self._octets = octets
        return self._record
