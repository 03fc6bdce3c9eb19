"""CoreDNS's command line in the spelling of `svcdns serve`, so that a Deployment keeps its args.

Go's flags take one dash or two, `-flag value` or `-flag=value`, and `-switch=true`. Everything
that is not such a flag passes as it is; the parser behind judges it.

Source: the flags of CoreDNS 1.15; package flag of Go.
"""

from collections.abc import Sequence

VALUES = {"conf": "--corefile", "dns.port": "--port", "p": "--port", "pidfile": "--pidfile"}
SWITCHES = {"plugins": "--plugins", "quiet": "--quiet", "version": "--version"}

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def translate(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with CoreDNS's flags as options of `svcdns serve`.

    A word of several letters behind one dash that nobody knows gets a second dash, so that the
    complaint about it names all of it and not its first letter.
    """
    ours: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.lstrip("-").partition("=")
        dashes = len(argument) - len(argument.lstrip("-"))
        if argument == "--":
            return [*ours, argument, *rest]
        if dashes not in (1, 2) or not name:
            ours.append(argument)
        elif name in VALUES:
            ours.append(VALUES[name])
            ours += [value] if equals else rest[:1]
            del rest[: 0 if equals else 1]
        elif name in SWITCHES:
            ours += _switch(SWITCHES[name], equals, value)
        elif dashes == 1 and len(name) > 1:
            ours.append(f"-{argument}")
        else:
            ours.append(argument)
    return ours


def _switch(option: str, equals: str, value: str) -> list[str]:
    if not equals or value in _TRUE:
        return [option]
    if value in _FALSE:
        return []
    return [f"{option}={value}"]
