"""A configuration is built beside the loop, and says nothing before it is there."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from threading import Event, get_ident

import pytest

from svcdns.app.build import Surroundings, plans_of
from svcdns.app.building import TURN_SECONDS, Words, configure_apart, give_way
from svcdns.app.feed import Feed
from svcdns.app.files import examine_text
from svcdns.app.start_error import StartError
from svcdns.route.compile import Plan
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps
from svcdns.telemetry.catalogue import REQUEST_SIZE
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.plugin_metrics import HOSTS_ENTRIES, RELOADS_FAILED

PATIENCE_SECONDS = 10


@pytest.fixture
def interval() -> Iterator[float]:
    """Return Python's own interval, which is set again afterwards."""
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def plans_of_text(text: str) -> tuple[Plan, ...]:
    return plans_of(examine_text(text, "Corefile", {}))


def plans(build: Callable[[Scope], None], text: str = ". {\n whoami\n}\n") -> tuple[Plan, ...]:
    """Return the plan of one block, in which `build` is what its only directive does."""

    def steps(_: object, scope: Scope) -> Steps:
        build(scope)
        return Steps()

    directive = Directive("slow", lambda _: None, steps)
    return tuple(plan._replace(settings=((directive, None),)) for plan in plans_of_text(text))


async def test_the_loop_goes_on_while_a_directive_is_built() -> None:
    waiting, go_on = asyncio.Event(), Event()
    loop, here = asyncio.get_running_loop(), get_ident()
    threads: list[int] = []

    def build(_: Scope) -> None:
        threads.append(get_ident())
        loop.call_soon_threadsafe(waiting.set)
        assert go_on.wait(PATIENCE_SECONDS)

    building = asyncio.ensure_future(configure_apart(plans(build), Surroundings(Feed())))
    await waiting.wait()
    go_on.set()
    configuration = await building

    assert threads != [here]
    assert [zone for exchange in configuration.exchanges.values() for zone in exchange.router.zones]


async def test_what_is_said_while_building_is_said_on_the_loop_and_all_after_it_at_once() -> None:
    metrics, lines, here = Metrics(), list[tuple[str, int]](), get_ident()
    scopes: list[Scope] = []

    def build(scope: Scope) -> None:
        scopes.append(scope)
        scope.log("first")
        scope.metrics.set(HOSTS_ENTRIES, 3, "file")
        scope.log("second")
        assert HOSTS_ENTRIES.name not in metrics.numbers

    around = Surroundings(
        Feed(), metrics=metrics, log=lambda line: lines.append((line, get_ident()))
    )
    await configure_apart(plans(build), around)
    scopes[0].log("third")

    assert lines == [("first", here), ("second", here), ("third", here)]
    assert metrics.numbers[HOSTS_ENTRIES.name] == {("file",): 3}


async def test_what_cannot_be_built_leaves_no_word() -> None:
    lines: list[str] = []
    bound = plans_of_text("a.org {\n whoami\n}\nb.org {\n bind nothing0\n whoami\n}\n")
    saying = plans(lambda scope: scope.log("a word"), "a.org {\n whoami\n}\n")

    with pytest.raises(StartError, match="nothing0"):
        await configure_apart((*saying, *bound), Surroundings(Feed(), log=lines.append))

    assert lines == []


def test_every_kind_of_number_is_kept_and_passed_on() -> None:
    metrics = Metrics()
    words = Words(metrics, lambda _: None)

    words.add(RELOADS_FAILED, by=2)
    words.observe_all(REQUEST_SIZE, (40.0,), "server")
    kept = (metrics.numbers[RELOADS_FAILED.name][()], REQUEST_SIZE.name in metrics.distributions)
    words.pass_on()
    words.add(RELOADS_FAILED)

    assert kept == (0, False)
    assert metrics.numbers[RELOADS_FAILED.name][()] == 3
    assert metrics.distributions[REQUEST_SIZE.name]["server",].total == 40


def test_a_thread_that_computes_gives_way_soon(interval: float) -> None:
    give_way()

    assert sys.getswitchinterval() == pytest.approx(TURN_SECONDS)
    assert interval > TURN_SECONDS
