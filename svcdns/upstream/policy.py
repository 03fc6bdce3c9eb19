"""In which order the upstreams of a stanza are asked; every question has an order of its own."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import count
from random import Random
from typing import TypeVar

T = TypeVar("T")

Order = Callable[[Sequence[T]], Sequence[T]]


class Policy(StrEnum):
    """The words of the Corefile."""

    RANDOM = "random"
    ROUND_ROBIN = "round_robin"
    SEQUENTIAL = "sequential"


def order_of(policy: Policy, chance: Random) -> Order[T]:
    """Return the function that puts upstreams in the order for the next question.

    Args:
        policy: how.
        chance: decides where the policy is random; need not be hard to guess.
    """
    if policy is Policy.SEQUENTIAL:
        return lambda upstreams: upstreams
    if policy is Policy.ROUND_ROBIN:
        turns = count()

        def round_robin(upstreams: Sequence[T]) -> Sequence[T]:
            turn = next(turns) % len(upstreams) if upstreams else 0
            return [*upstreams[turn:], *upstreams[:turn]]

        return round_robin
    return lambda upstreams: (
        chance.sample(upstreams, len(upstreams)) if len(upstreams) > 1 else upstreams
    )
