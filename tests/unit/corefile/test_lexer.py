from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.errors import Findings
from svcdns.corefile.lexer import Token, tokens
from tests.support.corefiles import said


def lex(text: str) -> tuple[Token, ...]:
    return tokens(text, "Corefile", Findings())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" \t\n\n", [], id="blank"),
        pytest.param("a b\tc\nd", ["a", "b", "c", "d"], id="white space separates"),
        pytest.param("\ufeffa", ["a"], id="byte order mark is dropped"),
        pytest.param("a\ufeff", ["a\ufeff"], id="byte order mark further on is text"),
        pytest.param("a\r\nb\r\n", ["a", "b"], id="CRLF"),
        pytest.param("\ra\rb\r", ["ab"], id="carriage return within a word"),
        pytest.param('\r"a b"', ["a b"], id="carriage return in front of a quote"),
        pytest.param("a\u00a0b\u2003c\x85d", ["a", "b", "c", "d"], id="Unicode white space"),
        pytest.param("a\x1cb", ["a\x1cb"], id="what Go does not call white space"),
        pytest.param('"a b"', ["a b"], id="quoted"),
        pytest.param('""', [""], id="empty quoted"),
        pytest.param('"a\nb" c', ["a\nb", "c"], id="line end in quotes"),
        pytest.param('"a # b"', ["a # b"], id="no comment in quotes"),
        pytest.param(r'"a \"b\" c"', ['a "b" c'], id="escaped quotes"),
        pytest.param(r'"^\d+\.$"', [r"^\d+\.$"], id="other backslashes stay"),
        pytest.param(r'"a\\" b', [r"a\\", "b"], id="a pair of backslashes hides no quote"),
        pytest.param('a"b c"', ['a"b', 'c"'], id="quote within a word is text"),
        pytest.param('"a"b', ["a", "b"], id="a word may follow a quote at once"),
        pytest.param('"a""b"', ["a", "b"], id="two quoted words"),
        pytest.param("# a\nb", ["b"], id="comment line"),
        pytest.param("a # b c\nd", ["a", "d"], id="comment behind a word"),
        pytest.param("a#b\nc", ["a", "c"], id="comment within a word"),
        pytest.param("a#b c", ["a", "c"], id="a comment within a word ends with it"),
        pytest.param("a#b\rc d", ["a", "d"], id="carriage return in a comment"),
        pytest.param('"a"#b c', ["a"], id="comment behind a quote"),
        pytest.param("{ } {a} }}", ["{", "}", "{a}", "}}"], id="braces are words"),
        pytest.param("`a b` \\", ["`a", "b`", "\\"], id="no back-quotes, no continuation"),
    ],
)
def test_text_is_cut_into_words(text: str, words: list[str]) -> None:
    assert [token.text for token in lex(text)] == words


def test_every_word_knows_its_place() -> None:
    found = lex('a "b c"\n\n\t\td # e\r\n"f\n g" h\n')

    assert [(t.text, t.line, t.column, t.width, t.first, t.source) for t in found] == [
        ("a", 1, 1, 1, True, 'a "b c"'),
        ("b c", 1, 3, 5, False, 'a "b c"'),
        ("d", 3, 3, 1, True, "\t\td # e"),
        ("f\n g", 4, 1, 2, True, '"f'),
        ("h", 5, 5, 1, False, ' g" h'),
    ]
    assert found[2].location == ("Corefile", 3, 3, "\t\td # e")


def test_only_bare_braces_open_and_close() -> None:
    found = lex('{ } "{" "}" {} a')

    assert [(token.opens, token.closes) for token in found] == [
        (True, False),
        (False, True),
        *[(False, False)] * 4,
    ]


def test_indent_is_the_white_space_of_the_line() -> None:
    assert [token.indent for token in lex("a\n  b c\n\t{\n")] == [0, 2, 2, 1]


def test_a_quote_that_is_never_closed_is_a_mistake_and_ends_with_its_line() -> None:
    findings = Findings()

    found = tokens('a "b c\nd\n', "Corefile", findings)

    assert [token.text for token in found] == ["a", "b c", "d"]
    assert [said(mistake) for mistake in findings.mistakes] == [
        '1 <"> the quote opened here is never closed'
    ]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(
            "10.0.0.1#53 10.0.0.2",
            "1 <10.0.0.1> '#53' is a comment, though it is attached to '10.0.0.1'",
            id="comment within a word",
        ),
        pytest.param(
            '"^a$ b"c d"',
            "1 <d\"> the quote in 'd\"' belongs to the word: it closes nothing",
            id="quote at the end of a word",
        ),
    ],
)
def test_what_reads_differently_from_what_it_looks_like_is_warned_of(
    text: str, warning: str
) -> None:
    findings = Findings()

    tokens(text, "Corefile", findings)

    assert [said(mistake) for mistake in findings.warnings] == [warning]


@pytest.mark.parametrize("text", ["a # b", "}#", "{# a", "# a#b", 'a"b"'])
def test_what_is_usual_is_not_warned_of(text: str) -> None:
    findings = Findings()

    tokens(text, "Corefile", findings)

    assert [said(mistake) for mistake in findings.warnings] == []


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        pytest.param(
            ".:53{\n",
            [".:53", "{"],
            ["1 <{> there is no blank between '.:53' and '{'"],
            id="opening brace",
        ),
        pytest.param(
            " lameduck 5s}",
            ["lameduck", "5s", "}"],
            ["1 <}> there is no blank between '5s' and '}'"],
            id="closing brace",
        ),
        pytest.param("a{ b\n", ["a{", "b"], [], id="not the last word"),
        pytest.param("{{\n}}\n", ["{{", "}}"], [], id="template braces"),
        pytest.param("{common}\n", ["{common}"], [], id="a placeholder"),
        pytest.param("{remote}:{port}\n", ["{remote}:{port}"], [], id="two placeholders"),
        pytest.param("{$A}\n", ["{$A}"], [], id="a variable"),
        pytest.param('"a{"\n"b}"\n', ["a{", "b}"], [], id="quoted"),
    ],
)
def test_a_brace_that_is_stuck_to_a_word_is_a_mistake(
    text: str, words: list[str], found: list[str]
) -> None:
    findings = Findings()

    assert [token.text for token in tokens(text, "Corefile", findings)] == words
    assert [said(mistake) for mistake in findings.mistakes] == found


@given(st.text(alphabet=st.sampled_from('ab"\\#{} \t\n\r\u00a0'), max_size=60))
def test_a_word_lies_where_it_says(text: str) -> None:
    lines = text.split("\n")

    for token in lex(text):
        assert token.source == lines[token.line - 1].rstrip("\r")
        written = token.source[token.column - 1 : token.column - 1 + token.width]
        assert len(written) == token.width
        assert written.startswith('"') == token.quoted
        if not token.quoted:
            assert written.replace("\r", "") == token.text


@given(st.text(max_size=200))
def test_the_first_word_of_a_line_says_so(text: str) -> None:
    found = lex(text)

    for before, token in pairwise(found):
        assert token.first == (token.line > before.line + before.text.count("\n"))
    assert all(token.first for token in found[:1])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('log "a b" {$X}', ["log", '"a b"', "{$X}"]),
        ('"open\nlog', ['"open', "log"]),
        ('"two\nlines" log', ['"two', "log"]),
    ],
)
def test_what_is_written_is_what_stands_in_the_line(text: str, written: list[str]) -> None:
    assert [token.written for token in tokens(text, "Corefile", Findings())] == written
