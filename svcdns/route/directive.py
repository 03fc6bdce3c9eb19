"""The two halves of a plugin, and its only way to the outside.

`parse` turns a stanza into settings and may only complain; `build` turns settings into steps.
Between the two lies the decision to use the configuration at all, so `svcdns check` and a
reload that is refused never get as far as `build`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from svcdns.answers.answer import Answer
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.corefile.arguments import Arguments
from svcdns.route.stages import Steps
from svcdns.wire.question import Question


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

    def ask(self, question: Question, depth: int) -> Answer | None:
        """Answer another question through the whole server; None: nobody here can."""
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
