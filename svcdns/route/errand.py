"""A plain question that is passed on as it came: who takes part in that.

Such an errand is one object from the client's datagram to the response. A route has a way for
errands where nothing on it wants to see the question or change the answer: perhaps a `Keeper`,
then steps that are not for this name, then a `Sender`. What turns out not to be plain goes on
as any other question does.

The way itself is in `route.errands`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming, Later
from svcdns.wire.name import OwnerName
from svcdns.wire.plain import PlainHead, PlainHeads, Shape
from svcdns.wire.question import Query


class Form(NamedTuple):
    """How a client has asked, and how it is to be answered."""

    size: int
    """Octets of the query without its question."""
    asked: bytes
    """Octets 2 to 11 of the query."""
    asked_option: bytes
    """The OPT behind its question."""
    head: bytes
    """Octets 2 to 11 of what is sent on."""
    tail: bytes
    """The OPT behind that question."""
    option: bytes
    """The OPT of the response, if the client sent one."""
    limit: int
    """Octets of a response, without OPT."""
    dnssec_ok: bool
    lane: int
    """0 without EDNS, 1 with, 2 with DO set."""
    heads: PlainHeads
    """Reads the header of the reply."""


class Errand(Protocol):
    """One plain question that is on its way."""

    identity: bytes
    """Octets 0 and 1 of the query."""
    question: bytes
    """Its question section, in lower case."""
    form: Form
    asked_at: tuple[float, int]
    """When, on the clock of the exchange, and what had been dropped until then."""
    back: Any
    """How the response gets to the client; whoever listens knows."""

    def depart(self) -> None:
        """Leave, or fail to, which is as if there were no answer."""
        ...

    def send_back(self) -> None:
        """Want the answer no more."""
        ...


class Desk(Protocol):
    """Where errands begin and end."""

    def close(self, errand: Errand, head: PlainHead, octets: bytes, shape: Shape | None) -> None:
        """Send the answer: plain `octets`, under `head`; see `Shape` for what is in them."""
        ...

    def hand_over(self, errand: Errand, coming: Coming[Outcome]) -> None:
        """Let `coming` bring the answer, on the way of all other questions."""
        ...


class Sender(Protocol):
    """What `forward` does for errands."""

    def send(
        self, desk: Desk, identity: bytes, question: bytes, form: Form, asked_at: tuple[float, int]
    ) -> Errand | None:
        """Return a question about to depart, which ends at `desk`; None: it is to be no errand."""
        ...


class Keeper(Protocol):
    """What `cache` does for errands."""

    missed: list[int]
    """Its one number goes up with every errand."""
    excepted: tuple[OwnerName, ...]
    """Names at and below these are no errands."""

    def has(self, question: bytes, dnssec_ok: bool) -> bool:  # noqa: FBT001  a keyword costs
        """Whether there is something kept for a question, of whatever use."""
        ...

    def keep(
        self,
        question: bytes,
        head: PlainHead,
        octets: bytes,
        shape: Shape | None,
        dnssec_ok: bool,  # noqa: FBT001  a keyword costs
    ) -> bytes:
        """Keep a plain answer; return the octets as they are said."""
        ...

    def hand_over(self, query: Query, coming: Coming[Outcome]) -> Later[Outcome]:
        """Return what brings the answer of `coming` after it has been kept."""
        ...


class Reach(NamedTuple):
    """Which questions of class IN a step may be for: it passes on all others and what they get."""

    zones: tuple[OwnerName, ...] = ()
    """Names at and below these."""
    rrtypes: tuple[int, ...] = ()
    """Names anywhere, of these TYPEs only."""
    has: Callable[[OwnerName], bool] | None = None
    """Says whether a name in lower case is one, as of now; asked each time, and never raises."""


class Way(NamedTuple):
    """The way of errands through one server block."""

    sender: Sender
    keeper: Keeper | None
    zones: tuple[OwnerName, ...]
    """Names that end like these are no errands."""
    rrtypes: frozenset[int]
    """Questions of these TYPEs are no errands."""
    names: tuple[Callable[[OwnerName], bool], ...] = ()
    """Names that one of these has at the moment are no errands."""
