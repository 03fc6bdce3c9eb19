"""The one place where the state of the cluster changes.

A batch of objects comes in, and when `apply` returns every answer that it made stale is gone:
a query sees the cluster before or after the batch, never between. Plain functions, no await.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, Self

from svcdns.answers.dependency import affected
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import Change, WatchEvent
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service
from svcdns.cluster.state import State
from svcdns.route.exchange import Exchange

KINDS = (Namespace, Node, Service, EndpointSlice, Pod)


class View(NamedTuple):
    """Which cluster, and which of its objects: stanzas with the same view share a state."""

    labels: str = ""
    namespace_labels: str = ""
    access: tuple[object, ...] = ()
    """What the stanza says about its API server; empty: the one the process is given."""

    @classmethod
    def of(cls, settings: KubernetesSettings) -> Self:
        """Return the view of one stanza."""
        access = (settings.endpoint, settings.tls, settings.kubeconfig)
        return cls(settings.labels, settings.namespace_labels, access if any(access) else ())


class Source(Protocol):
    """All objects of a cluster at one moment."""

    def objects(self, labels: str, namespace_labels: str) -> Iterable[Object]:
        """Return those that the selectors let through."""
        ...


class Feed:
    """States of the cluster, one for each view, and who has to follow them."""

    def __init__(self) -> None:
        self._states: dict[View, State] = {}
        self._stanzas: Mapping[View, Sequence[KubernetesSettings]] = {}
        self._exchanges: tuple[Exchange, ...] = ()
        self._changed: tuple[Callable[[], None], ...] = ()
        self._followers: list[Callable[[], None]] = []
        self._kept: list[View] = []
        self.last_change = 0
        """Unix seconds of the last batch that changed something; 0 before any."""

    def state(self, view: View = View()) -> State:  # noqa: B008  a tuple, never changed
        """Return the state of a view; the same one for equal views.

        The only method that may be called in a thread, by one at a time: whoever goes through
        the states meanwhile goes on with those there were.
        """
        if view not in self._states:
            self._states = {**self._states, view: State()}
        return self._states[view]

    def stanzas(self) -> Mapping[View, Sequence[KubernetesSettings]]:
        """Return the stanzas that are in use, by what they see."""
        return self._stanzas

    def states(self) -> Iterable[State]:
        """Return every state there is."""
        return self._states.values()

    def serve(
        self,
        stanzas: Mapping[View, Sequence[KubernetesSettings]],
        exchanges: Iterable[Exchange],
        changed: Iterable[Callable[[], None]] = (),
    ) -> None:
        """Keep these up to date from now on, and no others any more.

        Args:
            stanzas: in use; states that none of them sees are forgotten.
            exchanges: forget what becomes stale.
            changed: called after every change.
        """
        self._stanzas = stanzas
        self._states = {view: self.state(view) for view in (*stanzas, *self._kept)}
        self._exchanges = tuple(exchanges)
        self._changed = tuple(changed)

    def keep(self, view: View) -> State:
        """Return the state of a view that is kept up to date whatever is served."""
        self._kept.append(view)
        return self.state(view)

    def follow(self, follower: Callable[[], None]) -> None:
        """Call `follower` after every change, whatever is served."""
        self._followers.append(follower)

    def apply(self, source: Source, now: int) -> int:
        """Make every state equal to `source`; return the number of changes.

        Args:
            source: the whole cluster.
            now: Unix seconds, for the serial of the zones.
        """
        changes: list[Change] = []
        first = False
        for view, state in self._states.items():
            by_kind: dict[type, list[Object]] = {kind: [] for kind in KINDS}
            for value in source.objects(view.labels, view.namespace_labels):
                by_kind[type(value)].append(value)
            for kind, values in by_kind.items():
                changes.extend(state.replace(kind, values, now))
            first = first or not state.synced
            state.synced = True
        self._let_know(changes, now, everything=first)
        return len(changes)

    def replace(self, view: View, kind: type, objects: Iterable[Object], now: int) -> int:
        """Make `objects` all objects of a kind in one view; return the number of changes."""
        state = self.state(view)
        is_first = not state.count(kind)
        changes = state.replace(kind, objects, now)
        # What a first list touches is nearly everything: to name it all takes longer than the list.
        self._let_know(changes, now, everything=is_first and bool(changes))
        return len(changes)

    def change(self, view: View, events: Iterable[WatchEvent], now: int) -> int:
        """Take in what happened to single objects of one view; return the number of changes."""
        changes = self.state(view).apply(events, now)
        self._let_know(changes, now)
        return len(changes)

    def complete(self, view: View) -> None:
        """Say that everything is known: what is not there does not exist."""
        state = self.state(view)
        if not state.synced:
            state.synced = True
            self._let_know([], self.last_change, everything=True)

    def remark(self, text: str) -> None:
        """Let every reason end with `text`, about the age of what is known; empty: with nothing."""
        for exchange in self._exchanges:
            exchange.remark(text)

    def _let_know(self, changes: list[Change], now: int, *, everything: bool = False) -> None:
        if not changes and not everything:
            return
        self.last_change = now
        touched = () if everything else affected(changes)
        for exchange in self._exchanges:
            if everything:
                exchange.clear()
            else:
                exchange.drop(touched)
        for changed in (*self._changed, *self._followers):
            changed()
