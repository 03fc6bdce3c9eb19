"""One `template` stanza at work: whom it is for, and what it answers.

The stanza is read in `plugins.template`; how templates are rendered is `answers.go_template`'s
business, how records are read `wire.zone_text`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_template import Fields, Kind, ListOf, MapOf, Method, Struct, Template
from svcdns.route.patterns import Pattern
from svcdns.route.stages import Client, MetadataStep
from svcdns.wire.codes import AA, AD, CD, RA, RD, TC, RRClass, RRType, Z, class_text, type_text
from svcdns.wire.name import OwnerName, is_within, to_text
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_text import record_of

_QUESTION = Fields({"Name": Kind.TEXT, "Qtype": Kind.NUMBER, "Qclass": Kind.NUMBER})
_BITS = {
    "Authoritative": AA,
    "Truncated": TC,
    "RecursionDesired": RD,
    "RecursionAvailable": RA,
    "Zero": Z,
    "AuthenticatedData": AD,
    "CheckingDisabled": CD,
}
WHOLE = Fields(
    {
        "Name": Kind.TEXT,
        "Zone": Kind.TEXT,
        "Type": Kind.TEXT,
        "Class": Kind.TEXT,
        "Match": ListOf(),
        "Group": MapOf(),
        "Regex": Kind.TEXT,
        "Remote": Kind.TEXT,
        "Meta": Method(),
        "Question": _QUESTION,
        "Message": Fields(
            {
                "Id": Kind.NUMBER,
                "Opcode": Kind.NUMBER,
                "Rcode": Kind.NUMBER,
                "Response": Kind.TRUTH,
                **dict.fromkeys(_BITS, Kind.TRUTH),
                "Question": ListOf(_QUESTION),
            }
        ),
    }
)
"""What `.` has in a template."""

_NOT_OF_THE_QUESTION = frozenset({"Remote", "Meta", "Message", "Question"})
"""What differs between two who ask the same; `.Question` has the letter case of one of them."""


class Labels(NamedTuple):
    """What metrics say of a question that a template matched."""

    zone: str
    rrclass: str
    rrtype: str


class RecordError(Exception):
    """A template failed, or what it made is no record."""

    def __init__(self, section: str, template: str, problem: str, *, rendered: bool) -> None:
        super().__init__(problem)
        self.section = section
        self.template = template
        self.problem = problem
        self.rendered = rendered
        """The template did its work."""


class Sections(NamedTuple):
    """The records of an answer."""

    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One stanza."""

    place: str
    """Where it stands: `Corefile:7`."""
    rrclass: int
    rrtype: int
    zones: tuple[OwnerName, ...]
    """In lower case."""
    patterns: tuple[Pattern, ...] = ()
    """None: every name matches."""
    answer: tuple[Template, ...] = ()
    authority: tuple[Template, ...] = ()
    additional: tuple[Template, ...] = ()
    rcode: int = 0
    error: tuple[int, str] | None = None
    """INFO-CODE and EXTRA-TEXT of the Extended DNS Error."""
    fallthrough: tuple[OwnerName, ...] = ()
    """Names that no pattern matches are passed on below these."""

    def zone_for(self, query: Query) -> OwnerName | None:
        """Return the zone whose name, class and type `query` has; None: it is not for this."""
        question = query.question
        if self.rrclass not in (question.rrclass, RRClass.ANY) and question.rrclass != RRClass.ANY:
            return None
        if self.rrtype not in (question.rrtype, RRType.ANY) and question.rrtype != RRType.ANY:
            return None
        within = [zone for zone in self.zones if is_within(question.owner, zone)]
        return max(within, key=len, default=None)

    def match(self, name: str) -> tuple[Pattern | None, tuple[str, ...]] | None:
        """Return the first pattern that matches, and its groups; None if none does."""
        if not self.patterns:
            return None, (name,)
        for pattern in self.patterns:
            groups = pattern.groups(name)
            if groups is not None:
                return pattern, groups
        return None

    def passes_on(self, owner: OwnerName) -> bool:
        """Return whether a name that no pattern matches is for others."""
        return any(is_within(owner, zone) for zone in self.fallthrough)

    def labels(self, query: Query, zone: OwnerName) -> Labels:
        """Return what metrics say of `query`; other types than those with a name have none."""
        rrclass, rrtype = query.question.rrclass, query.question.rrtype
        kind = type_text(self.rrtype if rrtype == RRType.ANY else rrtype)
        return Labels(
            to_text(zone),
            class_text(self.rrclass if rrclass == RRClass.ANY else rrclass),
            "" if kind.startswith("TYPE") else kind,
        )

    @property
    def is_constant(self) -> bool:
        """Whether every answer is alike."""
        return all(template.is_constant for _, template in self.templates)

    @property
    def templates(self) -> tuple[tuple[str, Template], ...]:
        """Every template with the section it is for."""
        sections = ("answer", self.answer), ("authority", self.authority)
        last = ("additional", self.additional)
        return tuple((name, one) for name, templates in (*sections, last) for one in templates)

    @property
    def depends_on_question_alone(self) -> bool:
        """Whether all who ask one question, in whatever letter case, get one answer."""
        paths = chain.from_iterable(one.paths for _, one in self.templates)
        return not any(path[0] in _NOT_OF_THE_QUESTION for path in paths)

    def records(self, values: Struct) -> Sections:
        """Return the records for one question.

        Raises:
            RecordError: there is something that is none.
        """
        return Sections(
            _records("answer", self.answer, values),
            _records("authority", self.authority, values),
            _records("additional", self.additional, values),
        )


