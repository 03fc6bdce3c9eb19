import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_functions import (
    FUNCTIONS,
    NOT_HERE,
    equal,
    index,
    is_true,
    length,
    less,
    parse_integer,
    part,
)

MATCH = ("ip-10.", "10", "")


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("16", 16, 8), 22),
        (("ff", 16, 8), 255),
        (("FF", 16, 8), 255),
        (("0b1", 16, 16), 0xB1),
        (("zz", 36, 0), 1295),
        (("0x1f", 0, 64), 31),
        (("1_0", 0, 0), 10),
        (("017", 0, 64), 15),
        (("18446744073709551615", 10, 64), 2**64 - 1),
    ],
)
def test_parse_int_reads_what_strconv_reads(words: tuple[object, ...], number: int) -> None:
    assert parse_integer(*words) == number


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("", 10, 8), "'' is not a number in base 10"),
        (("-1", 10, 8), "'-1' is not a number in base 10"),
        (("+1", 10, 8), "'.1' is not a number in base 10"),
        (("0x1f", 16, 8), "'0x1f' is not a number in base 16"),
        (("1_0", 10, 8), "'1_0' is not a number in base 10"),
        (("2", 2, 8), "'2' is not a number in base 2"),
        (("٣", 10, 8), "is not a number in base 10"),
        (("256", 10, 8), "256 has more than 8 bits"),
        (("1", 1, 8), "there is no base 1"),
        (("1", 37, 8), "there is no base 37"),
        (("1", 10, 65), "a number of 65 bits is none"),
        ((1, 10, 8), "takes a text, a base and a number of bits"),
        (("1", "10", 8), "takes a text, a base and a number of bits"),
    ],
)
def test_parse_int_says_why_it_fails(words: tuple[object, ...], problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        parse_integer(*words)


@given(st.integers(0, 2**64 - 1), st.integers(2, 36))
def test_parse_int_reads_every_number_in_every_base(number: int, base: int) -> None:
    digits, left = "", number
    while left or not digits:
        left, digit = divmod(left, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits

    assert parse_integer(digits, base, 64) == number


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ((MATCH, 1), "10"),
        (({"a": "x"}, "a"), "x"),
        (({"a": "x"}, "b"), ""),
        (("abc", 1), 98),
        ((((1, 2), (3,)), 0, 1), 2),
        ((MATCH,), MATCH),
    ],
)
def test_index_finds_elements(words: tuple[object, ...], value: object) -> None:
    assert index(*words) == value


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((MATCH, 3), "3 is out of range, there are 0 to 2"),
        ((MATCH, -1), "-1 is out of range"),
        ((MATCH, "1"), "1 is not a number"),
        ((MATCH, True), "true is not a number"),
        (({}, 1), "1 is not a text"),
        ((5, 1), "5 has no elements"),
    ],
)
def test_index_says_why_it_fails(words: tuple[object, ...], problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        index(*words)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("abcd", 1), "bcd"),
        (("abcd", 1, 3), "bc"),
        ((MATCH, 1, 2), ("10",)),
        (("abc",), "abc"),
    ],
)
def test_slice_takes_a_part(words: tuple[object, ...], value: object) -> None:
    assert part(*words) == value


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("abc", 2, 1), "2 is behind 1"),
        (("abc", 9), "9 is out of range, there are 0 to 3"),
        (("abc", 0, 1, 2), "two limits at most"),
        ((5,), "5 has no parts"),
    ],
)
def test_slice_says_why_it_fails(words: tuple[object, ...], problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        part(*words)


def test_the_length_of_a_text_is_its_octets() -> None:
    assert [length("é"), length(MATCH), length({"a": "b"})] == [2, 3, 1]
    with pytest.raises(TemplateError, match="5 has no length"):
        length(5)


def test_eq_takes_the_first_for_one_of_the_others() -> None:
    assert equal("A", "AAAA", "A")
    assert not equal(1, 2, 3)
    assert not equal("A", None)
    assert equal(None, None)


@pytest.mark.parametrize("words", [("1", 1), (1, 1.0), (1, True), (MATCH, MATCH), ("a",)], ids=str)
def test_eq_fails_for_values_of_different_kinds(words: tuple[object, ...]) -> None:
    with pytest.raises(TemplateError):
        equal(*words)


def test_lt_knows_numbers_and_texts() -> None:
    assert less(1, 2)
    assert less("a", "b")
    assert not less(1.5, 1.5)
    with pytest.raises(TemplateError, match="have no order"):
        less(True, False)
    with pytest.raises(TemplateError, match="have no order"):
        less(1, "a")


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("not", ("",), True),
        ("ne", (1, 2), True),
        ("le", (2, 2), True),
        ("gt", (3, 2), True),
        ("ge", ("a", "b"), False),
        ("print", (1, 2), "1 2"),
        ("len", ("abc",), 3),
    ],
)
def test_a_function_is_found_by_its_name(
    name: str, words: tuple[object, ...], value: object
) -> None:
    function = FUNCTIONS[name]

    assert function.least <= len(words)
    assert function.call(*words) == value


def test_functions_that_are_not_here_are_no_others() -> None:
    assert not NOT_HERE.keys() & FUNCTIONS.keys()


@pytest.mark.parametrize("value", ["", 0, 0.0, False, None, (), [], {}])
def test_what_is_empty_is_not_true(value: object) -> None:
    assert not is_true(value)
