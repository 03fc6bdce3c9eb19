"""One server block, compiled: which steps a query meets, in which order.

The order of the steps is the order of the directives in `plugins`, never that of the Corefile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import LATER, Later, then
from svcdns.route.errand import Keeper, Reach, Sender, Way
from svcdns.route.render import Manner
from svcdns.route.stages import (
    AnswerStep,
    AroundStep,
    Client,
    MetadataStep,
    ObserveStep,
    Rest,
    Steps,
)
from svcdns.wire.codes import RCode, RRClass, class_text
from svcdns.wire.edns import SERVER_SIZE, InfoCode
from svcdns.wire.name import ROOT, OwnerName, to_text
from svcdns.wire.question import Query


def _nobody_answers(zone: str, owner: OwnerName, rrclass: int) -> str:
    if rrclass != RRClass.IN:
        return (
            f"no next plugin found: no directive of the server block '{zone}' answers "
            f"{to_text(owner)} in class {class_text(rrclass)}; of all directives chaos, forward, "
            "template and whoami do"
        )
    return (
        f"no next plugin found: no directive of the server block '{zone}' answers "
        f"{to_text(owner)}; add one that does, or if 'fallthrough' passed the name on, "
        "take that away"
    )


def _nobody_serves(zone: str, owner: OwnerName) -> str:
    return f"no zone of the server block '{zone}' has {to_text(owner)}"


def chain(steps: Sequence[Steps], zone: str) -> Rest:
    """Return all steps as one: it asks each in turn until one answers.

    Args:
        steps: in the order in which they act.
        zone: the server block's, for the answer when no step has one.
    """
    last = next((step for step in reversed(steps) if step.answer or step.around), None)
    rest: Rest = partial(_refused if last is not None and last.refuses else _no_answer, zone)
    waiting: list[AnswerStep] = []
    keeps_nothing = False
    for step in reversed(steps):
        if step.answer is not None:
            if step.answers_all:
                rest, waiting = step.answer, []  # type: ignore[assignment]  # never None
            elif step.is_volatile and not keeps_nothing:
                rest, waiting = _volatile(step.answer, _first_of(waiting, rest)), []
            else:
                waiting.insert(0, step.answer)
            keeps_nothing = step.answers_all
        if step.around is not None:
            rest, waiting = _around(step.around, _first_of(waiting, rest)), []
            keeps_nothing = False
    return _first_of(waiting, rest)


def way_of(steps: Sequence[Steps]) -> Way | None:
    """Return the way of errands through `steps`, see `route.errand`; None: there is none."""
    keeper: Keeper | None = None
    reaches: list[Reach] = []
    for step in steps:
        if step.answer is None and step.around is None:
            continue
        if step.sender is not None:
            return _way(step.sender, keeper, reaches)
        if step.reach is not None:
            reaches.append(step.reach)
        elif step.keeper is not None and keeper is None:
            keeper = step.keeper
            reaches.append(Reach(zones=keeper.excepted))
        else:
            return None
    return None


def _way(sender: Sender, keeper: Keeper | None, reaches: Sequence[Reach]) -> Way | None:
    """Return the way to `sender`, past all that steps before it may be for; None: that is all."""
    zones = tuple(zone for reach in reaches for zone in reach.zones)
    if ROOT in zones:
        return None
    rrtypes = frozenset(rrtype for reach in reaches for rrtype in reach.rrtypes)
    names = tuple(reach.has for reach in reaches if reach.has is not None)
    return Way(sender, keeper, zones, rrtypes, names)


def _volatile(step: AnswerStep, rest: Rest) -> Rest:
    """Return a step and `rest`, whose answers are not kept: the step may have one next time."""

    def others(query: Query, client: Client) -> Outcome | Later[Outcome]:
        outcome = rest(query, client)
        if isinstance(outcome, Answer | ForeignAnswer):
            return _for_now(outcome)
        return then(outcome, _for_now)

    return _first_of([step], others)


def _for_now(outcome: Outcome) -> Outcome:
    """Return `outcome`, not to be kept for longer than this second."""
    if isinstance(outcome, Answer) and outcome.depends_on is not None:
        return replace(outcome, depends_on=None)
    return outcome


def _around(step: AroundStep, rest: Rest) -> Rest:
    return lambda query, client: step(query, client, rest)


def _first_of(steps: Sequence[AnswerStep], rest: Rest) -> Rest:
    """Return the steps as one, with `rest` behind them."""
    if not steps:
        return rest
    numbered = tuple(
        (step, _first_of(steps[number:], rest)) for number, step in enumerate(steps, 1)
    )

    def first(query: Query, client: Client) -> Outcome | Later[Outcome]:
        for step, others in numbered:
            answer = step(query, client)
            if answer is None:
                continue
            if isinstance(answer, LATER):
                return then(answer, partial(_or_else, others, query, client))
            return answer  # type: ignore[return-value]  # it is no coroutine
        return rest(query, client)

    return first


def _or_else(
    others: Rest, query: Query, client: Client, found: Outcome | None
) -> Outcome | Later[Outcome]:
    """Return `found`, or what the others say if that is nothing."""
    return others(query, client) if found is None else found


def _no_answer(zone: str, query: Query, client: Client) -> Outcome:  # noqa: ARG001  a Rest
    return Answer(
        RCode.SERVFAIL,
        authoritative=False,
        reason=Reason(
            InfoCode.OTHER, _nobody_answers, (zone, query.question.owner, query.question.rrclass)
        ),
        written_by="",
    )


def _refused(zone: str, query: Query, client: Client) -> Outcome:  # noqa: ARG001  a Rest
    return Answer(
        RCode.REFUSED,
        authoritative=False,
        reason=Reason(InfoCode.NOT_AUTHORITATIVE, _nobody_serves, (zone, query.question.owner)),
        written_by="",
    )


_NO_STEPS = partial(_no_answer, ".")


@dataclass(frozen=True, slots=True)
class Route:
    """The steps of one server block for one of its keys."""

    zone: str
    """The key as metrics and logs name it: lower case, with the final dot."""
    name: OwnerName
    answer: Rest = _NO_STEPS
    """All its steps as one."""
    way: Way | None = None
    """That of errands."""
    metadata_steps: tuple[MetadataStep, ...] = ()
    observe_steps: tuple[ObserveStep, ...] = ()
    error_steps: tuple[ObserveStep, ...] = ()
    """See only errors, which are never kept then: the fast lane goes on."""
    failure_steps: tuple[ObserveStep, ...] = ()
    """See only exchanges that failed, which no entry ever does: the fast lane goes on."""
    rotate: bool = False
    measured: bool = False
    per_client: bool = False
    """Answers depend on who asks: none is kept."""
    any_class: bool = False
    udp_limit: int = SERVER_SIZE
    options: tuple[Callable[[Query], bytes], ...] = ()
    refuses: bool = False
    """The block is empty: there is nothing that could answer or fail."""

    @property
    def is_bare(self) -> bool:
        """Whether all responses to one question are alike, so that the fast lane may answer."""
        return not self.observe_steps and not self.options and self.udp_limit >= SERVER_SIZE

    @property
    def measured_as(self) -> str:
        """The zone that metrics name; empty: exchanges are not counted."""
        return self.zone if self.measured else ""

    def manner(self, query: Query, *, stream: bool) -> Manner:
        """Return how responses to `query` are said here."""
        options = b""
        if self.options and query.edns is not None:
            options = b"".join(option(query) for option in self.options)
        return Manner(stream, self.udp_limit, options)

    def metadata(self, query: Query, client: Client) -> Mapping[str, str]:
        """Return the labels of all directives for one query."""
        labels: dict[str, str] = {}
        for step in self.metadata_steps:
            labels.update(step(query, client))
        return labels
