from collections.abc import Callable

import pytest

from svcdns.corefile.arguments import Arguments
from svcdns.corefile.words import Words
from tests.support.corefiles import good, marked


def arguments_of(text: str, keys: str = "cluster.local 10.0.0.0/15") -> Arguments:
    (block,) = good(f"{keys} {{\n{text}\n}}\n").blocks
    stanzas = tuple(s for s in block.stanzas if s.name.text == "cache")
    return Arguments("cache", stanzas, tuple(key.zone for key in block.keys))


def read(line: str, read: Callable[[Words], object]) -> tuple[object, list[str]]:
    """Return what `read` makes of one stanza, and its mistakes."""
    arguments = arguments_of(line)
    result = read(arguments.once())
    return result, [f"<{marked(mistake)}> {mistake.problem}" for mistake in arguments.mistakes]


def hint(line: str, read: Callable[[Words], object]) -> str:
    arguments = arguments_of(line)
    read(arguments.once())
    (mistake,) = arguments.mistakes
    return mistake.hint


@pytest.mark.parametrize(
    ("line", "take", "result"),
    [
        pytest.param("cache x", lambda w: w.text(), "x", id="text"),
        pytest.param("cache", lambda w: w.text("y"), "y", id="text by default"),
        pytest.param('cache ""', lambda w: w.text("y"), "", id="an empty word is a word"),
        pytest.param("cache a b  c", lambda w: w.joined(), "a b c", id="joined"),
        pytest.param("cache 30", lambda w: w.integer(), 30, id="integer"),
        pytest.param("cache 30", lambda w: w.integer(30, 30), 30, id="limits are within"),
        pytest.param("cache", lambda w: w.integer(1, default=0), 0, id="integer by default"),
        pytest.param("cache 2.5", lambda w: w.number(0), 2.5, id="number"),
        pytest.param("cache", lambda w: w.number(default=1.5), 1.5, id="number by default"),
        pytest.param("cache 1m30s", lambda w: w.duration(), 90.0, id="duration"),
        pytest.param("cache", lambda w: w.duration(default=0.5), 0.5, id="duration by default"),
        pytest.param("cache b", lambda w: w.choice("a", "b"), "b", id="choice"),
        pytest.param(
            "cache", lambda w: w.choice("a", "b", default="b"), "b", id="choice by default"
        ),
        pytest.param("cache A.b", lambda w: w.zone(), "a.b.", id="zone"),
        pytest.param("cache 10.0.0.0/7", lambda w: w.zone(), "10.in-addr.arpa.", id="first of two"),
        pytest.param(
            "cache X 10.0.0.0/7 x.",
            lambda w: w.zones(),
            ("x.", "10.in-addr.arpa.", "11.in-addr.arpa."),
            id="zones, each once",
        ),
        pytest.param(
            "cache",
            lambda w: w.zones(),
            ("cluster.local.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa."),
            id="the block's zones",
        ),
        pytest.param("cache", lambda w: w.zones(default=(".",)), (".",), id="zones by default"),
        pytest.param('cache "" a', lambda w: w.zones(), ("a.",), id="an empty zone is passed over"),
        pytest.param("cache :9153", lambda w: w.listen_address(":1"), ":9153", id="listen address"),
        pytest.param(
            "cache", lambda w: w.listen_address(":1"), ":1", id="listen address by default"
        ),
        pytest.param(
            "cache 5 1s x",
            lambda w: (w.left, w.integer(), w.duration(), w.text(), w.left),
            (3, 5, 1.0, "x", 0),
            id="one after the other",
        ),
        pytest.param("cache", lambda w: w.peek(), None, id="nothing to peek at"),
        pytest.param(
            "cache { }", lambda w: (w.has_block, [*w.options("x")]), (True, []), id="block"
        ),
    ],
)
def test_words_are_taken_as_what_they_should_be(
    line: str, take: Callable[[Words], object], result: object
) -> None:
    assert read(line, take) == (result, [])


