"""What a directive does where its stanza says nothing, in the words of a Corefile.

Each line could stand in the Corefile and would change nothing: a test holds that against the
plugins. What is off unless it is written has no line, nor what depends on the machine.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from svcdns import __version__
from svcdns.corefile.tree import Stanza


class Defaults(NamedTuple):
    """Of one directive."""

    arguments: tuple[str, ...] = ()
    """In the place of those that are not written."""
    options: tuple[tuple[str, ...], ...] = ()
    """Lines of the block, for those that are not written or have fewer words."""
    completed: tuple[tuple[str, ...], ...] = ()
    """The same, but off when they are not written."""


def _lines(*lines: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in lines)


DEFAULTS: Mapping[str, Defaults] = {
    "bufsize": Defaults(("1232",)),
    "cache": Defaults(
        options=_lines("success 9984 3600 5", "denial 9984 1800 5", "servfail 5s"),
        completed=_lines("prefetch 10 1m 10%", "serve_stale 1h immediate 0s 0s"),
    ),
    "cancel": Defaults(("5001ms",)),
    "chaos": Defaults((f"svcdns-{__version__}", "the authors of svcdns")),
    "dns64": Defaults(options=_lines("prefix 64:ff9b::/96")),
    "file": Defaults(options=_lines("reload 1m")),
    "forward": Defaults(
        options=_lines(
            *("policy random", "max_fails 2", "health_check 500ms", "max_concurrent 0"),
            *("read_timeout 2s", "expire 10s", "max_age 0s", "max_idle_conns 0"),
            "doh_method POST",
        )
    ),
    "health": Defaults((":8080",), _lines("lameduck 0s")),
    "hosts": Defaults(("/etc/hosts",), _lines("ttl 3600", "reload 5s")),
    "k8s_external": Defaults(options=_lines("apex dns", "ttl 5")),
    "kubernetes": Defaults(options=_lines("pods disabled", "ttl 5", "startup_timeout 5s")),
    "loadbalance": Defaults(("round_robin",)),
    "local": Defaults(options=_lines("localhost_prefix on")),
    "log": Defaults((".", "{common}"), _lines("class all")),
    "prometheus": Defaults(("localhost:9153",)),
    "ready": Defaults((":8181",), _lines("monitor until-ready")),
    "reload": Defaults(("30s", "15s")),
    "template": Defaults(options=_lines("rcode NOERROR")),
}


def unwritten_arguments(stanza: Stanza) -> tuple[str, ...]:
    """Return the words that stand in for arguments that are not written; empty if none do."""
    defaults = DEFAULTS.get(stanza.name.text, Defaults())
    return defaults.arguments[len(stanza.arguments) :]


def unwritten_options(stanza: Stanza) -> Iterator[tuple[str, ...]]:
    """Yield the lines that stand in for options that are not written, or not to their end."""
    defaults = DEFAULTS.get(stanza.name.text, Defaults())
    written = {line.name.text: line for line in stanza.options}
    for line in (*defaults.options, *defaults.completed):
        if not _has_effect(stanza, line):
            continue
        option = written.get(line[0])
        if option is None:
            if line in defaults.options:
                yield _fitting(stanza, line)
        elif len(option.arguments) + 1 < len(line):
            words = tuple(word.text for word in (option.name, *option.arguments))
            yield words + _fitting(stanza, line)[len(words) :]


def _has_effect(stanza: Stanza, line: tuple[str, ...]) -> bool:
    """Return whether somebody reads a line: how HTTPS is spoken, nobody where it is not."""
    words = (word.text for word in stanza.arguments)
    return line[0] != "doh_method" or any(word.startswith("https://") for word in words)


def _fitting(stanza: Stanza, line: tuple[str, ...]) -> tuple[str, ...]:
    """Return a line as the arguments of its stanza have it: the TTL of `cache` is of both kinds."""
    first = stanza.arguments[0].text if stanza.arguments else ""
    if stanza.name.text == "cache" and line[0] in {"success", "denial"} and first.isdecimal():
        return (line[0], line[1], first, line[3])
    return line
