import pytest

from svcdns.plugins.loadbalance import DIRECTIVE
from tests.support.directives import FixedScope, problems_of, settings_of

TURNS = "take the line out: addresses take turns in being first"


@pytest.mark.parametrize("text", ["loadbalance", "loadbalance round_robin", "loadbalance {\n}"])
def test_addresses_take_turns(text: str) -> None:
    settings = settings_of(DIRECTIVE, text)

    assert DIRECTIVE.build(settings, FixedScope()).rotate


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "loadbalance weighted weights.txt {\nreload 30s\n}",
            [
                (
                    "<weighted> loadbalance: 'weighted' is not supported yet",
                    "write: loadbalance round_robin",
                )
            ],
        ),
        (
            "loadbalance {\nprefer 10.0.0.0/8 192.168.0.0/16\n}",
            [("<prefer> loadbalance: 'prefer' is not supported yet", TURNS)],
        ),
        (
            "loadbalance round_robin {\nreload 30s\n}",
            [("<reload> loadbalance: 'reload' belongs to 'weighted', not to 'round_robin'", TURNS)],
        ),
        (
            "loadbalance random",
            [
                (
                    (
                        "<random> loadbalance: wrong value for loadbalance: random, "
                        "must be one of: round_robin"
                    ),
                    "",
                )
            ],
        ),
        (
            "loadbalance roundrobin",
            [
                (
                    (
                        "<roundrobin> loadbalance: wrong value for loadbalance: roundrobin, "
                        "must be one of: round_robin"
                    ),
                    "write: loadbalance round_robin",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems
