"""The answer to one question, as a value: what is said, why, and what it depends on.

Nothing here is in wire form yet but the records inside their RRsets; `wire.response` turns an
answer into octets, `route.exchange` decides for whom.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from svcdns.wire.codes import RCode
from svcdns.wire.name import OwnerName
from svcdns.wire.rrset import RRset

Dependency = tuple[str, ...] | bytes
"""What an answer was made of: see `on_service` and its like; bare octets are an address."""

ON_NAMESPACES: Dependency = ("namespaces",)
"""Which Namespaces there are."""


def on_service(namespace: str, name: str) -> Dependency:
    """The Service of that key and every one of its EndpointSlices."""
    return ("service", namespace, name)


def on_namespace(namespace: str) -> Dependency:
    """Whether the Namespace exists."""
    return ("namespace", namespace)


def on_services_named(name: str) -> Dependency:
    """Which Services of that name there are, in whatever Namespace."""
    return ("named", name)


def on_address(address: bytes) -> Dependency:
    """Whoever has this packed address: Services, EndpointSlices, Pods."""
    return address


class Reason(NamedTuple):
    """Why an answer is negative or failed: rendered only for those who can read it."""

    code: int
    """INFO-CODE of Extended DNS Errors (RFC 8914), see `wire.edns`."""
    sentence: Callable[..., str]
    """One sentence a person can act on, made from `facts`."""
    facts: tuple[object, ...] = ()

    def text(self) -> str:
        """The sentence."""
        return self.sentence(*self.facts)


class Authority(Protocol):
    """A zone we are authoritative for, as far as a negative answer needs it."""

    name: OwnerName

    def authority_at(self, question_length: int) -> bytes:
        """Return the zone's SOA record in wire form, for the authority section of a response.

        How long it is depends on nothing but the argument.

        Args:
            question_length: octets of the question section (name + 4); the record's owner
                points into it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What one step of a route says to one question."""

    rcode: RCode = RCode.NOERROR
    answer: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    authority: Authority | None = None
    """Set for negative answers and for SERVFAIL before the first sync: its SOA is appended."""
    authoritative: bool = True
    reason: Reason | None = None
    depends_on: tuple[Dependency, ...] | None = None
    """None: never kept in a table, computed each time. What does not exist is kept apart."""
    written_by: str = "kubernetes"
    """The directive, for the label `plugin` of the metrics; empty when nobody wrote it."""
    authority_records: tuple[RRset, ...] = ()
    """The authority section as records; `authority` must be None then."""
    recursion_available: bool = False
    authentic: bool = False
    """The AD bit."""
    raised: int = 0
    """Header bits set last of all, see the flags in `wire.codes`."""
    lowered: int = 0
    """Header bits cleared after that."""
    is_silent: bool = False
    """Send nothing at all: whoever asks is to wait."""
    messages: Callable[[], Iterator[tuple[RRset, ...]]] | None = None
    """A zone transfer: the answer sections of its messages, made as the client takes them."""
    on_hits: Callable[[int], None] | None = None
    """Told how often a kept copy was sent again, when that is counted."""
