"""The composition root: from a Corefile to everything that serves it, nothing opened yet."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from svcdns.answers.answer import Answer
from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed
from svcdns.app.start_error import StartError
from svcdns.cluster.state import State
from svcdns.corefile.parser import Reading
from svcdns.plugins import DIRECTIVES, UNSUPPORTED
from svcdns.route.compile import Built, Plan, build, read
from svcdns.route.exchange import Exchange, Inner
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Declaration
from svcdns.server.listen_error import place_text
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
    enabled: tuple[tuple[str, str, str], ...]
    """Server, zone and directive of everything that is in use."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration uses of the process it lives in."""

    feed: Feed
    port: int = 53
    """For keys that name no port."""
    address: str = ""
    local_addresses: tuple[bytes, ...] = ()
    reasons: bool = True
    log: Callable[[str], None] = print
    on_bug: Callable[[Exception, Query], None] = lambda error, query: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class _BlockScope:
    """The way of one server block to the outside; a `route.directive.Scope`."""

    zones: tuple[str, ...]
    server: str
    root: str
    local_addresses: tuple[bytes, ...]
    feed: Feed
    inner: Inner
    write: Callable[[str], None]

    def cluster(self, settings: KubernetesSettings) -> State:
        return self.feed.state_for(settings)

    def ask(self, question: Question, depth: int) -> Answer | None:
        return self.inner.ask(question, depth)

    def log(self, line: str) -> None:
        self.write(line)


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
    """Return everything that serves `plans`."""
    inner = Inner()
    routes: dict[Place, list[Route]] = {}
    blocks: list[Built] = []
    enabled: list[tuple[str, str, str]] = []
    for plan in plans:
        places = _places(plan, around)
        block = build(plan, _scope(plan, places, around, inner))
        blocks.append(block)
        for place, zones in places.items():
            routes.setdefault(place, []).extend(
                route for route in block.routes if route.zone in zones
            )
            enabled += [(place.server, zone, name) for zone in zones for name, _ in block.steps]
    exchanges = {
        place: Exchange(
            place.server,
            Router(routes_here),
            inner,
            clock=time.perf_counter,
            on_bug=around.on_bug,
            reasons=around.reasons,
        )
        for place, routes_here in routes.items()
    }
    steps = [(name, steps) for block in blocks for name, steps in block.steps]
    around.feed.follow(exchanges.values(), [step.changed for _, step in steps if step.changed])
    ready: dict[str, tuple[Callable[[], bool], ...]] = {}
    for name, step in steps:
        if step.ready is not None:
            ready[name] = (*ready.get(name, ()), step.ready)
    return Configuration(
        exchanges,
        tuple(wish for block in blocks for wish in block.declarations),
        ready,
        tuple(step.tick for _, step in steps if step.tick),
        tuple(enabled),
    )


def _places(plan: Plan, around: Surroundings) -> dict[Place, list[str]]:
    """Return where a block is served, with its zones there."""
    places: dict[Place, list[str]] = {}
    for key in plan.block.keys:
        port = around.port if key.port is None else key.port
        places.setdefault(Place(around.address, port), []).append(key.zone)
    return places


def _scope(plan: Plan, places: Iterable[Place], around: Surroundings, inner: Inner) -> _BlockScope:
    roots = [settings for directive, settings in plan.settings if directive.name == "root"]
    return _BlockScope(
        tuple(dict.fromkeys(key.zone for key in plan.block.keys)),
        next(iter(places)).server,
        roots[0] if roots else "",
        around.local_addresses,
        around.feed,
        inner,
        around.log,
    )
