"""Rules that change a query before it is answered, and say what is done to its answer.

A rule is a value: `act` changes the query that is on its way and returns whether the rule was
meant for it. Rules act in their order; one that was meant is the last, unless it goes on.

How options of EDNS are set is in `route.query_options`.

Source: the directive `rewrite` of CoreDNS, as observed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from svcdns.answers.name_rules import NewName, Regex, Remapped, Resuffixed, Substring, name_of
from svcdns.answers.rewriting import Asked, Change, Owners, Values
from svcdns.route.errand import Reach
from svcdns.route.stages import Client
from svcdns.wire.codes import RRClass
from svcdns.wire.name import OwnerName, to_text
from svcdns.wire.question import Query, Question

Labels = Callable[[Query, Client], Mapping[str, str]]
"""The metadata of a query."""


class Passage:
    """One query on its way through the rules."""

    __slots__ = (
        "_labels",
        "_metadata",
        "changes",
        "client",
        "is_open",
        "name",
        "original",
        "query",
    )

    def __init__(self, query: Query, client: Client, labels: Labels) -> None:
        self.original = query
        self.query = query
        """As the rules have left it so far."""
        self.client = client
        self.name = to_text(query.question.owner)
        """The name that is asked for now: lower case, with the final dot."""
        self.changes: tuple[Change, ...] = ()
        """What is to be done to the answer, in the order of the rules: the last is made first."""
        self.is_open = False
        """Any number of names may have led to the one that is asked for now."""
        self._labels = labels
        self._metadata: Mapping[str, str] | None = None

    @property
    def asked(self) -> Asked:
        """Both questions."""
        return Asked(self.original.question, self.query.question)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Labels of the query as the client sent it."""
        if self._metadata is None:
            self._metadata = self._labels(self.original, self.client)
        return self._metadata

    def rename(self, text: str) -> None:
        """Ask for another name.

        Raises:
            InvalidNameError: it is none.
        """
        _, rrtype, rrclass, _ = self.query.question
        question = Question.of(name_of(text.lower()), rrtype, rrclass)
        self.query = self.query._replace(question=question)
        self.name = to_text(question.owner)

    def retype(self, rrtype: int, rrclass: int) -> None:
        """Ask for another TYPE or CLASS."""
        owner, _, _, octets = self.query.question
        written = octets[:-4] + rrtype.to_bytes(2) + rrclass.to_bytes(2)
        self.query = self.query._replace(question=Question(owner, rrtype, rrclass, written))


class Rule(Protocol):
    """What every rule has."""

    @property
    def goes_on(self) -> bool:
        """The rules behind it act as well."""
        ...

    @property
    def per_client(self) -> bool:
        """What it does depends on more than the question."""
        ...

    def act(self, passage: Passage) -> bool:
        """Change the query; return whether this rule was meant for it.

        Raises:
            InvalidNameError: the query has no name any more.
        """
        ...


def reach_of(rules: Iterable[Rule]) -> Reach | None:
    """Return which questions `rules` are for; None: not name and TYPE alone decide that."""
    finders: list[NewName] = []
    rrtypes: list[int] = []
    for rule in rules:
        if rule.per_client:
            return None
        if isinstance(rule, NameRule):
            finders.append(rule.new)
        elif isinstance(rule, AnswerRule) and rule.meant is not None:
            finders.append(rule.meant)
        elif isinstance(rule, NumberRule) and rule.field == "rrtype":
            rrtypes.append(rule.wanted)
        elif not isinstance(rule, NumberRule) or rule.wanted == RRClass.IN:
            return None
    found = tuple(finders)

    def has(owner: OwnerName) -> bool:
        name = to_text(owner)
        return any(new(name) is not None for new in found)

    return Reach(rrtypes=tuple(rrtypes), has=has if found else None)


def act(rules: Iterable[Rule], passage: Passage) -> None:
    """Let `rules` change a query.

    Raises:
        InvalidNameError: it has no name any more.
    """
    for rule in rules:
        if rule.act(passage) and not rule.goes_on:
            return


@dataclass(frozen=True, slots=True)
class NameRule:
    """Ask for another name."""

    goes_on: bool
    new: NewName
    is_restored: bool = False
    """Names in the answer become again what was asked for."""
    changes: tuple[Change, ...] = ()
    """What else is done to the answer."""
    per_client: bool = False
    """The new name is made with metadata."""

    def act(self, passage: Passage) -> bool:
        """Change the query; return whether this rule was meant for it."""
        before = passage.name
        if self.per_client and isinstance(self.new, Regex):
            after = self.new(before, passage.metadata)
        else:
            after = self.new(before)
        if after is None:
            return False
        passage.rename(after)
        passage.is_open |= isinstance(self.new, Regex | Substring)
        if self.is_restored:
            back = Remapped(passage.name, before)
            passage.changes += (Owners(back), Values(back))
        passage.changes += self.changes
        return True


def restored_suffix(suffix: str, instead: str) -> tuple[Change, ...]:
    """Return what brings names back whose end `suffix` was replaced."""
    back = Resuffixed(instead, suffix)
    return (Owners(back), Values(back))


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Ask for another TYPE or CLASS."""

    goes_on: bool
    field: Literal["rrtype", "rrclass"]
    """Of the question."""
    wanted: int
    instead: int
    per_client: bool = False

    def act(self, passage: Passage) -> bool:
        """Change the query; return whether this rule was meant for it."""
        question = passage.query.question
        numbers = {"rrtype": question.rrtype, "rrclass": question.rrclass}
        if numbers[self.field] != self.wanted:
            return False
        passage.retype(**(numbers | {self.field: self.instead}))
        return True


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Change nothing but the answer."""

    goes_on: bool
    meant: NewName | None
    """Returns something for the names it is meant for; None: for all."""
    change: Change
    per_client: bool = False

    def act(self, passage: Passage) -> bool:
        """Note the change; return whether this rule was meant for the query."""
        if self.meant is not None and self.meant(passage.name) is None:
            return False
        passage.changes += (self.change,)
        return True
