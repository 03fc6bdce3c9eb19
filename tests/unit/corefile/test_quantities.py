import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_duration, parse_integer, parse_number


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


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("030", 30), ("-1", -1), ("+7", 7)])
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
        ("30s", "write: 30"),
        ("5m", "write: 300"),
        ("300ms", ""),
    ],
)
def test_what_is_no_whole_number_is_quoted(text: str, hint: str) -> None:
    with pytest.raises(WordError) as caught:
        parse_integer(text, "a number of seconds")

    assert caught.value.problem == f"'{text}' is not a number of seconds"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5.0), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("-2.", -2.0)]
)
def test_decimal_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["", "x", "inf", "nan", "1_0", "0x10", "1e", "9" * 200])
def test_what_is_no_decimal_number(text: str) -> None:
    with pytest.raises(WordError, match="is not a number"):
        parse_number(text)
