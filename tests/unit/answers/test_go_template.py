"""Expected texts are what text/template of Go 1.26 writes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.go_error import TemplateError, TemplateSyntaxError
from svcdns.answers.go_template import (
    Fields,
    Kind,
    ListOf,
    MapOf,
    Method,
    Struct,
    compile_template,
)

ROOT = Fields(
    {
        "Name": Kind.TEXT,
        "Zone": Kind.TEXT,
        "Type": Kind.TEXT,
        "Match": ListOf(),
        "Group": MapOf(),
        "Question": Fields({"Name": Kind.TEXT, "Qtype": Kind.NUMBER}),
        "Meta": Method(),
    }
)
VALUES = Struct(
    {
        "Name": "ip-10-11.example.",
        "Zone": "example.",
        "Type": "A",
        "Match": ("ip-10-11.example.", "10", "11", ""),
        "Group": {"a": "10", "b": "11", "c": ""},
        "Question": Struct({"Name": "iP-10-11.Example.", "Qtype": 1}),
        "Meta": lambda label: {"a/b": "meta"}.get(label, ""),
    }
)


def rendered(text: str) -> str:
    return compile_template(text, ROOT).render(VALUES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.1", "ip-10-11.example. 60 IN A 10.0.10.1"),
        ("{{.Name}}", "ip-10-11.example."),
        ("a {{- .Zone -}} b", "aexample.b"),
        ("{{/* comment */}}a {{- /* c */ -}} b", "ab"),
        ("{{ index .Match 1 }}.{{ index .Match 2 }}", "10.11"),
        ('{{ .Group.x }}|{{ index .Group "x" }}', "<no value>|"),
        ("{{ if .Group.x }}a{{ end }}", ""),
        ("{{ if .Group.c }}a{{ else }}b{{ end }}", "b"),
        (
            '{{ if not (eq .Type "A") }}x{{ else if and (eq .Zone "example.") .Name }}y{{ end }}',
            "y",
        ),
        ('{{ if eq .Type "AAAA" }}x{{ else if eq .Type "MX" }}y{{ else }}z{{ end }}', "z"),
        ("{{ with .Group.a }}{{ . }}{{ $.Zone }}{{ else }}y{{ end }}", "10example."),
        ("{{ with .Group.c }}x{{ else with .Zone }}{{ . }}{{ else }}y{{ end }}", "example."),
        ("{{ with .Question }}{{ .Qtype }}{{ end }}", "1"),
        ("{{ with $x := .Group.a }}{{ $x }}{{ end }}", "10"),
        ("{{ if $x := .Group.a }}{{ $x }}{{ .Zone }}{{ end }}", "10example."),
        ('{{ $x := .Zone }}{{ if eq .Type "A" }}{{ $x = "y" }}{{ end }}{{ $x }}', "y"),
        (
            "{{ range $i, $e := .Match }}{{ $i }}={{ $e }},{{ else }}none{{ end }}",
            "0=ip-10-11.example.,1=10,2=11,3=,",
        ),
        ("{{ range $k, $v := .Group }}{{ $k }}={{ $v }},{{ end }}", "a=10,b=11,c=,"),
        ("{{ range $e := .Match }}{{ $e }};{{ end }}", "ip-10-11.example.;10;11;;"),
        ("{{ range .Match }}{{ . }};{{ end }}{{ .Zone }}", "ip-10-11.example.;10;11;;example."),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range 0 }}{{ . }}{{ else }}none{{ end }}", "none"),
        (
            '{{ range .Match }}{{ if eq . "10" }}{{ break }}{{ end }}{{ . }}{{ end }}',
            "ip-10-11.example.",
        ),
        (
            '{{ range .Match }}{{ if eq . "10" }}{{ continue }}{{ end }}{{ . }}{{ end }}',
            "ip-10-11.example.11",
        ),
        ("{{ range 2 }}{{ range 2 }}{{ break }}{{ end }}{{ . }}{{ end }}", "01"),
        ('{{ .Meta "a/b" }}{{ .Meta "c" }}', "meta"),
        ("{{ .Match }} {{ .Group }}", "[ip-10-11.example. 10 11 ] map[a:10 b:11 c:]"),
        ('{{ .Name|len|printf "%03d" }}', "017"),
        ("{{ $.Name }}", "ip-10-11.example."),
        ("{{ slice .Name 0 2 }}", "ip"),
        ("no action", "no action"),
        ("", ""),
    ],
)
def test_a_template_writes_what_go_writes(text: str, found: str) -> None:
    assert rendered(text) == found


@pytest.mark.parametrize(
    ("text", "position", "problem", "hint"),
    [
        ("{{ end }}", 3, "unexpected {{end}}", "no if, with or range"),
        ("{{ else }}", 3, "unexpected {{else}}", "no if, with or range"),
        ("{{ if }}a{{ end }}", 6, "missing value for if", ""),
        ("{{ if .Name }}a", 3, "'if' has no end", "write {{ end }} behind it"),
        ("{{ range .Match }}a", 3, "'range' has no end", ""),
        ("{{ if 1 }}{{ else }}b{{ else }}c{{ end }}", 24, "a second else", ""),
        ("{{ break }}", 3, "{{break}} outside {{range}}", ""),
        ("{{ if 1 }}{{ continue }}{{ end }}", 13, "{{continue}} outside {{range}}", ""),
        ('{{ define "x" }}{{ end }}', 3, "'define' is not supported", "a record has one line"),
        ('{{ template "x" }}', 3, "'template' is not supported", ""),
        ("{{ $x, $y := .Match }}", 3, "two variables are for range only", ""),
        ("{{ range $x = .Match }}{{ end }}", 12, "range declares its variables", "write :="),
        ("{{ range $x, .Match }}{{ end }}", 14, "unexpected 'Match' behind '$x'", ""),
        ("{{ with $x := .Zone }}{{ end }}{{ $x }}", 34, "undefined variable '$x'", ""),
        ("{{ range .Match }}{{ $x := . }}{{ end }}{{ $x }}", 43, "undefined variable '$x'", ""),
        (
            "{{ . }}",
            3,
            "'.' gets the whole of something that has fields",
            "name one of them: .Name, .Zone",
        ),
        ("{{ .Question }}", 4, "'Question' gets the whole", "name one of them: .Name, .Qtype"),
        ("{{ print $ }}", 3, "'print' gets the whole", ""),
        ("{{ $x := 1 }}{{ $x = $ }}", 16, "'$x' gets the whole", ""),
        ("{{ (or $ 1).Name }}", 4, "'or' gets the whole", ""),
        ("{{ range .Match }}{{ .Name }}{{ end }}", 21, "there is no field .Name here", ""),
        ("{{ .Name }", 0, "means nothing in an action", ""),
        ("{{ if 1 }}" * 60, 503, "more than 50 levels deep", ""),
    ],
)
def test_a_mistake_is_found_at_its_place(text: str, position: int, problem: str, hint: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_template(text, ROOT)

    assert problem in caught.value.problem
    assert hint in caught.value.hint
    if "means nothing" not in problem:
        assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ index .Match 9 }}", "9 is out of range, there are 0 to 3"),
        ("{{ parseInt .Zone 10 8 }}", "'example.' is not a number in base 10"),
        ("{{ range .Zone }}{{ end }}", "range cannot go through example."),
        ("{{ range 1000000000000 }}{{ end }}", "more than 10,000 rounds"),
        ("{{ range 200 }}{{ range 200 }}a{{ end }}{{ end }}", "more than 10,000 rounds"),
        ('{{ range 9999 }}{{ printf "%20d" . }}{{ end }}', "longer than any record"),
        (
            '{{ $x := "a" }}{{ range 99 }}{{ $x = print $x $x }}{{ end }}',
            "longer than any record",
        ),
    ],
)
def test_a_template_that_fails_for_a_query_says_why(text: str, problem: str) -> None:
    template = compile_template(text, ROOT)

    with pytest.raises(TemplateError, match=problem):
        template.render(VALUES)


def test_what_one_rendering_sets_is_gone_in_the_next() -> None:
    template = compile_template('{{ $x := "a" }}{{ $x = print $x "b" }}{{ $x }}', ROOT)

    assert [template.render(VALUES), template.render(VALUES)] == ["ab", "ab"]


def test_a_template_without_actions_is_constant() -> None:
    assert compile_template("a 60 IN A 192.0.2.1", ROOT).is_constant
    assert not compile_template("{{ .Name }}", ROOT).is_constant
    assert compile_template("a{{/* c */}}b", ROOT).is_constant


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Name }}",
        "{{ $.Name }}",
        "{{ ($).Name }}",
        "{{ with $ }}{{ .Name }}{{ end }}",
        "{{ $x := $ }}{{ $x.Name }}",
        "{{ with .Zone }}{{ $.Name }}{{ end }}",
        "{{ if len .Name | eq 1 }}{{ end }}",
    ],
)
def test_a_field_that_is_used_is_known_whatever_the_way_to_it(text: str) -> None:
    assert ("Name",) in compile_template(text, ROOT).paths


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{- ", " -}}", " ", ".", "|", "(", ")", ":=", "=", ",", '"a"', "`b`", "3"),
        *("if", "else", "end", "range", "with", "break", "continue", "define", "nil", "true"),
        *("$x", "$", ".Name", ".Match", ".Group.a", ".Question", ".Nope", ".Meta", "x\n"),
        *("printf", "index", "len", "eq", "and", "not", "parseInt", "print", "slice", '"%d"'),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_a_template_or_a_mistake_within_it(text: str) -> None:
    try:
        template = compile_template(text, ROOT)
    except TemplateSyntaxError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017  nothing may be raised at all
        return
    with suppress(TemplateError):
        assert isinstance(template.render(VALUES), str)
