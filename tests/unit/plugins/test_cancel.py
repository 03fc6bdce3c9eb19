import pytest

from svcdns.plugins.cancel import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("cancel", 5.001), ("cancel 1s", 1.0), ("cancel 1500ms", 1.5), ("cancel 1s\ncancel 2s", 2.0)],
)
def test_the_timeout_is_read(text: str, seconds: float) -> None:
    assert settings_of(DIRECTIVE, text) == seconds


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("cancel 0s", [("<0s> cancel: cancel must be >= 0.001s: 0s", "")]),
        ("cancel -1s", [("<-1s> cancel: cancel must be >= 0.001s: -1s", "")]),
        ("cancel 5", [('<5> cancel: time: missing unit in duration "5"', "write 5s")]),
        (
            "cancel 1s 2s",
            [
                (
                    "<2s> cancel: Wrong argument count or unexpected line ending after '2s'",
                    "take out: 2s",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_nobody_waits_yet() -> None:
    assert DIRECTIVE.build(5.001, FixedScope()) == Steps()
