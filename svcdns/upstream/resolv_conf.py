"""The file that says which resolvers a machine uses: its lines as values, nothing opened.

As resolv.conf(5) has it: the last `search` or `domain` counts, `options` add up, and what
nobody knows is passed over, because the C library does so too.
"""

from ipaddress import ip_address
from typing import NamedTuple

FILE = "/etc/resolv.conf"

_MAX_NDOTS = 15
_MAX_TIMEOUT = 30
_MAX_ATTEMPTS = 5


class NameServer(NamedTuple):
    """One `nameserver` line."""

    address: str
    line: int


class Problem(NamedTuple):
    """A line that cannot be used."""

    line: int
    text: str


class ResolvConf(NamedTuple):
    """What a resolv.conf says."""

    name_servers: tuple[NameServer, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    rotate: bool = False
    problems: tuple[Problem, ...] = ()


def parse(text: str) -> ResolvConf:
    """Return what `text` says; lines that cannot be used are among its problems."""
    servers: list[NameServer] = []
    problems: list[Problem] = []
    search: tuple[str, ...] = ()
    options: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in ("#", ";"):
            continue
        match line.split():
            case ["nameserver", address, *_]:
                if _is_address(address):
                    servers.append(NameServer(address, number))
                else:
                    problems.append(Problem(number, f"'{address[:80]}' is not an address"))
            case ["nameserver"]:
                problems.append(Problem(number, "nameserver without an address"))
            case ["search", *domains]:
                search = tuple(domains)
            case ["domain", domain, *_]:
                search = (domain,)
            case ["options", *words]:
                options |= dict(map(_option, words))
            case _:
                pass
    return ResolvConf(
        tuple(dict.fromkeys(servers)),
        search,
        ndots=min(options.get("ndots", 1), _MAX_NDOTS),
        timeout=max(1, min(options.get("timeout", 5), _MAX_TIMEOUT)),
        attempts=max(1, min(options.get("attempts", 2), _MAX_ATTEMPTS)),
        rotate="rotate" in options,
        problems=tuple(problems),
    )


def _option(word: str) -> tuple[str, int]:
    """Return name and number of an option; without a number, or with a wrong one, 1."""
    name, _, number = word.partition(":")
    is_number = number.isascii() and number.isdigit() and len(number) <= 4
    return name, int(number) if is_number else 1


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
