import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.errors import (
    MAX_FINDINGS,
    CorefileError,
    Findings,
    Location,
    Mistake,
    in_order,
    printable,
    shown,
)


def at(line: int, column: int = 1, file: str = "Corefile") -> Location:
    return Location(file, line, column, "    cache 30x")


def test_a_mistake_shows_place_line_marks_and_hint() -> None:
    mistake = Mistake(at(12, 11), "cache: '30x' is not a number of seconds", "write 30", 3)

    assert str(mistake).splitlines() == [
        "Corefile:12:11: cache: '30x' is not a number of seconds",
        "    12 |     cache 30x",
        "       |           ^^^",
        "  hint: write 30",
    ]


def test_a_mistake_of_the_whole_file_shows_no_line() -> None:
    assert str(Mistake(Location("Corefile", 0, 0, ""), "is empty")) == "Corefile: is empty"


def test_tabs_stay_tabs_so_that_the_marks_stand_below_the_word() -> None:
    _, line, marks = str(Mistake(Location("C", 1, 4, "\tx\tlog"), "p", width=3)).splitlines()

    assert line == "     1 | \tx\tlog"
    assert marks == "       | \t \t^^^"


def test_control_characters_of_the_line_are_not_printed() -> None:
    mistake = Mistake(Location("C", 1, 3, "\x1b[31mred"), "p")

    assert str(mistake).splitlines()[1] == "     1 | ?[31mred"


@pytest.mark.parametrize(
    ("column", "line", "marks"),
    [
        pytest.param(1, f"{'x' * 120}...", "^", id="beginning"),
        pytest.param(300, f"...{'x' * 120}...", f"{' ' * 53}^", id="middle"),
        pytest.param(1000, f"...{'x' * 120}", f"{' ' * 122}^", id="end"),
    ],
)
def test_of_a_long_line_the_part_around_the_mistake_is_shown(
    column: int, line: str, marks: str
) -> None:
    shown_lines = str(Mistake(Location("C", 1, column, "x" * 1000), "p")).splitlines()

    assert shown_lines[1:] == [f"     1 | {line}", f"       | {marks}"]


@given(st.text(alphabet="ab\t ", max_size=300), st.integers(1, 300), st.integers(0, 300))
def test_the_marks_stand_within_the_line(text: str, column: int, width: int) -> None:
    text = f"{text}x"
    column = min(column, len(text))

    _, line, marks = str(Mistake(Location("C", 1, column, text), "p", width=width)).splitlines()

    assert marks.count("^") >= 1
    assert len(marks) <= len(line)


def test_an_error_is_the_text_of_all_its_mistakes() -> None:
    error = CorefileError((Mistake(at(1), "first"), Mistake(at(2), "second")))

    assert [line for line in str(error).splitlines() if line.startswith("Corefile")] == [
        "Corefile:1:1: first",
        "Corefile:2:1: second",
    ]


def test_the_same_problem_at_the_same_place_is_found_once() -> None:
    findings = Findings()

    for _ in range(2):
        findings.mistake(at(1), "twice")
        findings.warning(at(1), "twice")
    findings.mistake(at(2), "twice")

    assert [mistake.where.line for mistake in findings.mistakes] == [1, 2]
    assert len(findings.warnings) == 1


def test_there_is_an_end_to_what_is_kept() -> None:
    findings = Findings()

    for line in range(MAX_FINDINGS + 1):
        assert findings.is_full == (line >= MAX_FINDINGS)
        findings.mistake(at(line + 1), "again")
        findings.warning(at(line + 1), "again")

    assert len(findings.mistakes) == len(findings.warnings) == MAX_FINDINGS


def test_a_long_problem_is_cut() -> None:
    findings = Findings()

    findings.mistake(at(1), "x" * 1000, "y" * 1000)

    (mistake,) = findings.mistakes
    assert mistake.problem == "x" * 397 + "..."
    assert mistake.hint == "y" * 397 + "..."


def test_mistakes_are_put_in_the_order_of_the_text() -> None:
    imported = Mistake(at(1, file="other"), "in an import")
    late, early = Mistake(at(9), "late"), Mistake(at(2, 5), "early")
    same_line = Mistake(at(2, 9), "further right")

    found = in_order([imported, late, same_line, early, late], ("Corefile", "other"))

    assert found == (early, same_line, late, imported)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "'plain'"),
        ("two\nlines\x1b", "'two\\nlines\\x1b'"),
        ("x" * 61, f"'{'x' * 57}...'"),
        ("ünï", "'ünï'"),
        ("\u202e", "'\\u202e'"),
    ],
)
def test_words_are_shown_on_one_line_printable_and_not_long(text: str, result: str) -> None:
    assert shown(text) == result


@given(st.text())
def test_what_is_printable_moves_no_cursor(text: str) -> None:
    assert printable(text).isprintable()
