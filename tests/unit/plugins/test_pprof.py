import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.pprof import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of

COUNT = "Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pprof", "localhost:6053"),
        ("pprof 127.0.0.1:6060", "127.0.0.1:6060"),
        ("pprof :6060", ":6060"),
        ("pprof {\n}", "localhost:6053"),
        ("pprof {\nblock\n}", "localhost:6053"),
        ("pprof :6060 {\nblock 10\n}", ":6060"),
        ("pprof {\nblock 0\n}", "localhost:6053"),
        ("pprof {\nblock -1\n}", "localhost:6053"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    assert settings_of(DIRECTIVE, text) == address


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pprof 6060", "<6060> pprof: '6060' does not end in a port"),
        ("pprof 127.0.0.1", "<127.0.0.1> pprof: '127.0.0.1' does not end in a port"),
        ("pprof :1 :2", f"<:2> pprof: {COUNT} ':2'"),
        ("pprof {\nblock x\n}", "<x> pprof: 'x' is not a whole number"),
        ("pprof {\nblock 1 2\n}", f"<2> pprof: {COUNT} '2'"),
        ("pprof {\nheap\n}", "<heap> pprof: unknown property 'heap'"),
        ("pprof\npprof", "<pprof> pprof: this plugin can only be used once per Server Block"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert [text for text, _ in problems_of(DIRECTIVE, text)] == [problem]


@given(st.integers(0, 10**6))
def test_a_port_is_one_of_65536(port: int) -> None:
    assert bool(problems_of(DIRECTIVE, f"pprof :{port}")) == (port > 65_535)


def test_it_adds_nothing_and_says_so_once() -> None:
    scope = FixedScope()

    steps = DIRECTIVE.build("localhost:6053", scope)

    assert steps == Steps()
    (line,) = scope.lines
    assert line.startswith("[WARNING] plugin/pprof: has no effect yet: nothing listens at local")
