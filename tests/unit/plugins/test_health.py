import pytest

from svcdns.plugins.health import DIRECTIVE
from svcdns.route.stages import HealthListener
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("health", HealthListener(":8080", 0.0)),
        ("health localhost:8091", HealthListener("localhost:8091", 0.0)),
        ("health [::1]:8080", HealthListener("[::1]:8080", 0.0)),
        ("health {\nlameduck 5s\n}", HealthListener(":8080", 5.0)),
        ("health :9 {\nlameduck 0\n}", HealthListener(":9", 0.0)),
        pytest.param("health {\n}", HealthListener(":8080", 0.0), id="empty block"),
        pytest.param(
            "health :1 {\nlameduck 1s\n}\nhealth :2", HealthListener(":2", 1.0), id="twice"
        ),
    ],
)
def test_address_and_lameduck_are_read(text: str, listener: HealthListener) -> None:
    assert settings_of(DIRECTIVE, text) == listener


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "health 8080",
            [
                (
                    "<8080> health: '8080' does not end in a port",
                    "write: :8080",
                )
            ],
        ),
        (
            "health {\nlameduck\n}",
            [
                (
                    (
                        "<lameduck> health: Wrong argument count or unexpected line ending "
                        "after 'lameduck'"
                    ),
                    "write: lameduck 30s",
                )
            ],
        ),
        (
            "health {\nlameduck -1s\nlamduck 5s\n}",
            [
                ("<-1s> health: lameduck must be >= 0s: -1s", ""),
                ("<lamduck> health: unknown property 'lamduck'; did you mean 'lameduck'?", ""),
            ],
        ),
        (
            "health {\nlameduck soon\n}",
            [
                (
                    '<soon> health: time: invalid duration "soon"',
                    "a duration is written as in 30s, 1m30s or 500ms",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_it_declares_its_listener() -> None:
    listener = HealthListener(":8080", 5.0)

    assert DIRECTIVE.build(listener, FixedScope()).declarations == (listener,)
