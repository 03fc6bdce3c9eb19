"""The order of upstreams."""

from collections import Counter
from math import factorial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.policy import Order, Policy, order_of

CHANCE = Random(1)  # noqa: S311  the same each time


@pytest.mark.parametrize("policy", list(Policy))
@given(count=st.integers(0, 15), times=st.integers(1, 5))
def test_everybody_is_there_once(policy: Policy, count: int, times: int) -> None:
    order: Order[int] = order_of(policy, CHANCE)

    for _ in range(times):
        assert sorted(order(range(count))) == list(range(count))


def test_sequential_keeps_the_order() -> None:
    order: Order[str] = order_of(Policy.SEQUENTIAL, CHANCE)

    assert [list(order("abc")) for _ in range(2)] == [list("abc"), list("abc")]


def test_round_robin_begins_with_the_next_one_each_time() -> None:
    order: Order[str] = order_of(Policy.ROUND_ROBIN, CHANCE)

    assert ["".join(order("abc")) for _ in range(4)] == ["abc", "bca", "cab", "abc"]


@pytest.mark.parametrize("letters", ["ab", "abc", "abcd"])
def test_every_order_is_as_likely_as_any_other(letters: str) -> None:
    order: Order[str] = order_of(Policy.RANDOM, CHANCE)
    likely = 6000 / factorial(len(letters))

    times = Counter("".join(order(letters)) for _ in range(6000))

    assert len(times) == factorial(len(letters))
    assert all(0.7 * likely < number < 1.3 * likely for number in times.values())


@pytest.mark.parametrize("letters", ["abc", "abcdef"])
def test_random_begins_with_everybody_equally_often(letters: str) -> None:
    order: Order[str] = order_of(Policy.RANDOM, CHANCE)

    firsts = Counter(order(letters)[0] for _ in range(1000 * len(letters)))

    assert all(900 < firsts[letter] < 1100 for letter in letters)
