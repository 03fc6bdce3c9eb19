import pytest

from svcdns.corefile.bodies import Body, import_of
from svcdns.corefile.errors import Findings
from svcdns.corefile.lexer import Token, tokens


def lex(text: str) -> tuple[Token, ...]:
    return tokens(text, "Corefile", Findings())


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        pytest.param("a b", {}, id="no braces"),
        pytest.param("{ { } { } }", {0: 5, 1: 2, 3: 4}, id="nested"),
        pytest.param("{ { }", {1: 2}, id="the outer one is open"),
        pytest.param("} { }", {1: 2}, id="one too many"),
        pytest.param('{ "}" }', {0: 2}, id="quoted braces are text"),
    ],
)
def test_each_brace_knows_its_partner(text: str, pairs: dict[int, int]) -> None:
    assert Body(lex(text), ()).closing == pairs


def test_snippets_are_found_where_a_line_begins() -> None:
    named = Body(lex("(a) {\n}\nb (c) {\n}\n (d) {\n}\n"), ()).named

    assert {name: token.line for name, token in named.items()} == {"(a)": 1, "(d)": 5}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("log\nimport s\n", 2, id="an import of it"),
        pytest.param("import s", 1, id="as the first word"),
        pytest.param("import t\nlog s\n", None, id="an import of another one"),
        pytest.param("log import s\n", None, id="as an argument"),
        pytest.param("import\ns\n", None, id="on two lines"),
        pytest.param("import", None, id="of nothing"),
    ],
)
def test_an_import_of_a_snippet_is_found(text: str, line: int | None) -> None:
    found = import_of("s", lex(text))

    assert (found and found.line) == line
