import pytest

from svcdns.answers.name_rules import (
    Exact,
    InvalidNameError,
    Regex,
    Remapped,
    Suffix,
    read_template,
)
from svcdns.answers.rewriting import Codes, Owners, TTLs, Values
from svcdns.route.query_options import Action, Fixed, OptionRule
from svcdns.route.query_rules import (
    AnswerRule,
    NameRule,
    NumberRule,
    Passage,
    Rule,
    act,
    reach_of,
    restored_suffix,
)
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, Question
from tests.support.stubs import FixedClient, question

LABELS = {"kubernetes/client-namespace": "Shop"}
CODE = Codes(3, 0)


def passage_of(name: str, rrtype: int = 1, rrclass: int = 1) -> Passage:
    asked = question(name, rrtype, rrclass)
    query = Query(1, 0x0100, asked, None, 40)
    return Passage(query, FixedClient(), lambda query, _: LABELS if query.id == 1 else {})


def led(name: str, *rules: Rule) -> Passage:
    """Return a query for `name` after the rules."""
    passage = passage_of(name)
    act(rules, passage)
    return passage


def test_another_name_is_asked_for_and_the_clients_question_is_kept() -> None:
    passage = led("WWW.a.example.", NameRule(False, Exact("www.a.example.", "B.Example.")))

    assert passage.query.question == question("b.example.")
    assert passage.asked == (question("WWW.a.example."), question("b.example."))
    assert passage.asked.is_renamed
    assert passage.changes == ()


def test_a_rule_that_is_not_meant_changes_nothing() -> None:
    passage = led(
        "www.a.example.",
        NameRule(False, Exact("b.example.", "c.example.")),
        NumberRule(False, "rrtype", 28, 1),
        NumberRule(False, "rrclass", 3, 1),
        AnswerRule(False, Exact("b.example."), CODE),
    )

    assert passage.query is passage.original
    assert passage.changes == ()


def test_the_first_rule_that_is_meant_is_the_last() -> None:
    passage = led("a.", NameRule(False, Exact("a.", "b.")), NameRule(False, Exact("b.", "c.")))

    assert passage.name == "b."


def test_a_rule_that_goes_on_hands_its_name_to_the_next() -> None:
    passage = led(
        "a.",
        NameRule(True, Exact("a.", "b."), is_restored=True),
        AnswerRule(True, Exact("b."), CODE),
        NameRule(True, Exact("b.", "c."), changes=(TTLs(1, 2),)),
    )

    back = Remapped("b.", "a.")
    assert passage.name == "c."
    assert passage.changes == (Owners(back), Values(back), CODE, TTLs(1, 2))


def test_names_come_back_as_they_were_before_the_rule() -> None:
    (owners, _) = restored_suffix(".a.", ".b.")

    assert isinstance(owners, Owners)
    assert owners.new("x.b.") == "x.a."


def test_what_is_no_name_is_an_error() -> None:
    with pytest.raises(InvalidNameError):
        led("x.a.", NameRule(True, Suffix("a.", ".b.")))


def test_metadata_are_those_of_the_query_as_it_came() -> None:
    template = read_template("{1}.{kubernetes/client-namespace}.svc.", 1, labelled=True)
    regex = Regex(lambda name: (name, name[:-1]), template)

    passage = led(
        "web.", NumberRule(True, "rrtype", 1, 28), NameRule(False, regex, per_client=True)
    )

    assert passage.name == "web.shop.svc."


def test_without_metadata_the_rule_is_not_meant() -> None:
    template = read_template("{a/b}.", 1, labelled=True)
    rule = NameRule(False, Regex(lambda name: (name,), template), per_client=True)

    passage = led("web.", rule, NameRule(False, Exact("web.", "x.")))

    assert passage.name == "x."


@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        (NumberRule(False, "rrtype", 28, 1), question("WWW.a.", 1, 1)),
        (NumberRule(False, "rrclass", 1, 3), question("WWW.a.", 28, 3)),
    ],
)
def test_type_and_class_are_asked_for_in_the_clients_letters(rule: Rule, instead: Question) -> None:
    passage = passage_of("WWW.a.", 28)

    assert rule.act(passage)
    assert passage.query.question == instead
    assert not passage.asked.is_renamed


@pytest.mark.parametrize(
    ("new", "is_open"),
    [
        (Exact("web.", "x."), False),
        (Suffix(".", ".x."), False),
        (Regex(lambda name: (name,), read_template("x.", 0)), True),
    ],
)
def test_names_of_which_any_number_leads_to_one_are_marked(new: Exact, *, is_open: bool) -> None:
    assert led("web.", NameRule(False, new)).is_open is is_open


def test_a_change_of_answers_may_be_for_all_names() -> None:
    assert led("any.", AnswerRule(False, None, CODE)).changes == (CODE,)


def test_rules_reach_what_any_of_them_finds_by_name_or_type() -> None:
    reach = reach_of(
        [
            NameRule(False, Exact("b.example.", "c.example.")),
            AnswerRule(True, Suffix(".d.example.", ""), CODE),
            NumberRule(False, "rrtype", 28, 1),
            NumberRule(False, "rrclass", 3, 1),
        ]
    )

    assert reach is not None
    assert reach.has is not None
    assert (reach.zones, reach.rrtypes) == ((), (28,))
    names = ("a.example.", "b.example.", "c.d.example.")
    assert [reach.has(from_text(name)) for name in names] == [False, True, True]


@pytest.mark.parametrize(
    "rule",
    [
        NameRule(False, Exact("b."), per_client=True),
        AnswerRule(False, None, CODE),
        NumberRule(False, "rrclass", 1, 3),
        OptionRule(False, Action.SET, 3, Fixed(b"")),
    ],
)
def test_a_rule_for_every_name_reaches_all(rule: Rule) -> None:
    assert reach_of([NameRule(False, Exact("c.")), rule]) is None


def test_rules_without_names_are_asked_about_none() -> None:
    reach = reach_of([NumberRule(False, "rrtype", 28, 1)])

    assert reach is not None
    assert reach.has is None
