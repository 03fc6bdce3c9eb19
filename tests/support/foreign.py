"""What an upstream says, and one that says it: for tests of what lies between it and a client."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.later import Later
from svcdns.route.stages import Client
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import Edns
from svcdns.wire.name import ROOT, from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.response import compose
from svcdns.wire.rrset import RRset, soa_record


def foreign(
    asked: Question,
    *answer: RRset,
    authority: Iterable[RRset] = (),
    additional: Iterable[RRset] = (),
    rcode: int = RCode.NOERROR,
    **fields: Any,
) -> ForeignAnswer:
    """Return the answer of an upstream to `asked`; `fields` are those of `ForeignAnswer`."""
    body = compose(asked.owner, answer, authority, additional)
    return ForeignAnswer(asked.owner, body, rcode, **fields)


def soa(zone: str = "example.", *, ttl: int = 300, minimum: int = 300) -> RRset:
    """Return the SOA of a denial."""
    record = soa_record(
        ROOT, ROOT, serial=1, refresh=7200, retry=1800, expire=86400, minimum=minimum
    )
    return RRset(from_text(zone), RRType.SOA, ttl, (record,))


def query_for(
    asked: Question, *, do: bool | None = None, flags: int = 0x0100, identity: int = 1
) -> Query:
    """Return a query; with an OPT unless `do` is None."""
    edns = None if do is None else Edns(1232, 0, do)
    return Query(identity, flags, asked, edns, 40)


def ttls_of(outcome: Outcome) -> set[int]:
    """Return the TTLs of all records of an answer."""
    answer = opened(outcome)
    return {rrset.ttl for rrset in (*answer.answer, *answer.authority_records, *answer.additional)}


@dataclass
class Upstream:
    """All steps behind one: says what it is told to, and remembers what it was asked."""

    says: Callable[[Query], Outcome | Later[Outcome]]
    queries: list[Query] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def __call__(self, query: Query, client: Client) -> Outcome | Later[Outcome]:
        self.queries.append(query)
        self.clients.append(client)
        return self.says(query)
