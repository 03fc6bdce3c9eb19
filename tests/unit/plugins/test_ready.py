import pytest

from svcdns.plugins.ready import DIRECTIVE
from svcdns.route.stages import ReadyListener
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("ready", ReadyListener(":8181", continuously=False)),
        ("ready 0.0.0.0:8082", ReadyListener("0.0.0.0:8082", continuously=False)),
        ("ready {\nmonitor until-ready\n}", ReadyListener(":8181", continuously=False)),
        ("ready :1 {\nmonitor continuously\n}", ReadyListener(":1", continuously=True)),
    ],
)
def test_address_and_monitor_are_read(text: str, listener: ReadyListener) -> None:
    assert settings_of(DIRECTIVE, text) == listener


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "ready\nready",
            [
                (
                    "<ready> ready: this plugin can only be used once per Server Block",
                    "the first one is at Corefile:2: make one of them",
                )
            ],
        ),
        (
            "ready {\nmonitor continously\n}",
            [
                (
                    (
                        "<continously> ready: wrong value for monitor: continously, "
                        "must be one of: until-ready, continuously"
                    ),
                    "write: monitor continuously",
                )
            ],
        ),
        (
            "ready :1 :2",
            [
                (
                    "<:2> ready: Wrong argument count or unexpected line ending after ':2'",
                    "take out: :2",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_it_declares_its_listener() -> None:
    listener = ReadyListener(":8181", continuously=True)

    assert DIRECTIVE.build(listener, FixedScope()).declarations == (listener,)
