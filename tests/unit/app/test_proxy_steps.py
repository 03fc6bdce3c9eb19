import asyncio
import gc
from collections.abc import Iterator

import pytest

from svcdns.app import memory
from svcdns.app.proxy_steps import desired_after
from svcdns.proxy.model import Desired
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from tests.support.proxied import READY, endpoints, service, state_of


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


STATE = state_of(service(), endpoints("web", ("10.1.0.1", READY, "here")))
WHOLE = Plan(ProxyOptions(node="here")).rebuild(STATE)


async def test_a_few_steps_are_taken_at_once() -> None:
    plan = Plan(ProxyOptions(node="here"))
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "other")

    desired = await desired_after(plan.rebuilding(STATE), plan)

    assert desired == WHOLE
    assert turns == []


class HastyLoop(asyncio.SelectorEventLoop):
    """A second passes with each look at the clock."""

    passed = 0.0

    def time(self) -> float:
        self.passed += 1.0
        return super().time() + self.passed


def test_others_have_their_turn_between_steps_that_take_long() -> None:
    turns: list[str] = []

    async def story() -> Desired:
        plan = Plan(ProxyOptions(node="here"))
        asyncio.get_running_loop().call_soon(turns.append, "other")
        return await desired_after(plan.rebuilding(STATE), plan)

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        desired = runner.run(story())

    assert desired == WHOLE
    assert turns == ["other"]
    assert gc.get_threshold() == memory.THRESHOLDS
