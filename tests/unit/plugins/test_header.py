import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.plugins.header import DIRECTIVE, Change, Rules, build
from svcdns.wire.codes import AA, AD, RA, RD, TC
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of
from tests.support.foreign import Upstream, foreign, query_for
from tests.support.stubs import FixedClient, question

WWW = question("www.example.")
BITS = {"aa": AA, "ra": RA, "rd": RD}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("header {\nresponse set ra\n}", Rules(response=Change(RA))),
        (
            "header {\nresponse set ra aa\nresponse clear rd\n}",
            Rules(Change(), Change(RA | AA, RD)),
        ),
        ("header {\nquery set rd\n}", Rules(Change(RD))),
        ("header {\nQUERY Clear RD\n}", Rules(Change(0, RD))),
        ("header {\nresponse set ra\nresponse clear ra\n}", Rules(response=Change(0, RA))),
    ],
)
def test_settings(text: str, rules: Rules) -> None:
    assert settings_of(DIRECTIVE, text) == rules


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "header",
            "<header> header: Wrong argument count or unexpected line ending after 'header'",
            "give it a block with: response set ra",
        ),
        (
            "header {\nanswer set ra\n}",
            (
                "<answer> header: setting up rule: "
                "invalid selector=answer should be query or response"
            ),
            "write: response set ra",
        ),
        (
            "header {\nresponse\n}",
            "<response> header: setting up rule: no flag action provided",
            "write: response set ra",
        ),
        (
            "header {\nresponse raise ra\n}",
            ("<raise> header: setting up rule: unknown flag action=raise, should be set or clear"),
            "write: response set ra",
        ),
        (
            "header {\nresponse set\n}",
            (
                "<set> header: setting up rule: "
                "invalid length for flags, at least one should be provided"
            ),
            "write: response set ra",
        ),
        (
            "header {\nresponse set ad\n}",
            "<ad> header: setting up rule: unknown/unsupported flag=ad",
            "known are: aa, ra, rd",
        ),
    ],
)
def test_mistakes(text: str, problem: str, hint: str) -> None:
    assert problems_of(DIRECTIVE, text) == [(problem, hint)]


def test_a_second_stanza_is_warned_of() -> None:
    text = "header {\nresponse set ra\n}\nheader {\nresponse set aa\n}"

    assert warnings_of(DIRECTIVE, text) == [
        "header: only the first 'header' of a server block is used"
    ]


def said(rules: Rules, outcome: Outcome, flags: int = RD) -> tuple[Outcome, int]:
    """Return what comes out, and the flags of the query behind."""
    upstream = Upstream(lambda _: outcome)
    around = build(rules, FixedScope()).around
    assert around is not None
    answer = around(query_for(WWW, flags=flags), FixedClient(), upstream)
    assert isinstance(answer, Answer | ForeignAnswer)
    return answer, upstream.queries[0].flags


@pytest.mark.parametrize("outcome", [Answer(depends_on=(b"\1",)), foreign(WWW)])
def test_bits_of_the_response_are_set_and_cleared(outcome: Outcome) -> None:
    answer, _ = said(Rules(response=Change(RA, AA)), outcome)

    assert (answer.raised, answer.lowered) == (RA, AA)
    assert answer.depends_on == outcome.depends_on


def test_bits_that_others_changed_stay_or_are_overruled() -> None:
    answer, _ = said(Rules(response=Change(RA, TC)), Answer(raised=AD | TC, lowered=RA | RD))

    assert (answer.raised, answer.lowered) == (AD | RA, RD | TC)


@pytest.mark.parametrize(
    ("change", "flags", "behind", "raised", "lowered"),
    [
        (Change(RD), 0, RD, RD, 0),
        (Change(0, RD), RD | AD, AD, 0, RD),
        (Change(AA), RD, RD | AA, 0, 0),
    ],
)
def test_rd_of_a_response_is_what_the_query_says_behind(
    change: Change, flags: int, behind: int, raised: int, lowered: int
) -> None:
    answer, seen = said(Rules(query=change), Answer(), flags)

    assert seen == behind
    assert (answer.raised, answer.lowered) == (raised, lowered)


@given(st.lists(st.tuples(st.sampled_from(("set", "clear")), st.sampled_from(sorted(BITS)))))
def test_of_two_rules_about_one_flag_the_later_counts(lines: list[tuple[str, str]]) -> None:
    lines = [("set", "aa"), *lines]
    block = "\n".join(f"response {action} {flag}" for action, flag in lines)

    change = settings_of(DIRECTIVE, f"header {{\n{block}\n}}").response

    last = {flag: action for action, flag in lines}
    assert not change.raised & change.lowered
    for flag, action in last.items():
        assert bool(change.raised & BITS[flag]) is (action == "set")
        assert bool(change.lowered & BITS[flag]) is (action == "clear")
