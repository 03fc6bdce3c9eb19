import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.multisocket import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of

COUNT = "Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("text", "count"),
    [("multisocket", 0), ("multisocket 2", 2), ("multisocket +3", 3), ("multisocket 1024", 1024)],
)
def test_accepted(text: str, count: int) -> None:
    assert settings_of(DIRECTIVE, text) == count


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("multisocket 0", "<0> multisocket: num sockets can not be zero or negative: 0"),
        ("multisocket -1", "<-1> multisocket: num sockets can not be zero or negative: -1"),
        ("multisocket 1025", "<1025> multisocket: num sockets exceeds maximum (1024): 1025"),
        ("multisocket x", "<x> multisocket: invalid num sockets: 'x' is not a whole number"),
        ("multisocket 2.5", "<2.5> multisocket: invalid num sockets: '2.5' is not a whole number"),
        ("multisocket 2 3", f"<3> multisocket: {COUNT} '3'"),
        ("multisocket {\n}", "<multisocket> multisocket: 'multisocket' takes no block"),
        (
            "multisocket 2\nmultisocket 3",
            "<multisocket> multisocket: this plugin can only be used once per Server Block",
        ),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert [text for text, _ in problems_of(DIRECTIVE, text)] == [problem]


@given(st.integers(-2000, 2000))
def test_a_count_is_accepted_if_it_is_1_to_1024(count: int) -> None:
    assert bool(problems_of(DIRECTIVE, f"multisocket {count}")) != (1 <= count <= 1024)


def test_it_adds_nothing_and_says_so_once() -> None:
    scope = FixedScope()

    steps = DIRECTIVE.build(2, scope)

    assert steps == Steps()
    (line,) = scope.lines
    assert line.startswith("[WARNING] plugin/multisocket: has no effect yet: ")
    assert "run more replicas" in line