@pytest.mark.parametrize(
    ("line", "take", "texts"),
    [
        ("cache a b", lambda w: w.exactly(2), ["a", "b"]),
        ("cache a b", lambda w: w.at_least(1), ["a", "b"]),
        ("cache a", lambda w: w.at_most(2), ["a"]),
        ("cache", lambda w: w.at_most(2), []),
        ("cache a b", lambda w: (w.take(), *w.rest()), ["a", "b"]),
        ("cache", lambda w: w.rest(), []),
    ],
)
def test_words_can_be_counted(
    line: str, take: Callable[[Words], tuple[object, ...]], texts: list[str]
) -> None:
    tokens, mistakes = read(line, lambda w: [token.text for token in take(w)])  # type: ignore[attr-defined]

    assert (tokens, mistakes) == (texts, [])


COUNT = "cache: Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("line", "take", "result", "mistake"),
    [
        pytest.param("cache", lambda w: w.text(), "", f"<cache> {COUNT} 'cache'", id="no word"),
        pytest.param(
            "cache 5", lambda w: (w.integer(), w.integer(3)), (5, 3), f"<5> {COUNT} '5'", id="one"
        ),
        pytest.param(
            "cache a",
            lambda w: [token.text for token in w.exactly(3)],
            ["a", "", ""],
            f"<a> {COUNT} 'a'",
            id="too few are one mistake",
        ),
        pytest.param("cache a b", lambda w: w.text(), "a", f"<b> {COUNT} 'b'", id="too many"),
        pytest.param("cache a b c", lambda w: w.text(), "a", f"<b> {COUNT} 'c'", id="two too many"),
        pytest.param("cache a", lambda _: None, None, f"<a> {COUNT} 'a'", id="none were expected"),
        pytest.param("cache", lambda w: w.joined(), "", f"<cache> {COUNT} 'cache'", id="joined"),
        pytest.param(
            "cache", lambda w: w.duration(2), 2, f"<cache> {COUNT} 'cache'", id="duration"
        ),
        pytest.param(
            "cache", lambda w: w.choice("a", "b"), "a", f"<cache> {COUNT} 'cache'", id="choice"
        ),
        pytest.param("cache", lambda w: w.zone(), ".", f"<cache> {COUNT} 'cache'", id="zone"),
        pytest.param(
            "cache x", lambda w: w.integer(), 0, "<x> cache: 'x' is not a whole number", id="text"
        ),
        pytest.param(
            "cache 30x",
            lambda w: w.integer(5, meaning="a number of seconds"),
            5,
            "<30x> cache: '30x' is not a number of seconds",
            id="meaning",
        ),
        pytest.param(
            "cache 3601",
            lambda w: w.integer(0, 3600),
            0,
            "<3601> cache: cache must be in range [0, 3600]: 3601",
            id="range",
        ),
        pytest.param(
            "cache 0", lambda w: w.integer(1), 1, "<0> cache: cache must be >= 1: 0", id="too small"
        ),
        pytest.param(
            "cache 1000001",
            lambda w: w.integer(most=1000000),
            0,
            "<1000001> cache: cache must be <= 1000000: 1000001",
            id="too great",
        ),
        pytest.param(
            "cache 1s",
            lambda w: w.duration(2, 2.5),
            2,
            "<1s> cache: cache must be in range [2s, 2.5s]: 1s",
            id="too short",
        ),
        pytest.param(
            "cache 30",
            lambda w: w.duration(),
            0.0,
            '<30> cache: time: missing unit in duration "30"',
            id="no unit",
        ),
        pytest.param(
            "cache x", lambda w: w.number(), 0.0, "<x> cache: 'x' is not a number", id="number"
        ),
        pytest.param(
            "cache c",
            lambda w: w.choice("a", "b"),
            "a",
            "<c> cache: wrong value for cache: c, must be one of: a, b",
            id="no choice",
        ),
        pytest.param(
            'cache ""',
            lambda w: w.choice("a", "b"),
            "a",
            '<""> cache: wrong value for cache: "", must be one of: a, b',
            id="an empty choice",
        ),
        pytest.param(
            "cache a..b c",
            lambda w: w.zones(),
            ("c.",),
            "<a..b> cache: zone is not a valid domain name: 'a..b' has an empty label",
            id="no zone",
        ),
        pytest.param(
            "cache x",
            lambda w: w.listen_address(":1"),
            ":1",
            "<x> cache: 'x' does not end in a port",
            id="no port",
        ),
        pytest.param(
            "cache { }",
            lambda _: None,
            None,
            "<cache> cache: 'cache' takes no block",
            id="empty block",
        ),
        pytest.param(
            "cache {\nx\n}",
            lambda w: [*w.options("abc", "def")],
            [],
            "<x> cache: unknown property 'x'",
            id="option",
        ),
        pytest.param(
            "cache {\nfoo {\n}\n}",
            lambda w: [option.name for option in w.options("foo")],
            ["foo"],
            "<foo> cache: 'foo' takes no block",
            id="block of an option",
        ),
        pytest.param(
            "cache {\nfoo x\n}",
            lambda w: [option.name for option in w.options("foo")],
            ["foo"],
            f"<x> {COUNT} 'x'",
            id="too many words of an option",
        ),
    ],
)
def test_a_mistake_is_recorded_and_the_result_has_the_right_type(
    line: str, take: Callable[[Words], object], result: object, mistake: str
) -> None:
    assert read(line, take) == (result, [mistake])


