import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import (
    parse_duration,
    parse_integer,
    parse_number,
    parse_prefixed,
    parse_unsigned,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("-0", 0.0),
        ("30s", 30.0),
        ("1m30s", 90.0),
        ("1h2m3.5s", 3723.5),
        ("300ms", 0.3),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("5.s", 5.0),
        ("-2s", -2.0),
        ("+5m", 300.0),
        ("10us", 10e-6),
        ("10µs", 10e-6),
        ("10μs", 10e-6),
        ("1ns", 1e-9),
        ("1s1s", 2.0),
        ("0.0000000001s", 0.0),
        ("2562047h", 9223369200.0),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("30", 'time: missing unit in duration "30"', "write 30s"),
        ("1m30", 'time: missing unit in duration "1m30"', "write 1m30s"),
        ("30x", 'time: unknown unit "x" in duration "30x"', ""),
        ("1d", 'time: unknown unit "d" in duration "1d"', ""),
        ("1 s", 'time: unknown unit " s" in duration "1 s"', ""),
        ("", 'time: invalid duration ""', ""),
        ("-", 'time: invalid duration "-"', ""),
        ("s", 'time: invalid duration "s"', ""),
        (".s", 'time: invalid duration ".s"', ""),
        ("1..5s", 'time: missing unit in duration "1..5s"', "write 1..5ss"),
        ("٣s", 'time: invalid duration "٣s"', ""),
        ("2562048h", 'time: invalid duration "2562048h"', ""),
        ("9" * 101 + "s", f'time: invalid duration "{"9" * 100}"', ""),
    ],
)
def test_what_is_no_duration_gets_gos_words(text: str, problem: str, hint: str) -> None:
    with pytest.raises(WordError) as caught:
        parse_duration(text)

    assert caught.value.problem == problem
    assert caught.value.hint == hint or "30s, 1m30s or 500ms" in caught.value.hint


@given(st.integers(0, 2_000_000), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_written_durations_are_read_again(h: int, m: int, s: int, ms: int) -> None:
    text = f"{h}h{m}m{s}.{ms:03}s"

    assert parse_duration(text) == pytest.approx(h * 3600 + m * 60 + s + ms / 1000)
    assert parse_duration(f"-{text}") == -parse_duration(text)


@given(st.text(alphabet="0123456789.-+hmsuµn x", max_size=12))
def test_any_text_is_a_duration_or_a_word_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except WordError:
        return
    assert isinstance(seconds, float)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("030", 30), ("-1", -1), ("+7", 7), ("0" * 30 + "5", 5)],
        *[("9223372036854775807", (1 << 63) - 1), ("-9223372036854775808", -(1 << 63))],
    ],
)
def test_whole_numbers(text: str, number: int) -> None:
    assert parse_integer(text) == number


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", ""),
        ("30x", ""),
        ("1_000", ""),
        ("٣", ""),
        (" 1", ""),
        ("1.0", ""),
        ("9" * 19, ""),
        ("9223372036854775808", ""),
        ("9" * 5000, ""),
        ("1\n", ""),
        ("30s", "write: 30"),
        ("5m", "write: 300"),
        ("300ms", ""),
    ],
)
def test_what_is_no_whole_number_is_quoted(text: str, hint: str) -> None:
    with pytest.raises(WordError) as caught:
        parse_integer(text, "a number of seconds")

    assert caught.value.problem.endswith(" is not a number of seconds")
    assert caught.value.problem.startswith(repr(text[:20])[:-1])
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5.0), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("-2.", -2.0)]
)
def test_decimal_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["", "x", "inf", "nan", "1_0", "0x10", "1e", "1e400", "9" * 200])
def test_what_is_no_decimal_number(text: str) -> None:
    with pytest.raises(WordError, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("-1", -1)])
def test_numbers_without_a_sign(text: str, number: int) -> None:
    assert parse_unsigned(text) == number


@pytest.mark.parametrize(("text", "hint"), [("+7", "write: 7"), ("-0", "write: 0"), ("7s", "")])
def test_a_plus_is_no_part_of_a_number_without_a_sign(text: str, hint: str) -> None:
    with pytest.raises(WordError, match="is not a whole number") as caught:
        parse_unsigned(text)

    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("10", 10), ("1_000", 1000), ("0xffee", 0xFFEE), ("0X_FF", 255), ("017", 15)],
        *[("0_7", 7), ("0o17", 15), ("0O1_7", 15), ("0b101", 5), ("0B_1_1", 3), ("00", 0)],
    ],
)
def test_constants_are_read_as_go_reads_them(text: str, number: int) -> None:
    assert parse_prefixed(text, 0xFFFF) == number


@pytest.mark.parametrize(
    "text",
    [
        *["", "08", "1__0", "_1", "1_", "0x", "0x_", "0xg", "0b2", "+5", "-5", " 5", "5 "],
        *["65536", "0x10000", "٣", "1.0", "0" * 200],
    ],
)
def test_what_is_no_constant_or_too_great_is_a_word_error(text: str) -> None:
    with pytest.raises(WordError, match="is not a number from 0 to 65535"):
        parse_prefixed(text, 0xFFFF)


NUMBERS = st.text("0123456789+-_ xXoObB.eE\n\u0663\u00b2\uff11", max_size=24)


@given(NUMBERS)
def test_a_number_has_a_sign_and_digits_of_ascii_and_nothing_else(text: str) -> None:
    try:
        number = parse_integer(text)
    except WordError:
        return
    digits = text[1:] if text[0] in "+-" else text
    assert digits.strip("0123456789") == ""
    assert -(1 << 63) <= number < 1 << 63
    assert parse_integer(str(number)) == number


@given(st.integers(-(1 << 64), 1 << 64))
def test_whole_numbers_of_64_bits_are_read_and_greater_ones_are_not(number: int) -> None:
    if -(1 << 63) <= number < 1 << 63:
        assert parse_integer(str(number)) == number
    else:
        with pytest.raises(WordError):
            parse_integer(str(number))


@given(st.integers(0, 0xFFFF), st.sampled_from(["d", "#x", "#X", "#o", "#b", "_d", "#_x", "#_b"]))
def test_constants_in_every_base_are_read_again(number: int, form: str) -> None:
    assert parse_prefixed(format(number, form), 0xFFFF) == number


@given(NUMBERS)
def test_what_go_does_not_read_is_no_number(text: str) -> None:
    for read in (parse_integer, parse_unsigned, parse_number, lambda one: parse_prefixed(one, 99)):
        try:
            read(text)
        except WordError:
            continue
        assert text.isascii()
        assert text == text.strip()
        assert "_" not in text or read not in (parse_integer, parse_unsigned, parse_number)
