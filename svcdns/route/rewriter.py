"""The step that lets rules act on queries, and changes their answers as the rules want.

Source: the directive `rewrite` of CoreDNS, as observed.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.chase import Ask
from svcdns.answers.foreign import Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.name_rules import InvalidNameError
from svcdns.answers.rewriting import Codes, changed, followed, new_code
from svcdns.route.query_rules import Passage, Rule, act
from svcdns.route.stages import Client, MetadataStep, Rest
from svcdns.wire.codes import RCODE_MASK, TC, RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Query, Question
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.rrset import RRset

_REMEMBERED = 16_384
"""Names asked for once, of those that patterns have made."""


class Rewriter:
    """The rules of one server block at work."""

    def __init__(self, rules: Sequence[Rule], ask: Ask, labels: Sequence[MetadataStep]) -> None:
        """Let `rules` act.

        Args:
            rules: in their order.
            ask: answers any question, for the new target of a CNAME.
            labels: what there is to say about a query; looked into when a rule needs it.
        """
        self._rules = rules
        self._ask = ask
        self._labels = labels
        self._asked_once: set[bytes] = set()

    def around(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        """Return what the rest says to the query the rules make, changed as they want."""
        passage = Passage(query, client, self._metadata)
        try:
            act(self._rules, passage)
        except InvalidNameError as error:
            return _failed(str(error))
        if not passage.changes and not passage.asked.is_renamed:
            return rest(passage.query, client)
        return then(rest(passage.query, client), partial(self._finish, passage))

    def _metadata(self, query: Query, client: Client) -> dict[str, str]:
        labels: dict[str, str] = {}
        for step in self._labels:
            labels.update(step(query, client))
        return labels

    def _finish(self, passage: Passage, outcome: Outcome) -> Outcome | Later[Outcome]:
        """Return `outcome`, an answer to the query of the rules, as one to the client's."""
        changes = passage.changes
        if isinstance(outcome, Answer) and outcome.is_silent:
            return outcome
        if not passage.asked.is_renamed and all(isinstance(one, Codes) for one in changes):
            return _coded(outcome, passage)
        try:
            answer = self._opened(passage, outcome)
            led = followed(answer, changes)
            if led is None:
                return _coded(changed(answer, passage.asked, changes), passage)
        except InvalidNameError as error:
            return _failed(str(error))
        except MalformedMessageError as error:
            return _failed(f"the answer cannot be read: {error}")
        links, target = led
        _, rrtype, rrclass, _ = passage.query.question
        inner = self._ask(Question.of(target, rrtype, rrclass))
        return then(inner, partial(_joined, passage, answer, links))

    def _opened(self, passage: Passage, outcome: Outcome) -> Answer:
        """Return `outcome` as records, to be kept only if that can be afforded."""
        answer = opened(outcome)
        if not isinstance(outcome, Answer) and outcome.on_hits is not None:
            return replace(answer, depends_on=None)  # an answer of records counts no hits
        if passage.is_open and answer.depends_on is not None and answer.rcode != RCode.NXDOMAIN:
            # A flood of names that all lead to one must not evict what others ask for.
            key = passage.original.question.key
            if key not in self._asked_once:
                if len(self._asked_once) >= _REMEMBERED:
                    self._asked_once.clear()
                self._asked_once.add(key)
                return replace(answer, depends_on=None)
        return answer


def _coded(outcome: Outcome, passage: Passage) -> Outcome:
    """Return `outcome` with the code that rules give it.

    A code of more than four bits needs a response with OPT.
    """
    code = new_code(outcome.rcode, passage.changes)
    if code == outcome.rcode:
        return outcome
    if code > RCODE_MASK and passage.original.edns is None:
        code = RCode.SERVFAIL
    # An operator wants this failure: there is nothing to tell in a log of failures.
    reason = None if code == RCode.SERVFAIL else outcome.reason
    # Computed each time: the table of ready answers knows missing names by their code, and keeps
    # them apart from others.
    return replace(outcome, rcode=code, reason=reason, depends_on=None)  # type: ignore[arg-type]  # any number


def _joined(
    passage: Passage, answer: Answer, links: tuple[RRset, ...], inner: Outcome | None
) -> Outcome:
    """Return the answer whose CNAMEs lead to what `inner` says; None: they stay as they were."""
    try:
        if inner is None or (isinstance(inner, Answer) and inner.is_silent):
            return _coded(changed(answer, passage.asked, passage.changes), passage)
        behind = opened(inner)
        beside = changed(replace(answer, answer=()), passage.asked, passage.changes)
    except InvalidNameError as error:
        return _failed(str(error))
    except MalformedMessageError as error:
        return _failed(f"the answer cannot be read: {error}")
    joined = replace(
        beside,
        answer=(*links, *behind.answer),
        raised=beside.raised & ~TC | behind.raised & TC,
        depends_on=None,
    )
    return _coded(joined, passage)


def _failed(why: str) -> Answer:
    return Answer(
        RCode.SERVFAIL,
        authoritative=False,
        reason=Reason(InfoCode.OTHER, str, (why,)),
        written_by="",
    )
