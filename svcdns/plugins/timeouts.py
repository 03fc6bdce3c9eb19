"""timeouts - how long connections may take, and how much each may ask.

The values are read here; `server.connection` acts on them. UDP has no connections.
"""

from dataclasses import replace

from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_duration, parse_integer
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import ConnectionTimeouts, Steps
from svcdns.telemetry.duration import duration_text

_OPTIONS = ("read", "write", "idle", "maxtcpqueries")
LEAST_SECONDS = 1.0
MOST_SECONDS = 86_400.0
UNLIMITED = -1
"""What the Corefile calls as many queries as a client likes."""


def parse(arguments: Arguments) -> ConnectionTimeouts:
    """Read `timeouts { read D; write D; idle D; maxtcpqueries N }`; several add up."""
    limits = ConnectionTimeouts()
    for stanza in arguments:
        is_empty = True
        for option in stanza.options():
            is_empty = False
            match option.name:
                case "read":
                    limits = replace(limits, read=_seconds(option))
                case "write":
                    limits = replace(limits, write=_seconds(option))
                case "idle":
                    limits = replace(limits, idle=_seconds(option))
                case "maxtcpqueries":
                    limits = replace(limits, max_queries=_queries(option))
                case _:
                    near = suggest(option.name, _OPTIONS)
                    hint = f"write: {near}" if near else f"known are: {', '.join(_OPTIONS)}"
                    option.mistake(f"unknown option: '{option.name}'", hint)
                    option.skip()
        if is_empty and not stanza.left:
            stanza.mistake(
                "timeouts block with no timeouts specified",
                "name one: timeouts { idle 30s }, or take the line out",
            )
    return limits


def _seconds(option: Words) -> float:
    """Return a duration; a bare number is one of seconds."""
    word = option.peek()
    text = option.text(example="10s")
    if word is None:
        return LEAST_SECONDS
    try:
        seconds = _whole_seconds(text)
    except WordError as error:
        option.mistake(f"failed to parse duration '{text}'", error.hint, at=word)
        return LEAST_SECONDS
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        option.mistake(
            f"timeout provided '{duration_text(seconds)}' needs to be between 1 second and "
            "24 hours",
            at=word,
        )
    return seconds


def _whole_seconds(text: str) -> float:
    try:
        return float(parse_integer(text))
    except WordError:
        return parse_duration(text)


def _queries(option: Words) -> int:
    """Return after how many queries a connection ends; 0: never."""
    word = option.peek()
    text = option.text(example="128")
    if word is None:
        return 0
    try:
        queries = parse_integer(text)
    except WordError as error:
        option.mistake(f"invalid value for maxtcpqueries '{text}': {error.problem}", at=word)
        return 0
    if queries < 1 and queries != UNLIMITED:
        option.mistake(
            f"maxtcpqueries provided '{text}' needs to be -1 (unlimited) or a positive integer",
            at=word,
        )
    return max(0, queries)


def build(limits: ConnectionTimeouts, _scope: Scope) -> Steps:
    """Return what connections are allowed."""
    return Steps(connections=limits)


DIRECTIVE = Directive("timeouts", parse, build)
