from collections.abc import Callable
from types import CoroutineType
from typing import Any

import pytest

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.later import Later
from svcdns.answers.name_rules import Exact, Regex, Remapped, Suffix, read_template
from svcdns.answers.rewriting import Codes, Owners, Targets, TTLs
from svcdns.route.query_rules import AnswerRule, NameRule, NumberRule, Rule
from svcdns.route.rewriter import Rewriter
from svcdns.route.stages import Client
from svcdns.wire.codes import TC, RCode
from svcdns.wire.edns import Edns
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset, cname
from tests.support.stubs import FixedClient, addresses, question

TEN, TWENTY = b"\x0a\0\0\1", b"\x14\0\0\1"
ON_WEB: tuple[Dependency, ...] = (("service", "shop", "web"),)
TO_B = NameRule(False, Exact("a.example.", "b.example."), is_restored=True)
EDNS = Edns(1232, 0, dnssec_ok=False)
WHY = Reason(0, str, ("because",))


def unasked(asked: Question) -> Outcome | Later[Outcome | None] | None:
    raise AssertionError(asked)


def rewriter(
    *rules: Rule, ask: Callable[[Question], Outcome | Later[Outcome | None] | None] = unasked
) -> Rewriter:
    return Rewriter(rules, ask, ())


class Server:
    """All steps behind, with one answer to everything."""

    def __init__(self, outcome: Outcome | Later[Outcome]) -> None:
        self.outcome = outcome
        self.queries: list[Query] = []

    def rest(self, query: Query, client: Client) -> Outcome | Later[Outcome]:
        assert isinstance(client, FixedClient)
        self.queries.append(query)
        return self.outcome


def said(
    step: Rewriter, outcome: Outcome, name: str = "a.example.", edns: Edns | None = EDNS
) -> Outcome:
    """Return what a client is told whose question is answered with `outcome`."""
    query = Query(1, 0x0100, question(name), edns, 40)
    found = step.around(query, FixedClient(), Server(outcome).rest)
    assert isinstance(found, Answer | ForeignAnswer)
    return found


def foreign(owner: str, *rrsets: RRset, **fields: Any) -> ForeignAnswer:
    name = from_text(owner)
    return ForeignAnswer(name, compose(name, rrsets), **fields)


def owners(outcome: Outcome) -> list[OwnerName]:
    return [rrset.owner for rrset in opened(outcome).answer]


def test_another_name_is_asked_for_and_the_answer_is_about_the_clients() -> None:
    server = Server(Answer(answer=(addresses("b.example.", TEN),), depends_on=ON_WEB))
    query = Query(1, 0x0100, question("A.example."), None, 40)

    answer = rewriter(TO_B).around(query, FixedClient(), server.rest)

    assert [asked.question for asked in server.queries] == [question("b.example.")]
    assert answer == Answer(answer=(addresses("a.example.", TEN),), depends_on=ON_WEB)


def test_what_no_rule_is_meant_for_goes_through_untouched() -> None:
    outcome = foreign("c.example.")

    assert said(rewriter(TO_B), outcome, "c.example.") is outcome


def test_octets_stay_octets_as_long_as_the_name_does() -> None:
    outcome = foreign("a.example.", rcode=3)

    assert said(rewriter(NumberRule(False, "rrtype", 1, 28)), outcome) is outcome
    recoded = said(rewriter(AnswerRule(False, None, Codes(3, 0))), outcome)
    assert isinstance(recoded, ForeignAnswer)
    assert recoded.rcode == RCode.NOERROR


def test_octets_about_another_name_are_taken_apart() -> None:
    # Its owner is a pointer to a question that has as many octets as the client's.
    outcome = foreign("b.example.", addresses("b.example.", TEN), is_truncated=True)
    plain = NameRule(False, Exact("a.example.", "b.example."))

    kept, restored = said(rewriter(plain), outcome), said(rewriter(TO_B), outcome)

    assert owners(kept) == [from_text("b.example.")]
    assert owners(restored) == [from_text("a.example.")]
    assert opened(kept).raised == TC


async def test_an_answer_that_comes_later_is_changed_later() -> None:
    async def later() -> Outcome:
        return Answer(answer=(addresses("b.example.", TEN),))

    query = Query(1, 0x0100, question("a.example."), None, 40)
    found = rewriter(TO_B).around(query, FixedClient(), Server(later()).rest)

    assert isinstance(found, CoroutineType)
    assert owners(await found) == [from_text("a.example.")]


def test_silence_stays_silence() -> None:
    silence = Answer(is_silent=True)

    assert said(rewriter(TO_B, AnswerRule(False, None, Codes(0, 3))), silence) is silence


