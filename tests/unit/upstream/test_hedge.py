"""A second upstream that is asked when the first takes long."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.hedge import first_of
from tests.support.virtual_time import run

Ask = Callable[[], Coroutine[Any, Any, str]]


def answering(text: str, seconds: float) -> Ask:
    async def ask() -> str:
        await asyncio.sleep(seconds)
        return text

    return ask


def failing(text: str, seconds: float) -> Ask:
    async def ask() -> str:
        await asyncio.sleep(seconds)
        raise UpstreamError(text)

    return ask


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (answering("first", 0.5), answering("second", 0), "first"),
        (answering("first", 5), answering("second", 1), "second"),
        (answering("first", 2), answering("second", 5), "first"),
        (failing("first", 0.5), answering("second", 1), "second"),
        (failing("first", 2), answering("second", 3), "second"),
        (answering("first", 3), failing("second", 0), "first"),
    ],
)
def test_whoever_answers_first_is_believed(first: Ask, second: Ask, answer: str) -> None:
    assert run(first_of(first, second, 1.0), limit_seconds=60) == answer


def test_when_both_fail_the_first_ones_failure_counts() -> None:
    with pytest.raises(UpstreamError, match="first"):
        run(first_of(failing("first", 0), failing("second", 1), 1.0), limit_seconds=60)
