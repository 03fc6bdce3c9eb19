"""How a stanza of `cache` is read, and what it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.foreign import ForeignAnswer
from svcdns.answers.kept import Lifetimes, Limits
from svcdns.plugins.cache import DIRECTIVE
from svcdns.plugins.parts.cache_hits import Prefetch
from svcdns.plugins.parts.cache_step import Settings, Stale
from svcdns.wire.name import ROOT, from_text
from tests.support.cached import Cache, address, say
from tests.support.directives import problems_of, settings_of, warnings_of
from tests.support.foreign import foreign, soa
from tests.support.stubs import question

ORG = from_text("example.org.")
LOCAL = from_text("cluster.local.")
SETTINGS = Settings((LOCAL,))


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("cache", SETTINGS),
        ("cache 30", Settings((LOCAL,), Lifetimes(Limits(5, 30), Limits(5, 30)))),
        ("cache 3 .", Settings((ROOT,), Lifetimes(Limits(5, 3), Limits(5, 3)))),
        ("cache example.org", Settings((ORG,))),
        (
            "cache 30 {\nsuccess 5000 60\ndenial 2500 10 1\n}",
            Settings(
                (LOCAL,), Lifetimes(Limits(5, 60), Limits(1, 10)), successes=5000, denials=2500
            ),
        ),
        ("cache {\nsuccess 0\n}", SETTINGS._replace(successes=0)),
        ("cache {\nprefetch 10\n}", SETTINGS._replace(prefetch=Prefetch(10))),
        ("cache {\nprefetch 5 10m 20%\n}", SETTINGS._replace(prefetch=Prefetch(5, 600.0, 20))),
        ("cache {\nserve_stale\n}", SETTINGS._replace(stale=Stale(3600.0))),
        ("cache {\nserve_stale 0\n}", SETTINGS._replace(stale=Stale(0.0))),
        ("cache {\nserve_stale 1h VERIFY\n}", SETTINGS._replace(stale=Stale(3600.0, verify=True))),
        (
            "cache {\nserve_stale 1m immediate 30s 5m\n}",
            SETTINGS._replace(stale=Stale(60.0, ttl=30, recheck=300.0)),
        ),
        (
            "cache {\nserve_stale_policy prefer_positive\nserve_stale 1h verify 100ms 30s 10s\n}",
            SETTINGS._replace(
                stale=Stale(
                    3600.0, verify=True, timeout=0.1, ttl=30, recheck=10.0, prefer_positive=True
                )
            ),
        ),
        ("cache {\nservfail 0\n}", SETTINGS._replace(lifetimes=Lifetimes(failure=0.0))),
        ("cache {\nservfail 5m\n}", SETTINGS._replace(lifetimes=Lifetimes(failure=300.0))),
        (
            "cache {\ndisable success cluster.local\ndisable denial 10.0.0.0/8\n}",
            SETTINGS._replace(no_success=(LOCAL,), no_denial=(from_text("10.in-addr.arpa."),)),
        ),
        ("cache {\ndisable denial\n}", SETTINGS._replace(no_denial=(ROOT,))),
        ("cache {\nkeepttl\n}", SETTINGS._replace(keep_ttl=True)),
    ],
)
def test_settings(text: str, settings: Settings) -> None:
    assert settings_of(DIRECTIVE, text) == settings


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("cache 0", "<0> cache: cache TTL can not be zero or negative: 0", ""),
        ("cache -3", "<-3> cache: cache TTL can not be zero or negative: -3", ""),
        (
            "cache {\nsuccess\n}",
            "<success> cache: Wrong argument count or unexpected line ending after 'success'",
            "write: success 1",
        ),
        ("cache {\nsuccess x\n}", "<x> cache: 'x' is not a whole number", ""),
        (
            "cache {\ndenial 9 30s\n}",
            "<30s> cache: '30s' is not a number of seconds",
            "write: 30",
        ),
        ("cache {\ndenial 9 0\n}", "<0> cache: cache TTL can not be zero or negative: 0", ""),
        (
            "cache {\nsuccess 9 9 -1\n}",
            "<-1> cache: cache min TTL can not be negative: -1",
            "",
        ),
        (
            "cache {\nprefetch -1\n}",
            "<-1> cache: prefetch amount should be positive: -1",
            "",
        ),
        (
            "cache {\nprefetch 1 1m 10\n}",
            '<10> cache: last character of percentage should be `%`, but is: "0"',
            "write: 10%",
        ),
        (
            "cache {\nprefetch 1 1m 9%\n}",
            "<9%> cache: percentage should fall in range [10, 90]: 9",
            "",
        ),
        (
            "cache {\nprefetch 1 1m 5_0%\n}",
            "<5_0%> cache: '5_0%' is not a percentage",
            "write: 10%",
        ),
        ("cache {\nprefetch 1 1m x%\n}", "<x%> cache: 'x%' is not a percentage", "write: 10%"),
        (
            "cache {\nserve_stale -1s\n}",
            "<-1s> cache: invalid negative duration for serve_stale",
            "",
        ),
        (
            "cache {\nserve_stale 1h never 1s\n}",
            "<never> cache: invalid value for serve_stale refresh mode: never",
            "write: immediate or verify",
        ),
        (
            "cache {\nserve_stale 1h verify -1s\n}",
            "<-1s> cache: invalid negative timeout for serve_stale verify",
            "",
        ),
        (
            "cache {\nserve_stale 1h immediate 1500ms\n}",
            "<1500ms> cache: serve_stale response TTL must be a whole number of seconds",
            "",
        ),
        (
            "cache {\nserve_stale 1h immediate 2000000h\n}",
            "<2000000h> cache: serve_stale response TTL exceeds the DNS TTL range",
            "",
        ),
        (
            "cache {\nserve_stale 1h immediate 0 6m\n}",
            "<6m> cache: serve_stale failure recheck cannot exceed 5 minutes",
            "",
        ),
        (
            "cache {\nserve_stale 1h immediate 0 1s 1s\n}",
            "<1s> cache: Wrong argument count or unexpected line ending after '1s'",
            "take out: 1s",
        ),
        (
            "cache {\nserve_stale\nserve_stale_policy latest\n}",
            "<latest> cache: invalid serve_stale_policy: latest",
            "write: serve_stale_policy prefer_positive",
        ),
        (
            "cache {\nserve_stale_policy prefer_positive\n}",
            "<serve_stale_policy> cache: serve_stale_policy requires serve_stale",
            "add a line: serve_stale",
        ),
        (
            (
                "cache {\nserve_stale\nserve_stale_policy prefer_positive\n"
                "serve_stale_policy prefer_positive\n}"
            ),
            "<serve_stale_policy> cache: serve_stale_policy can only be specified once",
            "",
        ),
        (
            "cache {\nservfail 6m\n}",
            "<6m> cache: caching SERVFAIL responses over 5 minutes is not permitted",
            "write: servfail 5m",
        ),
        (
            "cache {\nservfail -1s\n}",
            "<-1s> cache: invalid negative ttl for servfail",
            "",
        ),
        (
            "cache {\ndisable cluster.local\n}",
            '<cluster.local> cache: cache type for disable must be "success" or "denial"',
            "write: disable success cluster.local",
        ),
        (
            "cache\ncache",
            "<cache> cache: this plugin can only be used once per Server Block",
            "the first one is at Corefile:2: make one of them",
        ),
    ],
)
def test_mistakes(text: str, problem: str, hint: str) -> None:
    assert problems_of(DIRECTIVE, text) == [(problem, hint)]


def test_words_that_are_not_used_are_warned_of() -> None:
    text = "cache {\nsuccess 1000 30 5 9\n}"

    assert warnings_of(DIRECTIVE, text) == ["cache: only CAPACITY, TTL and MINTTL are used"]


@given(
    st.integers(1, 99999),
    st.integers(-99, 99999),
    st.integers(0, 9999),
    st.integers(0, 99),
    st.integers(10, 90),
)
def test_numbers_are_what_they_say(
    most: int, capacity: int, least: int, amount: int, percentage: int
) -> None:
    text = f"cache {{\nsuccess {capacity} {most} {least}\nprefetch {amount} 1s {percentage}%\n}}"

    settings = settings_of(DIRECTIVE, text)

    assert settings.lifetimes.success == Limits(least, most)
    assert settings.successes == capacity
    assert settings.prefetch == Prefetch(amount, 1.0, percentage)


@given(st.text('abcz019%-+. {}\n"', max_size=30))
def test_any_words_are_settings_or_mistakes(words: str) -> None:
    text = "cache {\nprefetch " + words.translate(str.maketrans("", "", '{}\n"')) + "\n}"

    problems_of(DIRECTIVE, text)


def test_what_happened_is_counted() -> None:
    cache = Cache(says=lambda query: foreign(query.question, authority=[soa()]))

    for _ in range(3):
        answer = cache.ask()
    assert isinstance(answer, ForeignAnswer)
    assert answer.on_hits is not None
    answer.on_hits(10)
    cache.says = say(foreign(question("a.example."), address(name="a.example.")))
    cache.ask(question("a.example."))
    cache.ask(question("a.example."))

    assert cache.numbers() == {
        "requests_total": 15,
        "misses_total": 2,
        "hits_total denial": 12,
        "hits_total success": 1,
        "entries success": 1,
        "entries denial": 1,
    }


def test_nothing_is_handed_over_when_nothing_happened() -> None:
    assert Cache().numbers() == {}


@pytest.mark.parametrize(
    ("text", "keeps_all"),
    [
        ("cache", True),
        ("cache 30 local", True),
        ("cache 30 .", True),
        ("cache 30 a.cluster.local", False),
        ("cache 30 example.org", False),
    ],
)
def test_errands_are_for_a_cache_that_is_for_all_names_of_its_block(
    text: str,
    keeps_all: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert (Cache(text).steps.keeper is not None) is keeps_all
