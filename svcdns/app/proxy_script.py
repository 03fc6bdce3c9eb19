"""What the packet filter modes would write, as the scripts that nft and iptables-restore take.

The backends themselves write it, from an empty kernel, to somebody who only takes it down.
"""

import asyncio
from contextlib import closing
from typing import NamedTuple, Self

from svcdns.app.proxy_backend import OpenBackend, filter_options
from svcdns.app.proxy_settings import ProxySettings
from svcdns.dataplane.backend import Failure
from svcdns.dataplane.iptables import Iptables
from svcdns.dataplane.iptables_programs import WIDTHS, Programs
from svcdns.dataplane.nftables import Nftables
from svcdns.proxy.diff import diff
from svcdns.proxy.model import Desired
from svcdns.proxy.realized import Realized


class Script(NamedTuple):
    """Text for a program, and what is not in it."""

    text: str
    failures: tuple[Failure, ...] = ()


def script(settings: ProxySettings, desired: Desired) -> Script | None:
    """Return the script of a packet filter mode; None for another mode."""
    options = filter_options(settings)
    if settings.mode == "nftables":
        nft = _Nft()
        with closing(Nftables(options, find_runner=lambda: nft)) as backend:
            failures = asyncio.run(_write(backend, desired, nft.scripts))
        return Script("\n".join(nft.scripts), failures)
    if settings.mode == "iptables":
        restore = _Restore()
        with closing(Iptables(options, find=lambda: restore)) as backend:
            failures = asyncio.run(_write(backend, desired, restore.scripts))
        return Script("\n".join(restore.scripts), failures)
    return None


async def _write(backend: OpenBackend, desired: Desired, scripts: list[str]) -> tuple[Failure, ...]:
    await backend.probe()
    scripts.clear()  # it may have tried something
    await backend.setup()
    return await backend.apply(diff(desired, Realized()), desired)


class _Nft:
    """A kernel without tables that takes down what it is told."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def run(self, script: str) -> str:
        self.scripts.append(f"{script.strip()}\n")
        return ""

    def generation(self) -> None:
        return None

    def contents(self, width: int, table: str) -> None:  # noqa: ARG002 - as it is called
        return None


class _Restore(Programs):
    """A kernel without rules that takes down what it is told."""

    scripts: list[str]

    def __new__(cls) -> Self:
        made = super().__new__(cls, "")
        made.scripts = []
        return made

    def save(self, width: int) -> str:  # noqa: ARG002 - as it is called
        return ""

    def restore(self, width: int, text: str) -> None:
        program = f"{WIDTHS[width]}-restore --noflush"
        self.scripts.append(f"{program} <<'END'\n{text.strip()}\nEND\n")
