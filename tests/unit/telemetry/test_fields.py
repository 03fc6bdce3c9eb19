"""Values as words of a line: quoted where they are not one, and never more than a line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.telemetry.fields import MAX_LINE, Field, cut, escaped, json_line, text_line


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("", '""', id="empty"),
        pytest.param('say "no"', r'"say \"no\""', id="quotes"),
        pytest.param("a\nb", r'"a\nb"', id="line end"),
        pytest.param("\x1b[31m", r'"\u001b[31m"', id="terminal control"),
        pytest.param("zöne", r'"z\u00f6ne"', id="not ASCII"),
        pytest.param("a=b", '"a=b"', id="equals sign"),
        pytest.param("https://10.0.0.1:443", "https://10.0.0.1:443", id="address"),
        pytest.param(ValueError("two words"), '"ValueError: two words"', id="exception"),
        pytest.param(0.1 + 0.2, "0.3", id="float"),
    ],
)
def test_a_value_is_quoted_when_it_is_not_one_word(value: Field, text: str) -> None:
    assert text_line("event", {"value": value}) == f"event value={text}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("a\nb", r"a\010b"),
        ("\x7f\x00", r"\127\000"),
        ("\u00e9", r"\195\169"),
        ("\udc80", r"\237\178\128"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_octets_outside_printable_ascii_are_numbers(text: str, line: str) -> None:
    assert escaped(text) == line


def test_the_longest_line_is_not_cut() -> None:
    assert cut("x" * MAX_LINE) == "x" * MAX_LINE
    assert cut("x" * (MAX_LINE + 1)) == "x" * (MAX_LINE - 3) + "..."


def test_json_keeps_numbers_and_joins_lists() -> None:
    line = json_line({"seconds": 0.1 + 0.2, "rate": float("nan"), "on": True, "zones": ["a", "b"]})

    assert json.loads(line) == {"seconds": 0.3, "rate": "nan", "on": True, "zones": "a,b"}


@given(st.dictionaries(st.sampled_from(["one", "two", "three"]), st.text(max_size=2000)))
def test_a_long_json_line_is_still_json(fields: dict[str, Field]) -> None:
    line = json_line(fields)

    assert len(line) <= MAX_LINE
    assert set(json.loads(line)) == set(fields)
