"""Exchanges that somebody looks at, until their responses have left."""

from collections.abc import Callable
from functools import partial

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.route.route import Route
from svcdns.route.stages import Client, Observed, ObserveStep
from svcdns.wire.codes import RCODE_MASK, RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Query, Question

_TRANSFERS = frozenset((RRType.AXFR, RRType.IXFR))


class Observing:
    """What the observers of one listener have not seen yet."""

    def __init__(
        self, clock: Callable[[], float], on_bug: Callable[[Exception, Query], None]
    ) -> None:
        """Begin with nothing.

        Args:
            clock: monotonic time in seconds.
            on_bug: is told of an exception in a step.
        """
        self._clock = clock
        self._on_bug = on_bug
        self._unobserved: list[tuple[tuple[ObserveStep, ...], Observed]] = []

    def remember(
        self,
        query: Query,
        client: Client,
        route: Route,
        answer: Outcome | None,
        response: bytes,
        started: float,
    ) -> bytes:
        """Remember the exchange for those who look at it; return `response`."""
        error = failure_of(answer)
        steps = route.observe_steps
        if route.error_steps and answer is not None and is_error(query.question, answer):
            steps += route.error_steps
        if error:
            steps += route.failure_steps
        if steps:
            observed = Observed(
                query=query,
                client=client,
                answer=answer,
                rcode=response[3] & RCODE_MASK,
                flags=int.from_bytes(response[2:4]),
                response_size=len(response),
                seconds=self._clock() - started,
                error=error,
                zone=route.zone,
                metadata=partial(route.metadata, query, client),
            )
            self._unobserved.append((steps, observed))
        return response

    def observe(self) -> None:
        """Let the observers see the exchanges whose responses have been sent."""
        unobserved, self._unobserved = self._unobserved, []
        for steps, observed in unobserved:
            for step in steps:
                try:
                    step(observed)
                except Exception as error:  # noqa: BLE001  the response has left; the others see it
                    self._on_bug(error, observed.query)


def is_error(question: Question, outcome: Outcome) -> bool:
    """Return whether an outcome is neither a success nor a denial, as `log` tells them apart."""
    if question.rrtype in _TRANSFERS:
        return True
    if outcome.rcode != RCode.NXDOMAIN:
        return outcome.rcode != RCode.NOERROR
    if isinstance(outcome, ForeignAnswer):
        return outcome.body.counts[0] > 0
    return bool(outcome.answer)


def failure_of(answer: Outcome | None) -> str:
    """Return what a failed answer has to say to the operator; a failure is said once."""
    if answer is None or answer.reason is None or answer.reason.code == InfoCode.CACHED_ERROR:
        return ""
    is_overload = answer.rcode == RCode.REFUSED and answer.reason.code == InfoCode.OTHER
    return answer.reason.text() if answer.rcode == RCode.SERVFAIL or is_overload else ""
