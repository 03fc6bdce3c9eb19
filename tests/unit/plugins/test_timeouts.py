import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.timeouts import DIRECTIVE
from svcdns.route.stages import ConnectionTimeouts, Steps
from svcdns.telemetry.duration import duration_text
from tests.support.directives import FixedScope, problems_of, settings_of

OPTIONS = ("read", "write", "idle")


def block(*lines: str) -> str:
    return "\n".join(["timeouts {", *lines, "}"])


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        (block("read 3s"), ConnectionTimeouts(read=3.0)),
        (block("read 3"), ConnectionTimeouts(read=3.0)),
        (block("read +3"), ConnectionTimeouts(read=3.0)),
        (block("idle 1m30s"), ConnectionTimeouts(idle=90.0)),
        (block("write 24h"), ConnectionTimeouts(write=86_400.0)),
        (block("read 1s", "read 2s"), ConnectionTimeouts(read=2.0)),
        (block("maxtcpqueries 128"), ConnectionTimeouts(max_queries=128)),
        (block("maxtcpqueries -1"), ConnectionTimeouts(max_queries=0)),
        (
            block("read 1s", "write 2s", "idle 3s", "maxtcpqueries 4"),
            ConnectionTimeouts(1.0, 2.0, 3.0, 4),
        ),
        (
            block("read 3s") + "\n" + block("idle 4s"),
            ConnectionTimeouts(read=3.0, idle=4.0),
        ),
    ],
)
def test_accepted(text: str, limits: ConnectionTimeouts) -> None:
    assert settings_of(DIRECTIVE, text) == limits


RANGE = "needs to be between 1 second and 24 hours"
QUERIES = "needs to be -1 (unlimited) or a positive integer"
NUMBER = "'many' is not a whole number"
COUNT = "Wrong argument count or unexpected line ending after"
NOTHING = (
    "<timeouts> timeouts: timeouts block with no timeouts specified",
    "name one: timeouts { idle 30s }, or take the line out",
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("timeouts", [NOTHING]),
        (block(), [NOTHING]),
        (block("read 3s") + "\n" + block(), [NOTHING]),
        ("timeouts 3s", [(f"<3s> timeouts: {COUNT} '3s'", "take out: 3s")]),
        (block("read"), [(f"<read> timeouts: {COUNT} 'read'", "write: read 10s")]),
        (block("read 3s 4s"), [(f"<4s> timeouts: {COUNT} '4s'", "take out: 4s")]),
        (block("read 0"), [(f"<0> timeouts: timeout provided '0s' {RANGE}", "")]),
        (block("read 0.5s"), [(f"<0.5s> timeouts: timeout provided '500ms' {RANGE}", "")]),
        (block("idle -3s"), [(f"<-3s> timeouts: timeout provided '-3s' {RANGE}", "")]),
        (block("idle 25h"), [(f"<25h> timeouts: timeout provided '25h0m0s' {RANGE}", "")]),
        (
            block("write soon"),
            [
                (
                    "<soon> timeouts: failed to parse duration 'soon'",
                    "a duration is written as in 30s, 1m30s or 500ms",
                )
            ],
        ),
        (
            block("read 3.5"),
            [("<3.5> timeouts: failed to parse duration '3.5'", "write 3.5s")],
        ),
        (
            block("maxtcpqueries"),
            [(f"<maxtcpqueries> timeouts: {COUNT} 'maxtcpqueries'", "write: maxtcpqueries 128")],
        ),
        (
            block("maxtcpqueries 0"),
            [(f"<0> timeouts: maxtcpqueries provided '0' {QUERIES}", "")],
        ),
        (
            block("maxtcpqueries -2"),
            [(f"<-2> timeouts: maxtcpqueries provided '-2' {QUERIES}", "")],
        ),
        (
            block("maxtcpqueries many"),
            [
                (
                    f"<many> timeouts: invalid value for maxtcpqueries 'many': {NUMBER}",
                    "",
                )
            ],
        ),
        (
            block("raed 3s"),
            [("<raed> timeouts: unknown option: 'raed'", "write: read")],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


@given(st.sampled_from(OPTIONS), st.integers(1_000, 86_400_000))
def test_every_duration_in_range_is_read_as_go_writes_it(option: str, milliseconds: int) -> None:
    seconds = milliseconds / 1000

    limits = settings_of(DIRECTIVE, block(f"{option} {duration_text(seconds)}"))

    assert getattr(limits, option) == seconds


@given(st.sampled_from((*OPTIONS, "maxtcpqueries")), st.text("0123456789.+-hmsu", min_size=1))
def test_whatever_is_accepted_is_within_the_limits(option: str, word: str) -> None:
    text = block(f"{option} {word}")

    if not problems_of(DIRECTIVE, text):
        limits = settings_of(DIRECTIVE, text)
        value = limits.max_queries if option == "maxtcpqueries" else getattr(limits, option)
        assert value == 0 if word == "-1" else value >= 1


def test_the_listener_is_told() -> None:
    limits = ConnectionTimeouts(idle=30.0)

    assert DIRECTIVE.build(limits, FixedScope()) == Steps(connections=limits)


def test_what_a_later_block_says_counts_and_the_rest_stays() -> None:
    first = ConnectionTimeouts(read=1.0, idle=2.0, max_queries=3)
    later = ConnectionTimeouts(idle=20.0, max_queries=0)

    assert later.over(first) == ConnectionTimeouts(1.0, None, 20.0, 0)
