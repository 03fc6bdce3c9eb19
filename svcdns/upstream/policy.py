"""In which order the upstreams of a stanza are asked; every question has an order of its own."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import count, permutations
from operator import itemgetter
from random import Random
from typing import TypeVar

T = TypeVar("T")

Order = Callable[[Sequence[T]], Sequence[T]]

_PICKS = {
    size: tuple(itemgetter(*order) for order in permutations(range(size))) for size in (2, 3, 4)
}
"""By number of upstreams: what puts them in each order there is; drawing one takes far longer."""


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

    def at_random(upstreams: Sequence[T]) -> Sequence[T]:
        picks = _PICKS.get(len(upstreams))
        if picks is None:
            return chance.sample(upstreams, len(upstreams))
        picked: Sequence[T] = picks[int(chance.random() * len(picks))](upstreams)
        return picked

    return at_random
