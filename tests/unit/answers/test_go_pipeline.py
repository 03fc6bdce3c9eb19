import pytest

from svcdns.answers.go_error import TemplateSyntaxError
from svcdns.answers.go_pipeline import pipeline
from svcdns.answers.go_reader import MAX_DEPTH, Reader
from svcdns.answers.go_values import Fields, Frame, Kind, ListOf, MapOf, Method, Struct

ROOT = Fields(
    {
        "Name": Kind.TEXT,
        "Match": ListOf(),
        "Group": MapOf(),
        "Question": Fields({"Name": Kind.TEXT, "Qtype": Kind.NUMBER}),
        "Meta": Method(),
    }
)
VALUES = Struct(
    {
        "Name": "ip-10.example.",
        "Match": ("ip-10.example.", "10"),
        "Group": {"a": "10", "1": "10"},
        "Question": Struct({"Name": "iP-10.example.", "Qtype": 1}),
        "Meta": lambda label: f"<{label}>",
    }
)


def value(text: str) -> object:
    """What the pipeline `text` comes to."""
    reader = Reader(f"{{{{ {text} }}}}", ROOT, ROOT)
    return pipeline(reader, "command").evaluate(Frame(VALUES, [VALUES]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (".Name", "ip-10.example."),
        ("$.Name", "ip-10.example."),
        (".Question.Qtype", 1),
        ("(.Question).Name", "iP-10.example."),
        (".Group.a", "10"),
        (".Group.b", None),
        ("index .Match 1", "10"),
        ('index .Group "b"', ""),
        ("parseInt .Group.a 16 8", 16),
        ("(parseInt .Group.a 16 8)", 16),
        (".Name | len", 14),
        ('"a" | printf "%s-%s" "b"', "b-a"),
        ('.Meta "a/b"', "<a/b>"),
        ('"a/b" | .Meta', "<a/b>"),
        ("true", True),
        ("and .Name 0", 0),
        ("and 0 .Name", 0),
        ('or 0 "" .Name', "ip-10.example."),
        ('or 0 ""', ""),
        ("or .Name (index .Match 9)", "ip-10.example."),
        ("eq .Name nil", False),
        ("not (eq 1 2)", True),
    ],
)
def test_a_pipeline_has_a_value(text: str, found: object) -> None:
    assert value(text) == found


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (".Nope", "there is no field .Nope here", "known are: .Name, .Match, .Group"),
        (".Question.Nope", "there is no field .Nope here", "known are: .Name, .Qtype"),
        (".Name.Nope", "there is no field .Nope here", "what stands in front has no fields"),
        (".Group.a.b", "there is no field .b here", "what stands in front has no fields"),
        ("(index .Match 1).b", "there is no field .b here", "what stands in front has no fields"),
        (".Group.1", "unexpected '.1' behind 'Group'", ""),
        ("lower .Name", "function 'lower' not defined", "known are: and, eq"),
        ("html .Name", "the function 'html' is not here", ""),
        ("$x", "undefined variable '$x'", "declare it in front: {{ $x := VALUE }}"),
        ("", "missing value for command", "as in {{ .Name }}"),
        (".Name | ", "missing value for |", ""),
        (".Name .Name", "'Name' is no function", ""),
        ("1 2", "a constant is no function", ""),
        ('.Name | "x"', "a constant is no function", ""),
        ("nil", "nil is not a command", ""),
        ("(.Name", "unclosed left paren", "write ) behind it"),
        ("true.x", "unexpected 'x' behind 'true'", ""),
        (".Meta", "wrong number of words for .Meta: it takes 1, got 0", "write: .Meta"),
        ("print .Meta", "wrong number of words for .Meta: it takes 1, got 0", ""),
        ("parseInt .Name", "it takes 3, got 1", "write: parseInt TEXT 16 8"),
        ("eq 1", "it takes at least 2, got 1", "write: eq VALUE VALUE ..."),
        ("lt 1 2 3", "it takes 2, got 3", ""),
        ("slice .Name 1 2 3 4", "it takes at most 4, got 5", ""),
        ("and", "it takes at least 1, got 0", ""),
        ("printf len", "wrong number of words for len: it takes 1, got 0", "write: len .Name"),
        (", 1", "unexpected ','", ""),
        (f"{'(' * 60}1", f"more than {MAX_DEPTH} levels deep", ""),
    ],
)
def test_what_is_no_pipeline_is_refused_before_any_query(
    text: str, problem: str, hint: str
) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        value(text)

    assert problem in caught.value.problem
    assert hint in caught.value.hint


def test_the_fields_that_are_used_are_known() -> None:
    reader = Reader("{{ print .Group.a $.Question.Name (len .Match) }}", ROOT, ROOT)

    pipeline(reader, "command")

    assert reader.paths == {
        *(("Group",), ("Group", "a"), ("Question",), ("Question", "Name"), ("Match",)),
    }
