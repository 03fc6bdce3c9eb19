import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.environment import replace_variables
from svcdns.corefile.errors import Findings
from svcdns.corefile.lexer import Token
from tests.support.corefiles import good, outline, said

ENV = {"A": "alpha", "B": "two words", "BRACE": "}", "EMPTY": "", "INNER": "{$A}"}


def replaced(text: str) -> str:
    token = Token(text, "Corefile", 1, 1, text, quoted=False, width=len(text))
    return replace_variables(token, ENV, Findings()).text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param("a", "a", id="nothing to replace"),
        pytest.param("{$A}", "alpha", id="a whole word"),
        pytest.param("{%A%}", "alpha", id="the other form"),
        pytest.param("x{$A}y{$A}z", "xalphayalphaz", id="within a word, twice"),
        pytest.param("{$A}{%B%}", "alphatwo words", id="both forms"),
        pytest.param("{%INNER%}", "alpha", id="the percent form comes first"),
        pytest.param("{$INNER}", "{$A}", id="what comes out is not looked at again"),
        pytest.param("{$NO}.{%NO%}", ".", id="not set"),
        pytest.param("{$}", "{$}", id="no name"),
        pytest.param("{%%}", "{%%}", id="no name in the other form"),
        pytest.param("{$A", "{$A", id="not closed"),
        pytest.param("{%A}", "{%A}", id="closed otherwise"),
        pytest.param("{A}", "{A}", id="no variable"),
        pytest.param("{$A:default}", "", id="there are no defaults"),
    ],
)
def test_references_are_replaced(text: str, result: str) -> None:
    assert replaced(text) == result


def test_variables_are_replaced_everywhere() -> None:
    text = '{$A}.org:{$PORT} {\n{%LOG%} {$A} "in {$B}" {\n{%A%} x{$A}\n}\nimport {$FILE}\n}\n'
    env = ENV | {"PORT": "5300", "LOG": "log", "FILE": "other"}

    corefile = good(text, {"other": "errors {$A}\n"}, env)

    assert outline(corefile) == [
        (["alpha.org.:5300"], ["log alpha in two words { alpha xalpha; }", "errors alpha"])
    ]


def test_a_brace_from_a_variable_is_text() -> None:
    assert outline(good(". {\nlog {$BRACE}\n}\n", env=ENV)) == [(["."], ["log }"])]


def test_a_replaced_word_keeps_its_place() -> None:
    token = Token("{$A}", "Corefile", 7, 3, "  {$A}", quoted=False, width=4)

    result = replace_variables(token, ENV, Findings())

    assert (result.location, result.width) == (token.location, 4)


def test_a_variable_that_is_not_set_is_warned_of() -> None:
    findings = Findings()
    token = Token("x{$NO}", "Corefile", 1, 1, "x{$NO}", quoted=False, width=6)

    replace_variables(token, ENV, findings)

    assert [said(warning) for warning in findings.warnings] == [
        "1 <x{$NO}> the variable 'NO' is not set and reads as nothing"
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="}%\0="), min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="{"), max_size=12)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.data())
def test_values_take_the_place_of_their_references(
    env: dict[str, str], data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.sampled_from([*env, "-"]), max_size=5))
    forms = data.draw(st.lists(st.sampled_from(["{$%s}", "{%%%s%%}"]), min_size=5, max_size=5))
    text = "".join(
        form % part if part in env else part for part, form in zip(parts, forms, strict=False)
    )
    token = Token(text, "Corefile", 1, 1, text, quoted=False, width=len(text))

    result = replace_variables(token, env, Findings())

    assert result.text == "".join(env.get(part, part) for part in parts)