def _records(section: str, templates: tuple[Template, ...], values: Struct) -> tuple[RRset, ...]:
    found: list[RRset] = []
    for template in templates:
        try:
            text = template.render(values)
            rrset = record_of(text) if text.strip() else None
        except TemplateError as error:
            raise RecordError(section, template.text, str(error), rendered=False) from None
        except ValueError as error:
            problem = f"'{text.strip()[:120]}' is not a record: {error}"
            raise RecordError(section, template.text, problem, rendered=True) from None
        if rrset is not None:
            _add(found, rrset)
    return tuple(found)


def _add(found: list[RRset], rrset: RRset) -> None:
    """Put a record behind the others, into the set of the last one if it belongs there."""
    if found:
        last = found[-1]
        same = (last.owner, last.rrtype, last.ttl, last.rrclass)
        merges = rrset.rrtype != RRType.CNAME  # each is followed by what it leads to
        if merges and same == (rrset.owner, rrset.rrtype, rrset.ttl, rrset.rrclass):
            records = (*last.records, *rrset.records)
            found[-1] = RRset(last.owner, last.rrtype, last.ttl, records, last.rrclass)
            return
    found.append(rrset)


def values_of(
    query: Query,
    client: Client,
    labels: Labels,
    matched: tuple[Pattern | None, tuple[str, ...]],
    metadata: Sequence[MetadataStep],
) -> Struct:
    """Return what `.` is for one question."""
    pattern, groups = matched
    by_name: dict[str, str] = {str(number): text for number, text in enumerate(groups)}
    if pattern is not None:
        by_name |= {name: groups[number] for name, number in pattern.group_names.items()}
    question, flags = query.question, query.flags
    asked = Struct(
        {
            "Name": to_text(OwnerName(question.octets[:-4])),
            "Qtype": question.rrtype,
            "Qclass": question.rrclass,
        }
    )
    message = {
        "Id": query.id,
        "Opcode": query.opcode,
        "Rcode": 0,
        "Response": False,
        **{name: bool(flags & bit) for name, bit in _BITS.items()},
        "Question": (asked,),
    }

    def meta(label: str) -> str:
        found: dict[str, str] = {}
        for step in metadata:
            found.update(step(query, client))
        return found.get(label, "")

    return Struct(
        {
            "Name": to_text(question.owner),
            "Zone": labels.zone,
            "Type": labels.rrtype,
            "Class": labels.rrclass,
            "Match": groups,
            "Group": by_name,
            "Regex": ".*" if pattern is None else pattern.text,
            "Remote": client.address,
            "Meta": meta,
            "Question": asked,
            "Message": Struct(message),
        }
    )
