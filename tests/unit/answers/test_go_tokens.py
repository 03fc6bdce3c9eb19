import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.go_error import TemplateSyntaxError
from svcdns.answers.go_tokens import words_of


def kinds(text: str) -> list[tuple[str, str]]:
    return [(word.kind, word.text) for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", [("text", "plain")]),
        ("", []),
        ("a{{.Name}}b", [("text", "a"), ("field", "Name"), ("close", "}}"), ("text", "b")]),
        ("a {{- .Name -}} b", [("text", "a"), ("field", "Name"), ("close", " -}}"), ("text", "b")]),
        ("a{{/* }} */}}b", [("text", "a"), ("text", "b")]),
        ("a {{- /* x */ -}} b", [("text", "a"), ("text", "b")]),
        ("{{ -3 }}", [("number", "-3"), ("close", "}}")]),
        ("{{-3}}", [("number", "-3"), ("close", "}}")]),
        (
            '{{ $x := index .Match 1 | printf "%s" }}',
            [
                *(("variable", "$x"), ("sign", ":="), ("name", "index"), ("field", "Match")),
                *(("number", "1"), ("sign", "|"), ("name", "printf"), ("string", '"%s"')),
                ("close", "}}"),
            ],
        ),
        ("{{ (.) }}", [("sign", "("), ("sign", "."), ("sign", ")"), ("close", "}}")]),
        ("}} {", [("text", "}} {")]),
    ],
)
def test_text_and_actions_become_words(text: str, words: list[tuple[str, str]]) -> None:
    assert kinds(text) == words


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a\\"b"', 'a"b'),
        ('"\\x41\\u00e9\\101\\n"', "AéA\n"),
        ("`raw\\n`", "raw\\n"),
        ("'a'", 97),
        ("'\\n'", 10),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o17", 15),
        ("07", 7),
        ("1_000", 1000),
        ("-3", -3),
        ("+3", 3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
    ],
)
def test_a_constant_has_its_value(written: str, value: object) -> None:
    assert next(words_of(f"{{{{ {written} }}}}")).value == value


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("ab{{ .Name", 2, "an action is not closed"),
        ("{{/* x", 0, "a comment is not closed"),
        ("{{/* x */ }}", 7, "a comment has to fill its action"),
        ("{{ /* x */ }}", 3, "a comment has to fill its action"),
        ('{{ "x }}', 3, "a quote is not closed"),
        ("{{ 'x }}", 3, "a quote is not closed"),
        ("{{ 'xy' }}", 3, "'xy' is not one character"),
        ('{{ "\\q" }}', 4, "\\q is not an escape"),
        ("{{ 1x }}", 3, "'1x' is not a number"),
        ("{{ 99999999999999999999 }}", 3, "99999999999999999999 has more than 64 bits"),
        ("{{ - 3 }}", 3, "'-' means nothing in an action"),
        ("{{ .Name% }}", 8, "'%' cannot stand behind '.Name'"),
    ],
)
def test_what_is_no_word_is_found_at_its_place(text: str, position: int, problem: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        list(words_of(text))

    assert (caught.value.position, caught.value.problem) == (position, problem)


@given(st.text(alphabet="{}-/* \n\t\"'`\\$.|:=()aA09+_é", max_size=60))
def test_any_text_is_words_or_a_mistake_within_it(text: str) -> None:
    found = [0]
    try:
        found += [word.position for word in words_of(text)]
    except TemplateSyntaxError as error:
        found.append(error.position)

    assert max(found) <= len(text)
    assert min(found) >= 0


@given(st.text(alphabet=st.characters(exclude_characters="{"), max_size=60))
def test_text_without_an_action_stays_as_it_is(text: str) -> None:
    assert "".join(word.text for word in words_of(text)) == text
