"""A plan of many Services, made while this loop may have to answer queries.

A slice changes one Service; a list that came anew, or the first one, changes all of them.
"""

import asyncio
from collections.abc import Iterable

from svcdns.app.memory import settle
from svcdns.proxy.model import Desired
from svcdns.proxy.plan import Plan

SLICE_SECONDS = 0.001
"""How long a plan keeps the loop before others have their turn."""


async def desired_after(steps: Iterable[None], plan: Plan) -> Desired:
    """Return what the plan comes to after the steps, which are taken a few at a time.

    Nobody else may ask anything of the plan meanwhile.

    Args:
        steps: of `plan`, each short.
        plan: what they change.
    """
    loop = asyncio.get_running_loop()
    is_long = False
    pause_at = loop.time() + SLICE_SECONDS
    for _ in steps:
        if loop.time() >= pause_at:
            is_long = True
            await asyncio.sleep(0)
            pause_at = loop.time() + SLICE_SECONDS
    return await asyncio.to_thread(_settled, plan) if is_long else plan.desired()


def _settled(plan: Plan) -> Desired:
    """Return what very many Services come to; the collector need not look at it."""
    desired = plan.desired()
    settle()
    return desired
