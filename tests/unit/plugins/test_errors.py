import math

import pytest

from svcdns.plugins.errors import DIRECTIVE, PER_SECOND, Settings
from svcdns.route.stages import Observed, Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_labels, from_text
from svcdns.wire.question import Query, Question
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.stubs import FixedClient

TIMEOUT = "read udp 10.244.0.3:45113->10.0.0.2:53: i/o timeout"


def observed(error: str, question: Question | None = None, rcode: int = RCode.SERVFAIL) -> Observed:
    asked = question or Question.of(from_text("Example.com."), RRType.A)
    query = Query(1, 0x0100, asked, None, 29)
    return Observed(query, FixedClient(), None, rcode, 0x8182, 29, 0.1, error, ".", dict)


def built(text: str = "errors") -> tuple[Steps, list[str]]:
    scope = FixedScope()
    return DIRECTIVE.build(settings_of(DIRECTIVE, text), scope), scope.lines


def see(steps: Steps, *errors: str) -> None:
    assert steps.observe_failure is not None
    for error in errors:
        steps.observe_failure(observed(error))


def tick(steps: Steps, now: float) -> None:
    assert steps.tick is not None
    steps.tick(now)


def test_an_error_is_one_line_in_coredns_words() -> None:
    steps, lines = built()

    see(steps, TIMEOUT)

    assert lines == [f"[ERROR] plugin/errors: 2 example.com. A: {TIMEOUT}"]


def test_what_did_not_fail_has_no_line() -> None:
    steps, lines = built()

    see(steps, "")

    assert lines == []


def test_the_real_rcode_and_unknown_types_are_shown() -> None:
    steps, lines = built()
    assert steps.observe_failure is not None

    steps.observe_failure(observed("refused", Question.of(from_text("a."), 4711), RCode.REFUSED))

    assert lines == ["[ERROR] plugin/errors: 5 a. TYPE4711: refused"]


def test_a_hostile_name_cannot_write_a_line_of_its_own() -> None:
    steps, lines = built()
    name = from_labels([b"a\n[INFO] forged", b'q"b.c'])
    assert steps.observe_failure is not None

    steps.observe_failure(observed("lost", Question.of(name, RRType.A)))

    assert lines == [r"[ERROR] plugin/errors: 2 a\010[info]\032forged.q\"b\.c. A: lost"]


def test_errors_that_match_are_summed_up_after_the_period() -> None:
    steps, lines = built('errors {\nconsolidate 5m ".* i/o timeout$"\n}')
    tick(steps, 100.0)

    see(steps, TIMEOUT, TIMEOUT, "connection refused", TIMEOUT)
    tick(steps, 399.0)
    assert lines == ["[ERROR] plugin/errors: 2 example.com. A: connection refused"]
    tick(steps, 400.0)
    tick(steps, 401.0)

    assert lines[1:] == [
        "[ERROR] plugin/errors: 3 errors like '.* i/o timeout$' occurred in last 5m0s"
    ]


def test_the_period_begins_with_the_first_error() -> None:
    steps, lines = built('errors {\nconsolidate 10s "timeout"\n}')
    tick(steps, 0.0)
    tick(steps, 95.0)

    see(steps, TIMEOUT)
    tick(steps, 100.0)
    assert lines == []
    tick(steps, 105.0)

    assert lines == ["[ERROR] plugin/errors: 1 errors like 'timeout' occurred in last 10s"]


def test_an_error_before_the_first_tick_is_summed_up_too() -> None:
    steps, lines = built('errors {\nconsolidate 10s "timeout"\n}')

    see(steps, TIMEOUT)
    tick(steps, 1000.0)
    tick(steps, 1010.0)

    assert len(lines) == 1


def test_each_period_counts_anew() -> None:
    steps, lines = built('errors {\nconsolidate 1s "timeout"\n}')
    for now in (1.0, 2.0, 3.0):
        tick(steps, now)
        see(steps, TIMEOUT)
    tick(steps, 9.0)

    assert [line.split()[2] for line in lines] == ["1", "1", "1"]


def test_the_first_pattern_that_matches_counts() -> None:
    steps, lines = built('errors {\nconsolidate 1s "time" info\nconsolidate 1s "out" debug\n}')
    tick(steps, 0.0)

    see(steps, TIMEOUT, "without end")
    tick(steps, 1.0)

    assert lines == [
        "[INFO] plugin/errors: 1 errors like 'time' occurred in last 1s",
        "[DEBUG] plugin/errors: 1 errors like 'out' occurred in last 1s",
    ]


