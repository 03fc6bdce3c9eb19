from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.name_rules import Exact, NewName, Prefix, Regex, Substring, Suffix
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.name_words import MATCHES, next_word, read_finder, read_match, read_name
from tests.support.directives import arguments_of


def finder(line: Words) -> NewName:
    """Return the rule that `[MATCH] FROM TO` describes."""
    match = read_match(line, 2)
    source, target = line.exactly(2)
    return read_finder(line, match, source, target)


def read(text: str, reader: Callable[[Words], NewName] = finder) -> tuple[NewName, Arguments]:
    arguments = arguments_of("rewrite", f"rewrite {text}")
    return reader(arguments.once()), arguments


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("A.example B.example", Exact("a.example.", "b.example.")),
        ("exact a.example. b.example.", Exact("a.example.", "b.example.")),
        ("EXACT a b", Exact("a.", "b.")),
        ("a .", Exact("a.", ".")),
        ("prefix www. Web.", Prefix("www.", "web.")),
        ("suffix .a.example .b.example.", Suffix(".a.example.", ".b.example.")),
        ("substring .a. .b.", Substring(".a.", ".b.")),
    ],
)
def test_rules_are_read(text: str, rule: NewName) -> None:
    found, arguments = read(text)

    assert found == rule
    assert arguments.mistakes == arguments.warnings == ()


def test_an_expression_is_looked_for_in_the_whole_name() -> None:
    rule, arguments = read(r"regex (.*)-(us-west-1)\.A {1}.service.{2}.Consul")

    assert arguments.mistakes == ()
    assert rule("ftp-us-west-1.a.") is None
    rule, _ = read(r"regex (.*)-(us-west-1)\.a {1}.service.{2}.Consul")
    assert rule("ftp-us-west-1.a.") == "ftp.service.us-west-1.consul."


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "sufix a b",
            "'sufix' is no way to find names: there are exact, prefix, suffix, substring, regex",
            "write: suffix",
        ),
        (
            "a.example b.example auto",
            f"'a.example' is no way to find names: there are {', '.join(MATCHES)}",
            "write: exact a.example",
        ),
        ("regex ( b", "'(' is not a regular expression: missing ): (", "mend it, or write: exact"),
        (
            "regex (a) {2}",
            "there is no group {2}: the expression has 1",
            "groups are written ( ) and {1}",
        ),
        (
            "a b..c",
            "'b..c' makes no valid name",
            "labels have 1 to 63 characters of ASCII, with one dot between two of them",
        ),
        (
            "prefix a. .b",
            "'.b' makes no valid name",
            "labels have 1 to 63 characters of ASCII, with one dot between two of them",
        ),
        (
            "suffix a ..",
            "'..' makes no valid name",
            "labels have 1 to 63 characters of ASCII, with one dot between two of them",
        ),
        ("a", "Wrong argument count or unexpected line ending after 'a'", "write: rewrite a VALUE"),
    ],
)
def test_a_mistake_says_what_would_be_right(text: str, problem: str, hint: str) -> None:
    _, arguments = read(text)

    assert [(one.problem, one.hint) for one in arguments.mistakes] == [
        (f"rewrite: {problem}", hint)
    ]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("prefix www web", "'prefix www' stands for 'www.', whole labels at the end of it"),
        ("substring cdn x", "'substring cdn' stands for 'cdn.', whole labels at the end of it"),
        ("regex b", "'regex' is read as a name, for want of a word"),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, warning: str) -> None:
    _, arguments = read(text)

    assert arguments.mistakes == ()
    assert [one.problem for one in arguments.warnings] == [f"rewrite: {warning}"]


@given(
    st.sampled_from(MATCHES),
    st.text("ab.{}()1\\*", min_size=1, max_size=8),
    st.text("ab.{}1\\", min_size=1, max_size=8),
    st.from_regex(r"([ab]{1,3}\.){1,3}", fullmatch=True),
)
def test_any_words_are_a_rule_or_a_mistake(match: str, source: str, target: str, name: str) -> None:
    escaped = [word.replace("\\", "\\\\") for word in (source, target)]

    rule, arguments = read(f'{match} "{escaped[0]}" "{escaped[1]}"')

    if not arguments.mistakes:
        new = rule(name)
        assert new is None or isinstance(rule, Regex) or new.endswith(".")


def test_a_word_is_looked_at_in_lower_case_and_left_there() -> None:
    line = arguments_of("rewrite", "rewrite STOP").once()

    assert next_word(line) == "stop"
    assert read_name(line, line.take()) == "stop."
    assert next_word(line) == ""
