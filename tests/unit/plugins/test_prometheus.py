import pytest

from svcdns.plugins.prometheus import DIRECTIVE
from svcdns.route.stages import MetricsListener
from tests.support.directives import FixedScope, problems_of, settings_of


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("prometheus", MetricsListener("localhost:9153", runtime_metrics=False)),
        ("prometheus :9153", MetricsListener(":9153", runtime_metrics=False)),
        (
            "prometheus 127.0.0.1:1 {\nruntime_metrics\n}",
            MetricsListener("127.0.0.1:1", runtime_metrics=True),
        ),
    ],
)
def test_address_and_options_are_read(text: str, listener: MetricsListener) -> None:
    assert settings_of(DIRECTIVE, text) == listener


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "prometheus\nprometheus",
            [
                (
                    "<prometheus> prometheus: this plugin can only be used once per Server Block",
                    "the first one is at Corefile:2: make one of them",
                )
            ],
        ),
        (
            "prometheus {\ntls web.yml\n}",
            [
                (
                    "<tls> prometheus: 'tls' is not supported yet",
                    "take the line out, and let a proxy in front of the listener do TLS",
                )
            ],
        ),
        (
            "prometheus {\nruntime_metrics on\n}",
            [
                (
                    "<on> prometheus: Wrong argument count or unexpected line ending after 'on'",
                    "take out: on",
                )
            ],
        ),
        (
            "prometheus :99999",
            [("<:99999> prometheus: the port of ':99999' is greater than 65535", "")],
        ),
        (
            "prometheus localhost:",
            [
                (
                    "<localhost:> prometheus: 'localhost:' does not end in a port",
                    "write localhost:PORT; :PORT is every address",
                )
            ],
        ),
    ],
)
def test_mistakes(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(DIRECTIVE, text) == problems


def test_the_block_is_counted_and_the_page_served() -> None:
    listener = MetricsListener(":9153")

    steps = DIRECTIVE.build(listener, FixedScope())

    assert steps.measured
    assert steps.declarations == (listener,)