def test_show_first_prints_one_at_once_and_the_sum_only_of_several() -> None:
    steps, lines = built('errors {\nconsolidate 30s "timeout" warning show_first\n}')
    tick(steps, 0.0)

    see(steps, TIMEOUT)
    assert lines == [f"[WARNING] plugin/errors: 2 example.com. A: {TIMEOUT}"]
    tick(steps, 30.0)
    assert len(lines) == 1
    see(steps, TIMEOUT, TIMEOUT)
    tick(steps, 60.0)

    assert lines[1:] == [
        f"[WARNING] plugin/errors: 2 example.com. A: {TIMEOUT}",
        "[WARNING] plugin/errors: 2 errors like 'timeout' occurred in last 30s",
    ]


def test_pending_sums_are_printed_at_the_end() -> None:
    steps, lines = built('errors {\nconsolidate 1h "timeout"\n}')
    see(steps, TIMEOUT)

    tick(steps, math.inf)
    tick(steps, math.inf)

    assert lines == ["[ERROR] plugin/errors: 1 errors like 'timeout' occurred in last 1h0m0s"]


def test_a_flood_is_cut_and_counted() -> None:
    steps, lines = built()
    tick(steps, 0.0)

    see(steps, *["refused"] * (PER_SECOND + 31))
    assert len(lines) == PER_SECOND
    tick(steps, 1.0)
    see(steps, "refused")

    assert lines[PER_SECOND:] == [
        "[ERROR] plugin/errors: 31 more errors in the last second, not printed",
        "[ERROR] plugin/errors: 2 example.com. A: refused",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "errors",
        "errors stdout",
        "errors {\n}",
        "errors {\nstacktrace\n}",
        'errors stdout {\nstacktrace\nconsolidate 30s "x" error show_first\n}',
        "errors {\nconsolidate 0s x show_first warning\n}",
    ],
)
def test_accepted(text: str) -> None:
    assert isinstance(settings_of(DIRECTIVE, text), Settings)


def test_a_whole_stanza_is_read() -> None:
    settings = settings_of(
        DIRECTIVE, 'errors {\nstacktrace\nconsolidate 1m30s "a b" info show_first\n}'
    )

    (rule,) = settings.consolidations
    assert settings.stacktrace
    assert (rule.period_seconds, rule.pattern.text, rule.level, rule.show_first) == (
        90.0,
        "a b",
        "info",
        True,
    )


COUNT = "errors: Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "errors stderr",
            [("<stderr> errors: errors go to stdout, not to 'stderr'", "write: errors")],
        ),
        (
            "errors\nerrors",
            [
                (
                    "<errors> errors: this plugin can only be used once per Server Block",
                    "the first one is at Corefile:2: make one of them",
                )
            ],
        ),
        (
            'errors {\nconsolidate 5m "[" \n}',
            [("<\"[\"> errors: '[' is not a regular expression: missing ]: [", "")],
        ),
        (
            'errors {\nconsolidate 5 "x"\n}',
            [('<5> errors: time: missing unit in duration "5"', "write 5s")],
        ),
        (
            'errors {\nconsolidate -5s "x"\n}',
            [("<-5s> errors: consolidate must be >= 0s: -5s", "")],
        ),
        (
            'errors {\nconsolidate 5s "x" info show_first warning\n}',
            [("<warning> errors: multiple log levels specified in consolidate", "leave one")],
        ),
        (
            'errors {\nconsolidate 5s "x" warn\n}',
            [
                (
                    (
                        "<warn> errors: wrong value for consolidate: warn, "
                        "must be one of: warning, error, info, debug, show_first"
                    ),
                    "",
                )
            ],
        ),
        (
            "errors {\nconsolidate 5s\n}",
            [(f"<5s> {COUNT} '5s'", 'write: consolidate 5s ".* i/o timeout$"')],
        ),
        ("errors {\nstacktrace on\n}", [(f"<on> {COUNT} 'on'", "take out: on")]),
        (
            "errors {\nconsolidated 5s x\n}",
            [
                (
                    (
                        "<consolidated> errors: unknown property 'consolidated'; "
                        "did you mean 'consolidate'?"
                    ),
                    "",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems
