"""The `template` stanzas of a server block, tried one after the other, and their CNAMEs followed.

What one stanza answers is `parts.template_rule`'s business.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.go_template import Struct
from svcdns.answers.later import Later, then
from svcdns.plugins.parts.template_rule import Labels, RecordError, Rule, Sections, values_of
from svcdns.route.directive import Scope
from svcdns.route.stages import Client
from svcdns.telemetry.plugin_metrics import (
    TEMPLATE_FAILURES,
    TEMPLATE_MATCHES,
    TEMPLATE_RR_FAILURES,
)
from svcdns.wire.codes import RCODE_MASK, TC, RCode, RRType, rcode_text, type_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, to_text
from svcdns.wire.question import Query, Question
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.rrset import RRset

_REMEMBERED = 16_384
"""Questions that are known to have been asked once."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What a rule has said so far; CNAMEs are still to be followed."""

    rule: Rule
    question: Question
    records: Sections
    depends_on: tuple[Dependency, ...] | None
    raised: int = 0
    reason: Reason | None = None


class Templates:
    """All stanzas of one server block."""

    def __init__(self, rules: tuple[Rule, ...], scope: Scope) -> None:
        self._rules = tuple(
            (rule, rule.depends_on_question_alone and rule.rcode <= RCODE_MASK) for rule in rules
        )
        """Each with whether its answers may be kept."""
        self._scope = scope
        self._asked_once: set[bytes] = set()
        self._matches: Counter[Labels] = Counter()
        self._failures: Counter[tuple[Labels, str, str, bool]] = Counter()

    def tick(self, _now: float) -> None:
        """Hand over what was counted."""
        server, metrics = self._scope.server, self._scope.metrics
        # What a kept answer takes back for now stays here: counters never go back.
        for labels, number in list(self._matches.items()):
            if number > 0:
                zone, rrclass, rrtype = labels
                metrics.add(TEMPLATE_MATCHES, server, zone, "", rrclass, rrtype, by=number)
                del self._matches[labels]
        failures, self._failures = self._failures, Counter()
        for (labels, section, template, rendered), number in failures.items():
            zone, rrclass, rrtype = labels
            metric = TEMPLATE_RR_FAILURES if rendered else TEMPLATE_FAILURES
            words = (server, zone, "", rrclass, rrtype, section, template)
            metrics.add(metric, *words, by=number)

    def answer(self, query: Query, client: Client) -> Answer | Later[Answer] | None:
        """Return the answer of the first stanza that has one; None: nobody is meant.

        An answer that nothing but the question decides may be kept.
        """
        question = query.question
        name = to_text(question.owner)
        for rule, is_alike in self._rules:
            zone = rule.zone_for(query)
            if zone is None:
                continue
            matched = rule.match(name)
            if matched is not None:
                labels = rule.labels(query, zone)
                self._matches[labels] += 1
                values = values_of(query, client, labels, matched, self._scope.offers.labels)
                return self._made(rule, question, labels, values, may_keep=is_alike)
            if not rule.passes_on(question.owner):
                return _failed(_no_match, rule, question.owner)
        return None

    def _made(
        self, rule: Rule, question: Question, labels: Labels, values: Struct, *, may_keep: bool
    ) -> Answer | Later[Answer]:
        if rule.rcode == RCode.SERVFAIL:
            return _failed(_says, rule, question.owner, question.rrtype)
        try:
            records = rule.records(values)
        except RecordError as error:
            self._failures[labels, error.section, error.template, error.rendered] += 1
            return _failed(_broken, rule, question.owner, error.problem)
        depends_on = () if may_keep and self._is_worth_keeping(rule, question) else None
        made = _Made(rule, question, records, depends_on)
        whole = self._followed(made, records.answer, ())
        return then(whole, lambda made: _answer(made, partial(self._count_again, labels)))

    def _is_worth_keeping(self, rule: Rule, question: Question) -> bool:
        """Return whether somebody asked this lately, and remember it.

        A pattern has answers to any number of names: those asked once evict nothing. Names that
        do not exist are counted where they are kept.
        """
        key = question.key
        if rule.rcode == RCode.NXDOMAIN or key in self._asked_once:
            return True
        if len(self._asked_once) >= _REMEMBERED:
            self._asked_once.clear()
        self._asked_once.add(key)
        return False

    def _count_again(self, labels: Labels, hits: int) -> None:
        self._matches[labels] += hits

    def _followed(
        self, made: _Made, left: tuple[RRset, ...], done: tuple[RRset, ...]
    ) -> _Made | Later[_Made]:
        """Return what was made, with `done`, then `left` and what its CNAMEs lead to."""
        at = next((at for at, rrset in enumerate(left) if _leads_on(rrset, made.question)), None)
        if at is None:
            return replace(made, records=made.records._replace(answer=(*done, *left)))
        before, behind = (*done, *left[: at + 1]), left[at + 1 :]
        target = OwnerName(left[at].records[0].lower())
        asked = self._scope.ask(Question.of(target, made.question.rrtype))
        return then(
            asked,
            lambda outcome: self._followed(*_linked(made, target, outcome, before, behind)),
        )


