"""What a directive adds to a route: steps by stage, and what it asks the process to open.

A step is a plain function. The stages run in the order answer, finish, observe; there
is no `next`, the route calls one step after the other until one answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from svcdns.answers.answer import Answer
from svcdns.wire.question import Query


class Client(Protocol):
    """Who asks, and where. Valid until the replies of its batch have been observed."""

    @property
    def address(self) -> str:
        """Text form, IPv6 without brackets."""
        ...

    @property
    def port(self) -> int: ...

    @property
    def local_address(self) -> str:
        """Where the query was sent to."""
        ...

    @property
    def local_port(self) -> int: ...

    @property
    def stream(self) -> bool:
        """TCP and what is built on it: no size limit but 65,535 octets."""
        ...

    @property
    def lane(self) -> int:
        """Index of the first of the three lanes of its socket, see `route.traffic`."""
        ...


class Observed(NamedTuple):
    """One exchange after its response has left."""

    query: Query
    client: Client
    answer: Answer | None
    """None: refused before any step ran."""
    rcode: int
    flags: int
    """The 16 bits of the response."""
    response_size: int
    seconds: float
    error: str
    """What a failed answer has to say to the operator; empty when nothing failed."""
    zone: str
    metadata: Callable[[], Mapping[str, str]]
    """Labels of all directives, computed when asked for."""


AnswerStep = Callable[[Query, Client], Answer | None]
"""Return the answer, or None to pass the query on."""
MetadataStep = Callable[[Query, Client], Mapping[str, str]]
ObserveStep = Callable[[Observed], None]


@dataclass(frozen=True, slots=True)
class HealthListener:
    """Serve /health."""

    address: str
    """`HOST:PORT`; an empty host is every address."""
    lameduck_seconds: float = 0.0
    """How long to go on serving after SIGTERM before the sockets close."""


@dataclass(frozen=True, slots=True)
class ReadyListener:
    """Serve /ready."""

    address: str
    continuously: bool = False
    """Ask again after the first success."""


@dataclass(frozen=True, slots=True)
class MetricsListener:
    """Serve /metrics."""

    address: str
    runtime_metrics: bool = False


Declaration = HealthListener | ReadyListener | MetricsListener


@dataclass(frozen=True, slots=True)
class Steps:
    """All that one directive adds to the route of its server block."""

    answer: AnswerStep | None = None
    metadata: MetadataStep | None = None
    observe: ObserveStep | None = None
    """Sees every exchange; takes the fast lane away from its server block."""
    observe_failure: ObserveStep | None = None
    """Sees the exchanges that failed."""
    rotate: bool = False
    """Addresses of an answer take turns in being first."""
    measured: bool = False
    """Exchanges are counted."""
    labelled: bool = False
    """Metadata is collected for whoever observes."""
    debug: bool = False
    declarations: tuple[Declaration, ...] = ()
    ready: Callable[[], bool] | None = None
    """Whether this directive can do its work; asked by /ready."""
    changed: Callable[[], None] | None = None
    """Called after the cluster has changed, before the next query is looked at."""
    tick: Callable[[float], None] | None = None
    """Called about once a second with a monotonic time in seconds, at the end with infinity."""
