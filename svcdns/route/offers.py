"""What the directives of one server block have for one another.

Plugins do not know each other. What one of them can do for another is written down here when
it is built, and read when the first query comes or the block runs: by then it is complete,
whatever the order in which they were built.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from svcdns.answers.lookup import Stanza
from svcdns.cluster.state import State
from svcdns.route.stages import Client, MetadataStep
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset


class Upstream(Protocol):
    """One resolver that questions of this block are forwarded to."""

    @property
    def address(self) -> str:
        """`HOST:PORT`, as logs and metrics name it."""
        ...

    @property
    def named_at(self) -> str:
        """Where it was named: `Corefile:7` or `/etc/resolv.conf:2`."""
        ...

    async def probe(self, question: Question) -> int | None:
        """Ask one question; return the RCODE, None if there is no response in time."""
        ...

    def disable(self, why: str) -> None:
        """Never ask it again; `why` is what questions that needed it are told."""
        ...


class ZoneContents(NamedTuple):
    """A zone that can be transferred as a whole."""

    name: OwnerName
    serial: Callable[[], int]
    rrsets: Callable[[], Iterator[RRset]]
    """The SOA first, without the SOA that ends a transfer; the state of the moment of the call.
    Nothing at all while there is no such state."""
    notifies: bool = False
    """Secondaries are to be told of each new serial."""


class Cluster(NamedTuple):
    """One `kubernetes` stanza: its zones, settings and answers, and the state below them."""

    stanza: Stanza
    state: State


SearchPath = Callable[[OwnerName, Client], tuple[OwnerName, ...] | None]
"""The domains a client's resolver goes through, when it has come to a name; empty: this client
is not known. None: nobody has a list for that name."""


class Fault(NamedTuple):
    """Something beside the Corefile that keeps a directive from its work, as a bad certificate."""

    where: str
    """`Corefile:7:9`."""
    problem: str


@dataclass(slots=True)
class Offers:
    """All offers of one server block, in the order in which they were made."""

    upstreams: list[Upstream] = field(default_factory=list)
    zones: list[ZoneContents] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    search_paths: dict[str, SearchPath] = field(default_factory=dict)
    """By the directive that knows it: `kubernetes`."""
    faults: list[Callable[[], tuple[Fault, ...]]] = field(default_factory=list)
    """Each returns those of this moment."""
    labels: list[MetadataStep] = field(default_factory=list)
    """What there is to say about a query; empty unless `metadata` collects it."""
