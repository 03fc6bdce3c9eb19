"""A configuration is built in a thread, while another one answers.

Reading the zone files of a configuration may take seconds, and nobody's query waits for that.
What directives say to the process while they are built is kept until the thread has ended:
neither the metrics nor the log are made for two threads.
"""

import asyncio
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from svcdns.app.build import Configuration, Surroundings, configure
from svcdns.route.compile import Plan
from svcdns.route.directive import Metrics

TURN_SECONDS = 0.0002
"""How long the thread with the queries waits for one that computes; Python's own is 5 ms."""


def give_way() -> None:
    """Let threads that compute make room for the one with the queries soon."""
    sys.setswitchinterval(TURN_SECONDS)


async def configure_apart(plans: Iterable[Plan], around: Surroundings) -> Configuration:
    """Return what `configure` does; what runs on the loop goes on running meanwhile.

    Raises:
        StartError: as `configure` does; then what the directives said is forgotten.
    """
    words = Words(around.metrics, around.log)
    configuration = await asyncio.to_thread(
        configure, plans, replace(around, metrics=words, log=words.log)
    )
    words.pass_on()
    return configuration


class Words:
    """What directives say to the process. Implements `route.directive.Metrics`."""

    def __init__(self, metrics: Metrics, log: Callable[[str], None]) -> None:
        """Keep everything until `pass_on`."""
        self._metrics = metrics
        self._log = log
        self._kept: list[Callable[[], None]] | None = []

    def add(self, metric: Any, *labels: str, by: float = 1) -> None:
        """Count something."""
        self._say(partial(self._metrics.add, metric, *labels, by=by))

    def set(self, metric: Any, value: float, *labels: str) -> None:
        """Say how something stands now."""
        self._say(partial(self._metrics.set, metric, value, *labels))

    def observe_all(self, metric: Any, values: Collection[float], *labels: str) -> None:
        """Put values into a histogram."""
        self._say(partial(self._metrics.observe_all, metric, values, *labels))

    def log(self, line: str) -> None:
        """Write one line."""
        self._say(partial(self._log, line))

    def pass_on(self) -> None:
        """Say what was kept, in its order; from now on nothing is kept."""
        kept, self._kept = self._kept or (), None
        for word in kept:
            word()

    def _say(self, word: Callable[[], None]) -> None:
        if self._kept is None:
            word()
        else:
            self._kept.append(word)
