"""What another resolver said, in its own octets, and the same as records for who needs them.

A foreign answer is sent as it came: only id, flags, the client's own spelling of the question
and the OPT are ours. Directives that change records take it apart first, with `opened`.

Source: RFC 1035 section 4.1; RFC 3597 section 4 (which RDATA holds names to be written out).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import TC, RCode
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Question
from svcdns.wire.response import Body
from svcdns.wire.rrset import RRset

ON_TICK: Dependency = ("tick",)
"""The second that is going on: what depends on it is dropped when the next one begins."""
WHILE_KEPT: Dependency = ("kept",)
"""The cache that has an answer: it is kept with its `renewal`, or only as long as the rest says."""


class Renewal(Protocol):
    """An answer that a cache has, to be said many times: each time it is asked whether and how."""

    def says(self, body: Body) -> bool:
        """Whether `body` is what it says, and nobody has changed it on its way."""
        ...

    def body(self, turn: int, turned: Callable[[int], bytes] | None) -> bytearray | None:
        """Return what follows the question now, and count that it was said.

        It changes in place: whoever needs it for longer than the moment copies it.

        Args:
            turn: which rotation.
            turned: makes the rotations; None: there is one.

        Returns:
            None: the cache itself has to be asked, this time.
        """
        ...

    def end(self) -> None:
        """Say nothing from now on: the cache has let go of it."""
        ...

    def is_kept(self, forget: Callable[[bytes, "Renewal"], None], key: bytes, turns: int) -> None:
        """Call `forget` when it is over.

        Args:
            forget: gets `key` and this; what it forgets may be gone already.
            key: where it is kept.
            turns: how many rotations are said.
        """
        ...


@dataclass(slots=True)
class ForeignAnswer:
    """An answer in wire form, good for questions whose name is as long as `owner`.

    Nobody changes one; it is not frozen, because each question makes two of them, and freezing
    one takes ten times as long as making it.
    """

    owner: OwnerName
    """The name that was asked, lower case: names in `body` may point to it."""
    body: Body
    """All that follows the question section, without OPT."""
    rcode: int = RCode.NOERROR
    authoritative: bool = False
    recursion_available: bool = True
    authentic: bool = False
    """The AD bit."""
    is_truncated: bool = False
    """The TC bit: whoever sent it left something out."""
    raised: int = 0
    """Header bits set last of all, see the flags in `wire.codes`."""
    lowered: int = 0
    """Header bits cleared after that."""
    reason: Reason | None = None
    depends_on: tuple[Dependency, ...] | None = None
    """None: never kept in a table; with `ON_TICK`: for the rest of this second."""
    written_by: str = "forward"
    on_hits: Callable[[int], None] | None = None
    """Told how often a kept copy was sent again, when that is counted."""
    renewal: Renewal | None = None
    """Says it again as long as a cache has it."""


Outcome = Answer | ForeignAnswer
"""What a question comes to."""


def opened(outcome: Outcome) -> Answer:
    """Return `outcome` as records; one that is made of records already, as it is.

    Raises:
        MalformedMessageError: the foreign octets cannot be read.
    """
    if isinstance(outcome, Answer):
        return outcome
    answer, authority, additional = rrsets_of(outcome.owner, outcome.body)
    return Answer(
        outcome.rcode,  # type: ignore[arg-type]  # any number may come from elsewhere
        answer=answer,
        authority_records=authority,
        additional=additional,
        authoritative=outcome.authoritative,
        recursion_available=outcome.recursion_available,
        authentic=outcome.authentic,
        raised=outcome.raised | (TC if outcome.is_truncated else 0),
        lowered=outcome.lowered,
        reason=outcome.reason,
        depends_on=outcome.depends_on,
        written_by=outcome.written_by,
        on_hits=outcome.on_hits,
    )


def authority_of(question: Question, answer: Answer) -> tuple[RRset, ...]:
    """Return the authority section of the answer to `question` as records."""
    if answer.authority is None:
        return answer.authority_records
    octets = answer.authority.authority_at(len(question.octets))
    return rrsets_of(question.owner, Body((0, 1, 0), octets))[1]
