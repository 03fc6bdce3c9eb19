"""Questions that differ in a number, for the one upstream of a test over TLS, HTTPS or QUIC."""

import asyncio

import pytest

from svcdns.upstream.asked import Asked
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.gathering import Gathering
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from svcdns.wire.reply import Reply


def of_number(number: int) -> Asked:
    """Return a question of its own for each number."""
    return Asked.of(Question.of(from_text(f"n{number}.example."), RRType.A))


async def ask(gathering: Gathering, number: int = 1, seconds: float = 2.0) -> Reply:
    """Return what the first upstream replies within so many seconds."""
    end = asyncio.get_running_loop().time() + seconds
    return await gathering.servers[0].ask(of_number(number), stream=False, until=end)


async def failure_of(gathering: Gathering, number: int = 1) -> str:
    """Return why there is no reply."""
    with pytest.raises(UpstreamError) as caught:
        await ask(gathering, number)
    return str(caught.value)
