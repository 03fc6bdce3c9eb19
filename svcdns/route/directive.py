"""The two halves of a plugin, and its only way to the outside.

`parse` turns a stanza into settings and may only complain; `build` turns settings into steps.
Between the two lies the decision to use the configuration at all, so `svcdns check` and a
reload that is refused never get as far as `build`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.corefile.arguments import Arguments
from svcdns.route.offers import Offers
from svcdns.route.stages import Steps
from svcdns.wire.question import Question


class Metrics(Protocol):
    """Numbers of the whole process: those of `telemetry.metrics`, which knows every metric."""

    def add(self, metric: Any, *labels: str, by: float = 1) -> None:
        """Count something."""
        ...

    def set(self, metric: Any, value: float, *labels: str) -> None:
        """Say how something stands now."""
        ...

    def observe_all(self, metric: Any, values: Collection[float], *labels: str) -> None:
        """Put values into a histogram."""
        ...


class Asking(NamedTuple):
    """How other servers are asked, beyond what a Corefile says."""

    hedge: bool = False
    """Ask a second upstream when the first takes longer than it usually does."""
    random_case: bool = False
    """Send names in random letter case, which a reply has to repeat."""


class Scope(Protocol):
    """What a directive may use of the process."""

    @property
    def zones(self) -> tuple[str, ...]:
        """The keys of the server block, lower case, with the final dot."""
        ...

    @property
    def server(self) -> str:
        """The listener as metrics name it: `dns://:53`."""
        ...

    @property
    def root(self) -> str:
        """Where relative file names begin; empty for the working directory."""
        ...

    @property
    def local_addresses(self) -> tuple[bytes, ...]:
        """Packed addresses this process can be reached at; loopback only where nothing else is."""
        ...

    def cluster(self, settings: KubernetesSettings) -> State:
        """Return the state of the cluster as this stanza sees it."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Where numbers go; not on the way of a query: they are handed over in `tick`."""
        ...

    @property
    def offers(self) -> Offers:
        """What the directives of this server block have for one another."""
        ...

    @property
    def asking(self) -> Asking:
        """How other servers are to be asked."""
        ...

    def ask(self, question: Question) -> Outcome | Later[Outcome | None] | None:
        """Answer another question through the whole server, for the client being answered.

        Returns:
            None: nobody here can, or too many questions have led to this one.
        """
        ...

    def forget(self) -> None:
        """Forget every kept answer: a name that was passed on may be this directive's now."""
        ...

    def log(self, line: str) -> None:
        """Write one line for people, already in its final form."""
        ...


@dataclass(frozen=True, slots=True)
class Directive:
    """One word of the Corefile."""

    name: str
    parse: Callable[[Arguments], Any]
    """Reads every stanza of this directive in one server block; records mistakes, never raises."""
    build: Callable[[Any, Scope], Steps]