@pytest.mark.parametrize(
    ("line", "take", "expected"),
    [
        ("cache a", lambda w: (w.text(), w.duration()), "write: cache a 30s"),
        ("cache", lambda w: w.integer(512), "write: cache 512"),
        ("cache", lambda w: w.choice("a", "b"), "write: cache a"),
        ("cache", lambda w: w.text(example="/etc/hosts"), "write: cache /etc/hosts"),
        ("cache a b c", lambda w: w.text(), "take out: b c"),
        ("cache 30s", lambda w: w.integer(), "write: 30"),
        ("cache insecur", lambda w: w.choice("verified", "insecure"), "write: cache insecure"),
        ("cache { }", lambda _: None, "take the braces out"),
        (
            "cache {\nforward\n}",
            lambda w: [*w.options("x")],
            "it is a directive: is a '}' missing above?",
        ),
        ("cache {\nxyz\n}", lambda w: [*w.options("abc", "def")], "known are: abc, def"),
        ("cache {\nxyz\n}", lambda w: [*w.options(*map(str, range(13)))], ""),
    ],
)
def test_hints_can_be_pasted(line: str, take: Callable[[Words], object], expected: str) -> None:
    assert hint(line, take) == expected


@pytest.mark.parametrize(
    ("line", "take", "problem", "advice"),
    [
        pytest.param(
            "cache {$NOWHERE}",
            lambda w: w.name,
            "Wrong argument count or unexpected line ending after '{$NOWHERE}'",
            "take out: {$NOWHERE}",
            id="a word that nobody reads",
        ),
        pytest.param(
            'cache "two words"',
            lambda w: w.name,
            "Wrong argument count or unexpected line ending after 'two words'",
            'take out: "two words"',
            id="quotes",
        ),
        pytest.param(
            "cache {$NOWHERE}",
            lambda w: w.choice("on", "off"),
            "wrong value for cache: {$NOWHERE}, must be one of: on, off",
            "",
            id="a choice",
        ),
        pytest.param(
            "cache {\n{$NOWHERE}\n}",
            lambda w: [*w.options("prefetch")],
            "unknown property '{$NOWHERE}'",
            "known are: prefetch",
            id="an option",
        ),
    ],
)
def test_a_word_that_reads_as_nothing_is_shown_as_it_is_written(
    line: str, take: Callable[[Words], object], problem: str, advice: str
) -> None:
    arguments = arguments_of(line)
    take(arguments.once())

    (mistake,) = arguments.mistakes
    assert (mistake.problem, mistake.hint) == (f"cache: {problem}", advice)


