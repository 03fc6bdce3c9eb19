import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.plugins.trace import DIRECTIVE, TraceSettings
from svcdns.route.stages import Steps
from tests.support.directives import FixedScope, problems_of, settings_of

COUNT = "Wrong argument count or unexpected line ending after"
DEFAULT = TraceSettings()


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("trace", DEFAULT),
        ("trace zipkin", DEFAULT),
        ("trace 10.0.0.9:9411", TraceSettings(endpoint="10.0.0.9:9411")),
        ("trace http://10.0.0.9:9411/api", TraceSettings(endpoint="http://10.0.0.9:9411/api")),
        ("trace zipkin tracing:9411", TraceSettings(endpoint="tracing:9411")),
        ("trace Zipkin tracing:9411", TraceSettings(endpoint="tracing:9411")),
        ("trace datadog", TraceSettings("datadog", "localhost:8126")),
        ("trace datadog agent:8126", TraceSettings("datadog", "agent:8126")),
        ("trace {\n}", DEFAULT),
        ("trace {\nevery 100\n}", TraceSettings(every=100)),
        ("trace {\nevery 0\n}", TraceSettings(every=0)),
        ("trace {\nservice dns\n}", TraceSettings(service="dns")),
        ("trace {\nclient_server\n}", TraceSettings(client_server=True)),
        ("trace {\nclient_server T\n}", TraceSettings(client_server=True)),
        ("trace {\nclient_server false\n}", DEFAULT),
        ("trace {\ndatadog_analytics_rate\n}", DEFAULT),
        ("trace {\ndatadog_analytics_rate 1e-1\n}", DEFAULT),
        ("trace {\nzipkin_max_backlog_size 10\n}", DEFAULT),
        ("trace {\nzipkin_max_batch_size 10\n}", DEFAULT),
        ("trace {\nzipkin_max_batch_interval 1s\n}", DEFAULT),
        ("trace a:1\ntrace b:2", TraceSettings(endpoint="b:2")),
    ],
)
def test_accepted(text: str, settings: TraceSettings) -> None:
    assert settings_of(DIRECTIVE, text) == settings


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("every", f"<every> trace: {COUNT} 'every'"),
        ("every 1 2", f"<2> trace: {COUNT} '2'"),
        ("every x", "<x> trace: 'x' is not a whole number"),
        ("every -1", "<-1> trace: every must be >= 0: -1"),
        ("service", f"<service> trace: {COUNT} 'service'"),
        ("service a b", f"<b> trace: {COUNT} 'b'"),
        ("client_server yes", "<yes> trace: client_server is true or false, not 'yes'"),
        ("client_server true false", f"<false> trace: {COUNT} 'false'"),
        (
            "datadog_analytics_rate 1.1",
            "<1.1> trace: datadog_analytics_rate must be in range [0, 1]: 1.1",
        ),
        ("datadog_analytics_rate x", "<x> trace: 'x' is not a number"),
        ("zipkin_max_backlog_size x", "<x> trace: 'x' is not a whole number"),
        ("zipkin_max_batch_size 1 2", f"<2> trace: {COUNT} '2'"),
        (
            "zipkin_max_batch_interval 1",
            '<1> trace: time: missing unit in duration "1"',
        ),
        (
            "zipkin_max_batch_interval -1s",
            "<-1s> trace: zipkin_max_batch_interval must be >= 0.001s: -1s",
        ),
        ("sample 1", "<sample> trace: unknown property 'sample'"),
    ],
)
def test_mistakes_in_options(line: str, problem: str) -> None:
    text = f"trace {{\n{line}\n}}"

    assert [text for text, _ in problems_of(DIRECTIVE, text)] == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("trace jaeger here:1", "<jaeger> trace: tracing endpoint type 'jaeger' is not supported"),
        ("trace zipkin here:1 there:2", f"<there:2> trace: {COUNT} 'there:2'"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert [text for text, _ in problems_of(DIRECTIVE, text)] == [problem]


@given(st.floats(0, 1, allow_nan=False))
def test_every_rate_up_to_1_is_accepted(rate: float) -> None:
    assert not problems_of(DIRECTIVE, f"trace {{\ndatadog_analytics_rate {rate}\n}}")


def test_it_adds_nothing_and_says_so_once() -> None:
    scope = FixedScope()

    steps = DIRECTIVE.build(DEFAULT, scope)

    assert steps == Steps()
    (line,) = scope.lines
    assert line.startswith(
        "[WARNING] plugin/trace: has no effect yet: nothing is sent to localhost:9411; "
    )
