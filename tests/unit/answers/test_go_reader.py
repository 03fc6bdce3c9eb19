import pytest

from svcdns.answers.go_error import TemplateSyntaxError
from svcdns.answers.go_reader import Reader, unexpected
from svcdns.answers.go_values import Fields, Kind

ROOT = Fields({"Name": Kind.TEXT})


def reader(text: str) -> Reader:
    return Reader(text, ROOT, ROOT)


def test_words_are_taken_one_by_one() -> None:
    words = reader("{{ (.Name) }}")

    assert words.is_sign("(")
    assert words.peek(1).text == "Name"
    assert [words.take().text for _ in range(4)] == ["(", "Name", ")", "}}"]
    assert words.peek().text == ""


def test_the_last_variable_of_a_name_counts() -> None:
    words = reader("{{ $x }}")
    words.declare("$x", Kind.TEXT)
    words.declare("$x", Kind.NUMBER)

    assert words.variable(words.peek()) == (2, Kind.NUMBER)
    assert words.slots == 3


def test_a_variable_that_was_not_declared_is_a_mistake() -> None:
    words = reader("{{ $x }}")

    with pytest.raises(TemplateSyntaxError, match="undefined variable"):
        words.variable(words.peek())


def test_an_action_has_to_end() -> None:
    words = reader("{{ end .Name }}")
    words.take()

    with pytest.raises(TemplateSyntaxError, match="unexpected 'Name' behind 'end'"):
        words.close("end")


def test_the_end_of_a_template_is_an_action_that_is_not_closed() -> None:
    assert "not closed" in unexpected(reader("").peek(), "if").problem