def test_a_name_that_is_none_fails_and_nobody_is_asked() -> None:
    server = Server(Answer())
    query = Query(1, 0x0100, question("x.a."), None, 40)

    answer = rewriter(NameRule(False, Suffix("a.", ".b."))).around(
        query, FixedClient(), server.rest
    )

    assert isinstance(answer, Answer)
    assert answer.rcode is RCode.SERVFAIL
    assert answer.reason is not None
    assert answer.reason.text() == "invalid name after rewrite: x..b."
    assert server.queries == []


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Answer(answer=(addresses("b.example.", TEN),)), "invalid name after rewrite: x..b."),
        (
            ForeignAnswer(from_text("b.example."), Body((1, 0, 0), b"\xc0")),
            "the answer cannot be read: a name is cut off",
        ),
    ],
)
def test_an_answer_that_cannot_be_changed_fails(outcome: Outcome, text: str) -> None:
    rule = NameRule(
        False, Exact("a.example.", "b.example."), changes=(Owners(Exact("b.example.", "x..b.")),)
    )

    failed = said(rewriter(rule), outcome)

    assert failed.rcode == RCode.SERVFAIL
    assert failed.reason is not None
    assert failed.reason.text() == text


@pytest.mark.parametrize(
    ("old", "new", "edns", "code"),
    [
        (RCode.NXDOMAIN, 0, EDNS, 0),
        (RCode.NXDOMAIN, 23, EDNS, 23),
        (RCode.NXDOMAIN, 23, None, RCode.SERVFAIL),
        (RCode.NXDOMAIN, 15, None, 15),
        (RCode.REFUSED, 0, EDNS, RCode.NXDOMAIN),
    ],
)
def test_a_code_is_changed_and_one_over_four_bits_needs_edns(
    old: int, new: int, edns: Edns | None, code: int
) -> None:
    step = rewriter(AnswerRule(False, None, Codes(old, new)))

    assert said(step, Answer(RCode.NXDOMAIN), edns=edns).rcode == code


def test_an_answer_with_a_new_code_is_computed_each_time() -> None:
    step = rewriter(AnswerRule(False, None, Codes(3, 0)))

    assert said(step, Answer(RCode.NXDOMAIN, depends_on=ON_WEB)).depends_on is None
    assert said(step, Answer(RCode.NOERROR, depends_on=ON_WEB)).depends_on == ON_WEB


def test_a_failure_that_a_rule_makes_is_none_for_the_log() -> None:
    step = rewriter(AnswerRule(False, None, Codes(3, 2)))

    assert said(step, Answer(RCode.NXDOMAIN, reason=WHY)).reason is None


def test_names_that_a_pattern_made_are_kept_when_they_are_asked_for_again() -> None:
    regex = Regex(lambda name: (name,), read_template("web.", 0))
    step = rewriter(NameRule(False, regex))
    answer = Answer(answer=(addresses("web.", TEN),), depends_on=ON_WEB)

    kept = [said(step, answer, name).depends_on for name in ("a.", "b.", "a.", "b.")]

    assert kept == [None, None, ON_WEB, ON_WEB]


def test_what_counts_its_hits_is_not_kept_as_records() -> None:
    counted = foreign("b.example.", depends_on=("tick",), on_hits=lambda _: None)

    assert said(rewriter(TO_B), counted).depends_on is None


MOVED = AnswerRule(False, None, Targets(Exact("old.cdn.", "new.cdn.")))
ALIAS = Answer(
    answer=(cname(from_text("a.example."), 60, from_text("old.cdn.")), addresses("old.cdn.", TEN)),
    depends_on=ON_WEB,
)
LINK = cname(from_text("a.example."), 60, from_text("new.cdn."))


@pytest.mark.parametrize(
    ("inner", "behind", "flags"),
    [
        (Answer(answer=(addresses("new.cdn.", TWENTY),)), (addresses("new.cdn.", TWENTY),), 0),
        (foreign("new.cdn.", is_truncated=True), (), TC),
        (Answer(RCode.NXDOMAIN), (), 0),
    ],
)
def test_a_cname_leads_to_what_the_whole_server_says(
    inner: Outcome, behind: tuple[RRset, ...], flags: int
) -> None:
    asked: list[Question] = []

    def ask(wanted: Question) -> Outcome:
        asked.append(wanted)
        return inner

    answer = opened(said(rewriter(MOVED, ask=ask), ALIAS))

    assert asked == [question("new.cdn.")]
    assert answer.answer == (LINK, *behind)
    assert (answer.rcode, answer.raised, answer.depends_on) == (RCode.NOERROR, flags, None)


@pytest.mark.parametrize("inner", [None, Answer(is_silent=True)])
def test_a_cname_stays_when_nobody_knows_the_new_target(inner: Outcome | None) -> None:
    answer = said(rewriter(MOVED, ask=lambda _: inner), ALIAS)

    assert opened(answer).answer == ALIAS.answer


def test_records_behind_a_new_target_are_as_they_were_found() -> None:
    shorter = AnswerRule(True, None, TTLs(0, 9))
    found = addresses("new.cdn.", TWENTY, ttl=60)

    answer = said(rewriter(shorter, MOVED, ask=lambda _: Answer(answer=(found,))), ALIAS)

    link, behind = opened(answer).answer
    assert (link.ttl, behind) == (9, found)


def test_answers_come_back_through_all_rules() -> None:
    step = rewriter(
        NameRule(True, Exact("a.", "b."), is_restored=True),
        NameRule(False, Exact("b.", "c."), changes=(Owners(Remapped("c.", "b.")),)),
    )

    assert owners(said(step, Answer(answer=(addresses("c.", TEN),)), "a.")) == [from_text("a.")]
