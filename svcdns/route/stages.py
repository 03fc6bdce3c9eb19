"""What a directive adds to a route: steps by stage, and what it asks the process to open.

A step is a plain function. `answer` steps are asked one after the other until one answers; an
`around` step gets the question before all that follow it in the order of the directives, and
their answer after. Whatever has to be waited for is returned as a coroutine, see
`answers.later`; nobody waits for what is there.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.route.errand import Keeper, Reach, Sender
from svcdns.wire.edns import SERVER_SIZE
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
    answer: Outcome | None
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


AnswerStep = Callable[[Query, Client], Outcome | Later[Outcome | None] | None]
"""Return the answer, or None to pass the query on."""
Rest = Callable[[Query, Client], Outcome | Later[Outcome]]
"""All steps behind one; always answers, with SERVFAIL if no step does."""
AroundStep = Callable[[Query, Client, Rest], Outcome | Later[Outcome]]
"""Return the answer: what `rest` says to the same or another question, changed or not."""
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


class ReloadWatch(NamedTuple):
    """Look at the Corefile from time to time."""

    interval: float = 30.0
    """Seconds."""
    jitter: float = 15.0
    """The interval is longer or shorter by up to half of these seconds, fixed at the start."""


Declaration = HealthListener | ReadyListener | MetricsListener | ReloadWatch


@dataclass(frozen=True, slots=True)
class ConnectionTimeouts:
    """What the connections of a listener are allowed; None: what the server allows by itself."""

    read: float | None = None
    """Seconds from the connection to its first query, and from the first octet of any query to
    its last."""
    write: float | None = None
    """Seconds for the client to read what lies unsent."""
    idle: float | None = None
    """Seconds of silence after an answer."""
    max_queries: int | None = None
    """Queries after which a connection ends; 0: never."""

    def over(self, others: "ConnectionTimeouts") -> "ConnectionTimeouts":
        """Return these, and those of `others` where nothing is said here."""
        return ConnectionTimeouts(
            others.read if self.read is None else self.read,
            others.write if self.write is None else self.write,
            others.idle if self.idle is None else self.idle,
            others.max_queries if self.max_queries is None else self.max_queries,
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """All that one directive adds to the route of its server block."""

    answer: AnswerStep | None = None
    around: AroundStep | None = None
    """Comes before `answer` where a directive has both."""
    is_volatile: bool = False
    """`answer` may pass a name on now and answer it after a change of the cluster: what steps
    behind it say to that name is not kept, but for the second that is going on."""
    answers_all: bool = False
    """`answer` passes no name on, and says nothing that may be kept: nobody behind it is asked."""
    reach: Reach | None = None
    """Which questions `answer` and `around` may be for; None: any."""
    sender: Sender | None = None
    """Does for errands what `answer` does, where that answers all."""
    keeper: Keeper | None = None
    """Does for errands what `around` does; without one there are none."""
    refuses: bool = False
    """What `answer` passes on is refused, not failed, where no step comes behind it."""
    metadata: MetadataStep | None = None
    observe: ObserveStep | None = None
    """Sees every exchange; takes the fast lane away from its server block."""
    observe_error: ObserveStep | None = None
    """Sees the exchanges that are neither a success nor a denial, see `observing.is_error`."""
    observe_failure: ObserveStep | None = None
    """Sees the exchanges that failed."""
    rotate: bool = False
    """Addresses of an answer take turns in being first."""
    per_client: bool = False
    """Answers depend on who asks: none is kept in the table."""
    any_class: bool = False
    """Questions of other classes than IN are for this directive too."""
    udp_limit: int = SERVER_SIZE
    """Octets of the largest UDP response; more than `SERVER_SIZE` has no effect."""
    option: Callable[[Query], bytes] | None = None
    """Return an EDNS option for the response to a query with OPT, or nothing."""
    measured: bool = False
    """Exchanges are counted."""
    labelled: bool = False
    """Metadata is collected for whoever observes."""
    debug: bool = False
    declarations: tuple[Declaration, ...] = ()
    connections: ConnectionTimeouts | None = None
    """For all connections of the listeners of its server block; of several the last counts."""
    ready: Callable[[], bool] | None = None
    """Whether this directive can do its work; asked by /ready."""
    changed: Callable[[], None] | None = None
    """Called after the cluster has changed, before the next query is looked at."""
    run: Callable[[], Awaitable[None]] | None = None
    """Runs beside the queries as long as the configuration is in use, and is then cancelled.
    When it fails it is started again; when it returns it is done."""
    tick: Callable[[float], None] | None = None
    """Called about once a second with a monotonic time in seconds, at the end with infinity."""