def test_an_option_that_is_nearly_one_is_seen_through() -> None:
    _, mistakes = read("cache {\nprefech 1\n}", lambda w: [*w.options("prefetch", "success")])

    assert mistakes == ["<prefech> cache: unknown property 'prefech'; did you mean 'prefetch'?"]


def test_an_option_of_older_versions_gets_the_modern_form() -> None:
    (block,) = good("a {\nkubernetes {\nresyncperiod 5m\n}\n}\n").blocks
    arguments = Arguments("kubernetes", block.stanzas, ("a.",))

    assert [*arguments.once().options("ttl")] == []

    (mistake,) = arguments.mistakes
    assert mistake.problem == "kubernetes: unknown property 'resyncperiod'"
    assert mistake.hint == "take the line out: the watch needs no resync"


def test_without_names_every_option_is_yielded_with_its_own_words() -> None:
    def lines(words: Words) -> list[tuple[str, str]]:
        return [(option.name, option.joined()) for option in words.options()]

    found, mistakes = read("cache {\n10.0.0.1 a b\n10.0.0.2 c\n}", lines)

    assert found == [("10.0.0.1", "a b"), ("10.0.0.2", "c")]
    assert mistakes == []


def test_options_may_have_options() -> None:
    def deep(words: Words) -> list[str]:
        return [inner.text() for option in words.options("a") for inner in option.options("b")]

    assert read("cache {\na {\nb x\nb y\n}\n}", deep) == (["x", "y"], [])


def test_nothing_is_said_about_the_rest_of_a_line_with_a_mistake() -> None:
    _, mistakes = read("cache x y", lambda w: w.integer())

    assert mistakes == ["<x> cache: 'x' is not a whole number"]


def test_every_line_has_its_own_mistakes() -> None:
    def numbers(words: Words) -> list[int]:
        return [option.integer(1) for option in words.options("a", "b")]

    found, mistakes = read("cache 1 {\na x\nc\nb\n}", numbers)

    assert found == [1, 1]
    assert sorted(mistakes) == [
        f"<1> {COUNT} '1'",
        f"<b> {COUNT} 'b'",
        "<c> cache: unknown property 'c'",
        "<x> cache: 'x' is not a whole number",
    ]


def test_skipping_a_line_keeps_quiet_about_it() -> None:
    assert read("cache a b {\nc\n}", lambda w: w.skip()) == (None, [])


def test_a_plugin_complains_at_a_word_or_at_the_name() -> None:
    arguments = arguments_of("cache a b")
    words = arguments.once()

    words.mistake("one", "do this", at=words.take())
    words.mistake("two")
    words.warning("three", at=words.take())

    assert [(marked(m), m.problem, m.hint) for m in arguments.mistakes] == [
        ("a", "cache: one", "do this"),
        ("cache", "cache: two", ""),
    ]
    assert [(marked(w), w.problem) for w in arguments.warnings] == [("b", "cache: three")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cache stop {\nname a b\nanswer auto\n}", ["stop", "name", "a", "b", "answer", "auto"]),
        ("cache {\n}", []),
        ("cache a b", ["a", "b"]),
    ],
)
def test_a_block_is_read_as_if_it_stood_on_its_directives_line(text: str, words: list[str]) -> None:
    found, mistakes = read(text, lambda w: [word.text for word in w.unfolded().rest()])

    assert found == words
    assert mistakes == []


def test_a_block_within_an_unfolded_one_is_a_mistake() -> None:
    _, mistakes = read("cache {\na b {\nc\n}\n}", lambda w: w.unfolded().rest())

    assert mistakes == ["<a> cache: 'a' takes no block"]


def test_a_word_too_few_on_an_unfolded_line_is_missed_where_it_ends() -> None:
    _, mistakes = read("cache stop {\nname a\n}", lambda w: w.unfolded().exactly(4))

    assert mistakes == [f"<a> {COUNT} 'a'"]
