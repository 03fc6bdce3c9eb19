import pytest

from svcdns.plugins.reload import DIRECTIVE
from svcdns.route.stages import ReloadWatch
from tests.support.directives import FixedScope, problems_of, settings_of, warnings_of


@pytest.mark.parametrize(
    ("text", "interval", "jitter"),
    [
        ("reload", 30, 15),
        ("reload 10s", 10, 5),
        ("reload 1m", 60, 15),
        ("reload 2s 1s", 2, 1),
        ("reload 10s 0s", 10, 0),
        ("reload 10s 0", 10, 0),
        ("reload 10s 20s", 10, 5),
    ],
)
def test_the_jitter_is_at_most_half_the_interval(text: str, interval: float, jitter: float) -> None:
    steps = DIRECTIVE.build(settings_of(DIRECTIVE, text), FixedScope())

    assert steps.declarations == (ReloadWatch(interval, jitter),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reload 1s", "<1s> reload: reload must be >= 2s: 1s"),
        ("reload 0s", "<0s> reload: reload must be >= 2s: 0s"),
        ("reload 3s 500ms", "<500ms> reload: jitter value must be 0 or greater or equal to 1s"),
        ("reload 10 1s", '<10> reload: time: missing unit in duration "10"'),
        (
            "reload 10s 2s x",
            "<x> reload: Wrong argument count or unexpected line ending after 'x'",
        ),
    ],
)
def test_a_mistake_is_named(text: str, problem: str) -> None:
    ((found, _),) = problems_of(DIRECTIVE, text)

    assert found == problem


def test_the_first_of_several_counts() -> None:
    text = "reload 10s\nreload nonsense here"

    assert settings_of(DIRECTIVE, text) == ReloadWatch(10, 5)
    assert warnings_of(DIRECTIVE, text) == [
        "reload: only the first 'reload' of a server block is used"
    ]