def _leads_on(rrset: RRset, question: Question) -> bool:
    """Return whether the target of a CNAME has to be looked up for `question`."""
    return (
        rrset.rrtype == RRType.CNAME
        and question.rrtype in (RRType.A, RRType.AAAA)
        and rrset.records[0].lower() != question.owner
    )


def _linked(
    made: _Made,
    target: OwnerName,
    outcome: Outcome | None,
    before: tuple[RRset, ...],
    behind: tuple[RRset, ...],
) -> tuple[_Made, tuple[RRset, ...], tuple[RRset, ...]]:
    """Return what was made, what is left to be looked at, and what is done.

    What the target has is put behind its CNAME; whatever went wrong there, the CNAME stays.
    """
    inner = _readable(outcome)
    found: tuple[RRset, ...] = ()
    depends_on: tuple[Dependency, ...] | None = None
    if inner is not None:
        found = tuple(rrset for rrset in inner.answer if rrset not in before)
        is_lasting = inner.rcode in (RCode.NOERROR, RCode.NXDOMAIN)
        if is_lasting and made.depends_on is not None and inner.depends_on is not None:
            depends_on = tuple(dict.fromkeys(made.depends_on + inner.depends_on))
    reason = made.reason
    if not found:
        cause = inner.reason if inner is not None else None
        reason = Reason(InfoCode.OTHER, _unresolved, (made.rule.place, target, cause))
    is_cut = isinstance(outcome, ForeignAnswer) and outcome.is_truncated
    raised = made.raised | TC if is_cut else made.raised
    further = replace(made, depends_on=depends_on, reason=reason, raised=raised)
    return further, behind, (*before, *found)


def _readable(outcome: Outcome | None) -> Answer | None:
    try:
        return None if outcome is None else opened(outcome)
    except MalformedMessageError:
        return None


def _answer(made: _Made, on_hits: Callable[[int], None]) -> Answer:
    rule, question = made.rule, made.question
    reason = made.reason
    if rule.rcode or not made.records.answer:
        facts = (rule, question.owner, question.rrtype)
        reason = Reason(InfoCode.OTHER, _says, facts)
    if rule.error is not None:
        code, text = rule.error
        reason = Reason(code, str, (text,))
    return Answer(
        rule.rcode,  # type: ignore[arg-type]  # any number may be said
        answer=made.records.answer,
        authority_records=made.records.authority,
        additional=made.records.additional,
        reason=reason,
        depends_on=made.depends_on,
        written_by="template",
        raised=made.raised,
        on_hits=on_hits,
    )


def _failed(sentence: Callable[..., str], *facts: object) -> Answer:
    reason = Reason(InfoCode.OTHER, sentence, facts)
    return Answer(RCode.SERVFAIL, authoritative=False, reason=reason, written_by="template")


def _says(rule: Rule, owner: OwnerName, rrtype: int) -> str:
    """Say that the Corefile wants this answer."""
    what = rcode_text(rule.rcode) if rule.rcode else f"no {type_text(rrtype)} record"
    return f"the template at {rule.place} answers {to_text(owner)} with {what}"


def _no_match(rule: Rule, owner: OwnerName) -> str:
    return (
        f"the template at {rule.place} is for {to_text(owner)}, but no 'match' of it is; "
        "'fallthrough' would pass the name on"
    )


def _broken(rule: Rule, owner: OwnerName, problem: str) -> str:
    return f"the template at {rule.place} failed for {to_text(owner)}: {problem}"


def _unresolved(place: str, target: OwnerName, cause: Reason | None) -> str:
    why = f": {cause.text()}" if cause is not None else ""
    return f"the template at {place} leads to {to_text(target)}, which has no address{why}"
