"""The composition root: from a Corefile to everything that serves it, nothing opened yet."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from svcdns.answers.foreign import ON_TICK, Outcome
from svcdns.answers.later import Later
from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed, View
from svcdns.app.start_error import StartError
from svcdns.cluster.state import State
from svcdns.corefile.parser import Reading
from svcdns.plugins import DIRECTIVES, UNSUPPORTED
from svcdns.route.compile import Built, Plan, build, read
from svcdns.route.directive import Asking, Metrics
from svcdns.route.exchange import Exchange
from svcdns.route.exemplars import Exemplars
from svcdns.route.inner import ask
from svcdns.route.offers import Fault, Offers, ZoneContents
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import ConnectionTimeouts, Declaration
from svcdns.route.traffic import TIME_BUCKETS
from svcdns.server.listen_error import place_text
from svcdns.telemetry.metrics import Metrics as ProcessMetrics
from svcdns.wire.question import Query, Question


class Place(NamedTuple):
    """Where one listener listens."""

    address: str
    """Empty: every address."""
    port: int

    @property
    def server(self) -> str:
        """The listener as metrics name it."""
        return f"dns://{place_text(self.address, self.port)}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a Corefile asks for."""

    exchanges: Mapping[Place, Exchange]
    declarations: tuple[Declaration, ...]
    ready: Mapping[str, tuple[Callable[[], bool], ...]]
    """By directive: every stanza's answer to "can you work?"."""
    ticks: tuple[Callable[[float], None], ...]
    runs: tuple[tuple[str, Callable[[], Awaitable[None]]], ...]
    """By directive: what runs as long as this is in use."""
    changed: tuple[Callable[[], None], ...]
    """To be called after the cluster has changed."""
    stanzas: Mapping[View, Sequence[KubernetesSettings]]
    """The `kubernetes` stanzas, by what they see of which cluster."""
    timeouts: Mapping[Place, ConnectionTimeouts]
    """What connections are allowed, where a block says something about that."""
    enabled: tuple[tuple[str, str, str], ...]
    """Server, zone and directive of everything that is in use."""
    zones: tuple[ZoneContents, ...] = ()
    """What can be handed out whole."""
    faults: tuple[Callable[[], tuple[Fault, ...]], ...] = ()
    """Each returns what does not work at the moment."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration uses of the process it lives in."""

    feed: Feed
    port: int = 53
    """For keys that name no port."""
    address: str = ""
    local_addresses: tuple[bytes, ...] = ()
    interfaces: Callable[[], Mapping[str, Sequence[str]]] = dict
    """The addresses of this machine, by the name of their interface."""
    reasons: bool = True
    exemplars: bool = False
    asking: Asking = field(default_factory=Asking)
    """How other servers are asked."""
    metrics: Metrics = field(default_factory=ProcessMetrics)
    log: Callable[[str], None] = print
    on_bug: Callable[[Exception, Query], None] = lambda error, query: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the blocks of one configuration have in common."""

    exchanges: list[Exchange] = field(default_factory=list)
    stanzas: dict[View, list[KubernetesSettings]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _BlockScope:
    """The way of one server block to the outside; a `route.directive.Scope`."""

    zones: tuple[str, ...]
    server: str
    root: str
    around: Surroundings
    shared: _Shared
    offers: Offers = field(default_factory=Offers)

    @property
    def local_addresses(self) -> tuple[bytes, ...]:
        return self.around.local_addresses

    @property
    def metrics(self) -> Metrics:
        return self.around.metrics

    @property
    def asking(self) -> Asking:
        return self.around.asking

    def cluster(self, settings: KubernetesSettings) -> State:
        view = View.of(settings)
        self.shared.stanzas.setdefault(view, []).append(settings)
        return self.around.feed.state(view)

    def ask(self, question: Question) -> Outcome | Later[Outcome | None] | None:
        return ask(question)

    def forget(self) -> None:
        for exchange in self.shared.exchanges:
            exchange.clear()

    def log(self, line: str) -> None:
        self.around.log(line)


def plans_of(reading: Reading) -> tuple[Plan, ...]:
    """Return what the server blocks say.

    Raises:
        CorefileError: with every mistake, those of the text and those inside the stanzas.
        StartError: there is no block.
    """
    corefile = reading.corefile
    plans = read(corefile, DIRECTIVES, UNSUPPORTED, reading.mistakes)
    if not plans:
        raise StartError(
            f"the Corefile '{corefile.files[0]}' has no server block: nothing would be served\n"
            "  next  write one, for example: .:53 { whoami }"
        )
    return plans


def configure(plans: Iterable[Plan], around: Surroundings) -> Configuration:
    """Return everything that serves `plans`; nothing follows the cluster yet."""
    shared = _Shared()
    routes: dict[Place, list[Route]] = {}
    blocks: list[Built] = []
    enabled: list[tuple[str, str, str]] = []
    contents: list[ZoneContents] = []
    faults: list[Callable[[], tuple[Fault, ...]]] = []
    timeouts: dict[Place, ConnectionTimeouts] = {}
    for plan in plans:
        places = places_of(plan, around)
        scope = _scope(plan, places, around, shared)
        block = build(plan, scope)
        blocks.append(block)
        contents += scope.offers.zones
        faults += scope.offers.faults
        for place, zones in places.items():
            routes.setdefault(place, []).extend(
                route for route in block.routes if route.zone in zones
            )
            for allowed in (step.connections for _, step in block.steps if step.connections):
                timeouts[place] = timeouts.get(place, allowed).over(allowed)
            enabled += [(place.server, zone, name) for zone in zones for name, _ in block.steps]
    exchanges = {
        place: Exchange(
            place.server,
            Router(routes_here),
            clock=time.perf_counter,
            on_bug=around.on_bug,
            reasons=around.reasons,
        )
        for place, routes_here in routes.items()
    }
    if around.exemplars:
        for exchange in exchanges.values():
            exchange.traffic.exemplars = Exemplars(TIME_BUCKETS, time.time)
    shared.exchanges.extend(exchanges.values())
    steps = [(name, steps) for block in blocks for name, steps in block.steps]
    ready: dict[str, tuple[Callable[[], bool], ...]] = {}
    for name, step in steps:
        if step.ready is not None:
            ready[name] = (*ready.get(name, ()), step.ready)
    return Configuration(
        exchanges,
        tuple(wish for block in blocks for wish in block.declarations),
        ready,
        (
            *(step.tick for _, step in steps if step.tick),
            *(partial(_end_second, exchange) for exchange in exchanges.values()),
        ),
        tuple((name, step.run) for name, step in steps if step.run),
        tuple(step.changed for _, step in steps if step.changed),
        shared.stanzas,
        timeouts,
        tuple(enabled),
        tuple(contents),
        tuple(faults),
    )


def _end_second(exchange: Exchange, _now: float) -> None:
    exchange.drop((ON_TICK,))


def places_of(plan: Plan, around: Surroundings) -> dict[Place, list[str]]:
    """Return where a block is served, with its zones there.

    Raises:
        StartError: `bind` names an interface that this machine has not, or without addresses.
    """
    bound = [settings for directive, settings in plan.settings if directive.name == "bind"]
    addresses = (around.address,)
    if bound:
        try:
            addresses = bound[0].addresses(around.interfaces())
        except ValueError as error:
            raise StartError(str(error)) from None
    places: dict[Place, list[str]] = {}
    for key in plan.block.keys:
        port = around.port if key.port is None else key.port
        for address in addresses:
            places.setdefault(Place(address, port), []).append(key.zone)
    return places


def _scope(
    plan: Plan, places: Iterable[Place], around: Surroundings, shared: _Shared
) -> _BlockScope:
    roots = [settings for directive, settings in plan.settings if directive.name == "root"]
    return _BlockScope(
        tuple(dict.fromkeys(key.zone for key in plan.block.keys)),
        next(iter(places)).server,
        roots[0] if roots else "",
        around,
        shared,
    )
