"""The one place where the state of the cluster changes.

A batch of objects comes in, and when `apply` returns every answer that it made stale is gone:
a query sees the cluster before or after the batch, never between. Plain functions, no await.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from svcdns.answers.dependency import affected
from svcdns.cluster.change import Change
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service
from svcdns.cluster.state import State
from svcdns.route.exchange import Exchange

KINDS = (Namespace, Node, Service, EndpointSlice, Pod)

Selectors = tuple[str, str]
"""`labels` and `namespace_labels` of a kubernetes stanza."""


class Source(Protocol):
    """All objects of a cluster at one moment."""

    def objects(self, labels: str, namespace_labels: str) -> Iterable[Object]:
        """Return those that the selectors let through."""
        ...


class Feed:
    """States of the cluster, one for each pair of selectors, and who has to follow them."""

    def __init__(self) -> None:
        self._states: dict[Selectors, State] = {}
        self._exchanges: list[Exchange] = []
        self._followers: list[Callable[[], None]] = []
        self.last_change = 0
        """Unix seconds of the last batch that changed something; 0 before any."""

    def state(self, labels: str = "", namespace_labels: str = "") -> State:
        """Return the state that these selectors see; the same one for the same selectors."""
        return self._states.setdefault((labels, namespace_labels), State())

    def states(self) -> Iterable[State]:
        """Return every state there is."""
        return self._states.values()

    def follow(self, exchanges: Iterable[Exchange], changed: Iterable[Callable[[], None]]) -> None:
        """Let `exchanges` forget what becomes stale, and call `changed` after every change."""
        self._exchanges.extend(exchanges)
        self._followers.extend(changed)

    def apply(self, source: Source, now: int) -> int:
        """Make every state equal to `source`; return the number of changes.

        Args:
            source: the whole cluster.
            now: Unix seconds, for the serial of the zones.
        """
        changes: list[Change] = []
        first = False
        for selectors, state in self._states.items():
            by_kind: dict[type, list[Object]] = {kind: [] for kind in KINDS}
            for value in source.objects(*selectors):
                by_kind[type(value)].append(value)
            for kind, values in by_kind.items():
                changes.extend(state.replace(kind, values, now))
            first = first or not state.synced
            state.synced = True
        if changes or first:
            self._let_know(changes, everything=first)
            self.last_change = now
        return len(changes)

    def _let_know(self, changes: list[Change], *, everything: bool) -> None:
        touched = affected(changes)
        for exchange in self._exchanges:
            if everything:
                exchange.clear()
            else:
                exchange.drop(touched)
        for changed in self._followers:
            changed()
