"""Expected texts are what fmt of Go 1.26 writes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_printf import (
    LONGEST,
    Value,
    bounded,
    print_format,
    print_line,
    print_values,
    text_of,
)
from svcdns.answers.go_values import Struct

GROUPS = {"b": "11", "a": "10"}


@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        ("%d", (5,), "5"),
        ("%03d|%5d|%-5d|%05d", (7, 2, 3, -4), "007|    2|3    |-0004"),
        ("%x %X %#x %o %#o %08b", (255, 255, 255, 8, 8, 5), "ff FF 0xff 10 010 00000101"),
        ("%+d % d %.3d", (5, 5, 5), "+5  5 005"),
        ("%c %U %q", (65, 65, 65), "A U+0041 'A'"),
        ("%s %v %q %5s|%-5s|%.2s", ("a", "b", "c", "d", "e", "fgh"), 'a b "c"     d|e    |fg'),
        ("%q", ('a\tb"\\\x01é',), r'"a\tb\"\\\x01é"'),
        ("%x %X % x %#x", ("hi", "hi", "hi", "hi"), "6869 6869 68 69 0x6869"),
        ("%t %5t %v", (True, False, None), "true false <nil>"),
        (
            "%.3f %e %g %v %6.2f|",
            (1.0, 2.5, 1e21, 1.5, 3.14159),
            "1.000 2.500000e+00 1e+21 1.5   3.14|",
        ),
        ("%v %s", (("a", "b"), ("c",)), "[a b] [c]"),
        ("%v", (GROUPS,), "map[a:10 b:11]"),
        ("100%%", (), "100%"),
        ("%d %s", ("x", 5), "%!d(string=x) %!s(int=5)"),
        ("%d", (), "%!d(MISSING)"),
        ("a", (1,), "a%!(EXTRA int=1)"),
        ("%", (), "%!(NOVERB)"),
        ("%z", (3,), "%!z(int=3)"),
        ("%T %T", ("a", 1.5), "string float64"),
    ],
)
def test_printf_writes_what_go_writes(form: str, values: tuple[Value, ...], text: str) -> None:
    assert print_format(form, *values) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (5, "5"),
        (True, "true"),
        (None, "<nil>"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e-7, "1.5e-07"),
        (float("inf"), "+Inf"),
        (-0.25, "-0.25"),
        (("a", ""), "[a ]"),
        (GROUPS, "map[a:10 b:11]"),
    ],
)
def test_a_value_has_the_text_that_go_gives_it(value: Value, text: str) -> None:
    assert text_of(value) == text


def test_print_puts_blanks_between_values_that_are_no_texts() -> None:
    assert print_values(1, 2, "a", "b", 3, 4) == "1 2ab3 4"


def test_println_puts_blanks_between_all() -> None:
    assert print_line(1, "a") == "1 a\n"


@pytest.mark.parametrize("form", ["%*d", "%[1]d", "%p", "%99999999d"])
def test_a_verb_that_is_not_here_fails(form: str) -> None:
    with pytest.raises(TemplateError):
        print_format(form, 1)


def test_a_format_is_a_text() -> None:
    with pytest.raises(TemplateError, match="the first word of printf is a format, not 5"):
        print_format(5)


def test_a_value_with_fields_has_no_text() -> None:
    with pytest.raises(TemplateError, match="one of them"):
        text_of(Struct({}))


def test_a_text_has_a_greatest_length() -> None:
    assert bounded("a" * LONGEST)
    with pytest.raises(TemplateError, match="longer than any record"):
        bounded("a" * (LONGEST + 1))


VALUES = st.one_of(
    st.text(max_size=9),
    st.integers(-(2**63), 2**63),
    st.booleans(),
    st.floats(),
    st.none(),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)


@given(
    st.text(alphabet="%+-# 0123.*[]svdxXqtfgeobcUTp a", max_size=20), st.lists(VALUES, max_size=4)
)
def test_any_format_and_values_give_a_text_or_fail(form: str, values: list[Value]) -> None:
    with suppress(TemplateError):
        assert isinstance(print_format(form, *values), str)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_that_number(value: float) -> None:
    assert float(text_of(value)) == value
