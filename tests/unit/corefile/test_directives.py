import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.directives import (
    FOREIGN,
    OPTION_OF,
    ORDER,
    REMOVED,
    REMOVED_OPTIONS,
    correct,
    suggest,
)


def test_every_directive_of_coredns_1_15_has_its_place() -> None:
    assert len(ORDER) == len(set(ORDER)) == 62
    expected = ("errors", "log", "rewrite", "acl", "cache", "kubernetes", "loop", "forward")
    assert sorted(expected, key=ORDER.index) == list(expected)


def test_old_and_foreign_words_are_no_directives() -> None:
    assert not {*REMOVED, *FOREIGN, *OPTION_OF} & {*ORDER}


def test_options_that_are_named_belong_to_directives() -> None:
    assert {*OPTION_OF.values()} <= {*ORDER}
    assert {directive for directive, _ in REMOVED_OPTIONS} <= {*ORDER}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        pytest.param("forwrad", "forward", id="two letters swapped"),
        pytest.param("kuberentes", "kubernetes", id="swapped further on"),
        pytest.param("cahce", "cache", id="short and swapped"),
        pytest.param("erors", "errors", id="a letter too few"),
        pytest.param("logg", "log", id="a letter too many"),
        pytest.param("Health", "health", id="letter case"),
        pytest.param("k8s-external", "k8s_external", id="another dash"),
        pytest.param("example.org", None, id="an address"),
        pytest.param("xyzzy", None, id="nonsense"),
        pytest.param("x", None, id="one letter"),
        pytest.param("", None, id="nothing"),
        pytest.param("forward" * 10, None, id="too long to be a slip"),
    ],
)
def test_a_slip_is_seen_through(word: str, meant: str | None) -> None:
    assert suggest(word, ORDER) == meant


@given(st.sampled_from(ORDER))
def test_a_word_that_is_there_is_its_own_suggestion(word: str) -> None:
    assert suggest(word, ORDER) == word


@given(st.text(max_size=50), st.lists(st.text(max_size=10), max_size=5))
def test_a_suggestion_is_a_candidate(word: str, candidates: list[str]) -> None:
    assert suggest(word, candidates) in (None, *candidates)


@pytest.mark.parametrize(
    ("word", "arguments", "problem", "hint"),
    [
        (
            "proxy",
            ". /etc/resolv.conf",
            "'proxy' is not a directive any more",
            "write: forward . /etc/resolv.conf",
        ),
        (
            "startup",
            "x",
            "'startup' is not a directive any more",
            "it ran a command; take it out and use hooks of the container",
        ),
        (
            "fanout",
            ". 10.0.0.1",
            "'fanout' is not a directive of CoreDNS itself",
            "write: forward . 10.0.0.1",
        ),
        (
            "lameduck",
            "5s",
            "'lameduck' is not a directive",
            "it belongs into the block of one: health {",
        ),
        ("imprt", "x", "'imprt' is not a directive; did you mean 'import'?", ""),
        ("xyzzy", "", "'xyzzy' is not a directive", ""),
    ],
)
def test_a_word_that_is_no_directive_is_corrected(
    word: str, arguments: str, problem: str, hint: str
) -> None:
    assert correct(word, arguments) == (problem, hint)


def test_braces_in_arguments_are_only_text() -> None:
    _, hint = correct("proxy", "{0} {arguments}")

    assert hint == "write: forward {0} {arguments}"


@pytest.mark.parametrize("word", [*REMOVED, *FOREIGN])
def test_the_hint_for_an_old_word_is_complete(word: str) -> None:
    _, hint = correct(word, "")

    assert hint
    assert "{" not in hint
