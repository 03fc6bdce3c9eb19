import pytest

from svcdns.plugins.shed import DIRECTIVE
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize("text", ["shed", "shed {\n}"])
def test_accepted(text: str) -> None:
    assert settings_of(DIRECTIVE, text) is None


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "shed 10",
            ["<10> shed: Wrong argument count or unexpected line ending after '10'"],
        ),
        ("shed {\nsize 10\n}", ["<size> shed: shed takes no options"]),
        (
            "shed {\nsize 10 {\ndepth 1\n}\nfast\n}",
            ["<size> shed: shed takes no options", "<fast> shed: shed takes no options"],
        ),
        ("shed\nshed", ["<shed> shed: this plugin can only be used once per Server Block"]),
    ],
)
def test_mistakes(text: str, problems: list[str]) -> None:
    assert [text for text, _ in problems_of(DIRECTIVE, text)] == problems


def test_it_adds_nothing_and_says_so_once() -> None:
    scope = FixedScope()

    steps = DIRECTIVE.build(None, scope)

    assert steps == Steps()
    (line,) = scope.lines
    assert line.startswith("[INFO] plugin/shed: has no effect: work is bounded without it")
