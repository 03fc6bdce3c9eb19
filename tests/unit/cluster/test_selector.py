"""Selectors select what the same conditions select when they are written out naively."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.selector import Selector, parse_selector

KEYS = ("app", "tier", "example.com/part-of", "in")
VALUES = ("web", "db", "", "7", "12", "notin")
NUMBERS = ("7", "12")
BOUNDS = ("7", "11", "-3")

BLANKS = st.sampled_from(("", " ", "  "))
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))


class Wish(NamedTuple):
    """One condition, and how it is written."""

    key: str
    operator: str
    values: tuple[str, ...]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    operator = draw(st.sampled_from(("=", "==", "!=", "in", "notin", "exists", "!", ">", "<")))
    if operator in {"in", "notin"}:
        values = tuple(draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)))
    elif operator in {"exists", "!"}:
        values = ()
    else:
        values = (draw(st.sampled_from(BOUNDS if operator in {">", "<"} else VALUES)),)
    return Wish(draw(st.sampled_from(KEYS)), operator, values)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[Wish]]:
    conditions = draw(st.lists(wishes(), max_size=3))
    parts = []
    for key, operator, values in conditions:
        before, after = draw(BLANKS), draw(BLANKS)
        match operator:
            case "exists":
                parts.append(f"{before}{key}{after}")
            case "!":
                parts.append(f"{before}!{after}{key}")
            case "in" | "notin":
                listed = f"{before},{after}".join(values)
                parts.append(f"{key} {operator}{before}({listed}{after})")
            case _:
                parts.append(f"{before}{key}{after}{operator}{before}{values[0]}{after}")
    return ",".join(parts), conditions


def wanted(wish: Wish, labels: dict[str, str]) -> bool:
    value = labels.get(wish.key)
    match wish.operator:
        case "=" | "==" | "in":
            return value is not None and value in wish.values
        case "!=" | "notin":
            return value is None or value not in wish.values
        case "exists":
            return value is not None
        case "!":
            return value is None
        case _:
            if value not in NUMBERS:
                return False
            bound = int(wish.values[0])
            return int(value) > bound if wish.operator == ">" else int(value) < bound


@given(written(), LABELS)
def test_a_selector_selects_what_its_conditions_say(
    selector: tuple[str, list[Wish]], labels: dict[str, str]
) -> None:
    text, conditions = selector

    matches = parse_selector(text).matches(labels)

    assert matches is all(wanted(wish, labels) for wish in conditions)


@given(st.text(alphabet="ab,=!()<>in \t/.-1ä", max_size=20))
def test_any_text_is_a_selector_or_a_value_error_with_a_sentence(text: str) -> None:
    try:
        selector = parse_selector(text)
    except ValueError as error:
        said = str(error)
    else:
        said = repr(selector)

    assert len(said) > 10


def test_a_null_value_is_empty_text() -> None:
    assert parse_selector("app=").matches({"app": None})
    assert not parse_selector("app=web").matches({"app": None})


@pytest.mark.parametrize("text", ["", "   "])
def test_empty_text_selects_everything(text: str) -> None:
    assert parse_selector(text) == Selector()
    assert parse_selector(text).matches({})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("app=web,", "expected a label, found the end", id="comma at the end"),
        pytest.param("=web", "expected a label, found '='", id="no label"),
        pytest.param("app web", "expected one of = == != in notin > < after 'app'", id="blank"),
        pytest.param("app=a b", "expected ',' or the end before 'b'", id="two values"),
        pytest.param("app in web", "expected '(' after 'in' or 'notin'", id="no list"),
        pytest.param("app in (web", "expected ',' or ')' in the list of values", id="open list"),
        pytest.param("app in (a, b c)", "expected ',' or ')' in the list", id="blank in a list"),
        pytest.param("n > x", "expected a whole number after '>', found 'x'", id="no number"),
        pytest.param("n >", "expected a whole number, found the end", id="number missing"),
        pytest.param("-app", "'-app' cannot be the name of a label", id="name"),
        pytest.param("a/b/c", "'a/b/c' cannot be the name of a label", id="two slashes"),
        pytest.param("app=ä", "'ä' cannot be the value of a label", id="value"),
        pytest.param("app=" + "a" * 64, "cannot be the value of a label", id="64 characters"),
    ],
)
def test_a_mistake_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_selector(text)

    assert sentence in str(caught.value)
