import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.zone_lexer import Entry, Flaw, Word, entries, unescaped


def words_of(text: str) -> list[list[str]]:
    """The words of each entry; the text must be without flaws."""
    found = list(entries(text))
    assert all(isinstance(one, Entry) for one in found), found
    return [[word.text for word in one.words] for one in found if isinstance(one, Entry)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a  b\tc\r", [["a", "b", "c"]], id="blanks"),
        pytest.param("a b\n\nc d", [["a", "b"], ["c", "d"]], id="lines"),
        pytest.param("a b ; c d\n; e\nf", [["a", "b"], ["f"]], id="comments"),
        pytest.param("a;b", [["a"]], id="a comment needs no blank before it"),
        pytest.param('a "b ; (c)" d', [["a", "b ; (c)", "d"]], id="quotes"),
        pytest.param('a ""', [["a", ""]], id="an empty string is a word"),
        pytest.param(r"a\;b \( c\ d", [[r"a\;b", r"\(", r"c\ d"]], id="escapes stay"),
        pytest.param(r'"a\"b"', [[r"a\"b"]], id="an escaped quote"),
        pytest.param("a ( b ; x\n c\n) d\ne", [["a", "b", "c", "d"], ["e"]], id="parentheses"),
        pytest.param("a (\n)\n", [["a"]], id="nothing in parentheses"),
        pytest.param("a ( b ( c )\n) d", [["a", "b", "c", "d"]], id="parentheses in parentheses"),
        pytest.param("(a\nb)", [["a", "b"]], id="no blank around parentheses"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_text_becomes_words(text: str, words: list[list[str]]) -> None:
    assert words_of(text) == words


def test_a_word_says_whether_it_is_quoted_and_glued_to_the_one_before() -> None:
    (entry,) = entries('alpn="h2" "x"')

    assert isinstance(entry, Entry)
    assert entry.words == (
        Word("alpn="),
        Word("h2", quoted=True, glued=True),
        Word("x", quoted=True),
    )


def test_an_entry_knows_its_first_line_and_whether_it_is_indented() -> None:
    found = list(entries("\n\n  a (\n b )\n(\n c )"))

    assert [(one.line, one.is_indented) for one in found if isinstance(one, Entry)] == [
        (3, True),
        (5, False),
    ]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\nb (\nc", 2, "a parenthesis is opened here and never closed"),
        ("a\nb )", 2, "a parenthesis is closed that nothing opened"),
        ('a\nb "c', 2, "a quoted string does not end on its line"),
        ("a\nb \\", 2, "a backslash at the end of the line has nothing to escape"),
    ],
)
def test_a_flaw_is_named_with_its_line(text: str, line: int, problem: str) -> None:
    first, second = entries(text)

    assert isinstance(first, Entry)
    assert second == Flaw(line, problem)


def test_lines_behind_a_flaw_are_read() -> None:
    _, after = entries('a "b\nc')

    assert isinstance(after, Entry)
    assert after.words == (Word("c"),)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_entries_and_flaws(text: str) -> None:
    for one in entries(text):
        assert isinstance(one, Flaw) or one.words


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("plain", b"plain"),
        (r"a\"b\\c", b'a"b\\c'),
        (r"\000\255x", b"\x00\xffx"),
        ("ä", "ä".encode()),
        (r"\ä", "ä".encode()),
        ("\udcff", b"\xff"),
    ],
)
def test_escapes_become_octets(text: str, octets: bytes) -> None:
    assert unescaped(text) == octets


@pytest.mark.parametrize("text", [r"\256", r"\12", r"x\1a", "\\"])
def test_an_escape_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"escapes|backslash"):
        unescaped(text)
