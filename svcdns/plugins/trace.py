"""trace - send spans of queries to Zipkin or Datadog.

Without effect: nothing is sent. The stanza is read, its mistakes are found, and one line at
start says what tells how long queries take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

_DEFAULT_ENDPOINTS = {"zipkin": "localhost:9411", "datadog": "localhost:8126"}
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """What would be sent where."""

    kind: str = "zipkin"
    endpoint: str = _DEFAULT_ENDPOINTS["zipkin"]
    every: int = 1
    """One query in so many."""
    service: str = "coredns"
    client_server: bool = False
    """Both ends of a query in one span."""


def parse(arguments: Arguments) -> TraceSettings:
    """Read `trace [TYPE] [ENDPOINT] { options }`; of several the last one counts."""
    settings = TraceSettings()
    for stanza in arguments:
        settings = _read(stanza)
    return settings


def _read(stanza: Words) -> TraceSettings:
    settings = _target(stanza)
    for option in stanza.options(*_READERS):
        settings = _READERS[option.name](option, settings)
    return settings


def _target(stanza: Words) -> TraceSettings:
    """Return where to send: one word is an endpoint, unless it is a type."""
    first = stanza.peek()
    words = stanza.at_most(2)
    kind, endpoint = "zipkin", ""
    if len(words) > 1 or (words and words[0].text in _DEFAULT_ENDPOINTS):
        kind = words[0].text.lower()
        words = words[1:]
    if words:
        endpoint = words[0].text
    if kind not in _DEFAULT_ENDPOINTS:
        stanza.mistake(
            f"tracing endpoint type '{kind}' is not supported",
            f"there are: {', '.join(_DEFAULT_ENDPOINTS)}",
            at=first,
        )
    return TraceSettings(kind, endpoint or _DEFAULT_ENDPOINTS.get(kind, ""))


def _is_true(option: Words) -> bool:
    word = option.peek()
    text = option.text(default="true")
    if text not in _TRUE + _FALSE:
        option.mistake(f"client_server is true or false, not '{text}'", at=word)
    return text in _TRUE


Reader = Callable[[Words, TraceSettings], TraceSettings]


def _unused(read: Callable[[Words], object]) -> Reader:
    """Return the reader of an option that says how to send, which nobody does."""

    def reader(option: Words, settings: TraceSettings) -> TraceSettings:
        read(option)
        return settings

    return reader


_READERS: Mapping[str, Reader] = {
    "every": lambda option, settings: replace(settings, every=option.integer(0, signed=False)),
    "service": lambda option, settings: replace(settings, service=option.text(example="NAME")),
    "client_server": lambda option, settings: replace(settings, client_server=_is_true(option)),
    "datadog_analytics_rate": _unused(lambda option: option.number(0, 1, default=0.0)),
    "zipkin_max_backlog_size": _unused(lambda option: option.integer(0)),
    "zipkin_max_batch_size": _unused(lambda option: option.integer(0)),
    "zipkin_max_batch_interval": _unused(lambda option: option.duration(0.001)),
}


def build(settings: TraceSettings, scope: Scope) -> Steps:
    """Return no step, and say so."""
    scope.log(
        f"[WARNING] plugin/trace: has no effect yet: nothing is sent to {settings.endpoint}; "
        "'log' has the time of each query, 'prometheus' the distribution"
    )
    return Steps()


DIRECTIVE = Directive("trace", parse, build)
