"""Whom a stanza may ask at the moment: its targets, with files read and names looked up.

A resolv.conf is read again when it has changed. One that is gone or holds no name server
changes nothing as long as there are name servers from before. A name is looked up until
that has worked once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from svcdns.telemetry.log import get_log
from svcdns.upstream.endpoint import Endpoint, read_endpoint
from svcdns.upstream.host_names import ask_system
from svcdns.upstream.resolv_conf import ResolvConf, parse
from svcdns.upstream.server import Server
from svcdns.upstream.targets import MOST, Address, File, HostName, Target

REREAD_SECONDS = 5.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

Look = Callable[[HostName], Awaitable[list[str]]]
"""Return the addresses of a name; raise OSError when there are none."""

_log = get_log("upstream")


class Roster:
    """The upstreams of one stanza, in the order in which they are named."""

    def __init__(
        self,
        targets: Iterable[Target],
        make: Callable[[Endpoint, str], Server],
        *,
        read: Callable[[str], str] | None = None,
        look: Look = ask_system,
        on_change: Callable[[tuple[Server, ...]], None] = lambda servers: None,  # noqa: ARG005
    ) -> None:
        """Read the files at once; names come later.

        Args:
            targets: what the stanza names.
            make: returns the upstream at an endpoint that was named somewhere.
            read: returns the text of a file; may raise OSError and UnicodeDecodeError.
            look: looks up a name.
            on_change: is told of all upstreams whenever they are others.
        """
        self.servers: tuple[Server, ...] = ()
        self._targets = tuple(targets)
        self._make = make
        self._read = read or (lambda path: Path(path).read_text(encoding="utf-8"))
        self._look = look
        self._on_change = on_change
        self._found: dict[Target, tuple[tuple[Endpoint, str], ...]] = {}
        self._problems: dict[Target, str] = {}
        self._texts: dict[File, str] = {}
        for target in self._targets:
            match target:
                case Address():
                    self._found[target] = ((target.endpoint, target.named_at),)
                case File():
                    self._take(target, self._text(target))
                case HostName():
                    self._problems[target] = f"{target.host} has not been looked up yet"
        self._settle()

    @property
    def why_empty(self) -> str:
        """Why there is nobody to ask."""
        return "; ".join(
            f"{problem} (named at {target.named_at})" for target, problem in self._problems.items()
        )

    async def run(self) -> None:
        """Look names up, then read files again when they have changed, for ever."""
        names = [target for target in self._targets if isinstance(target, HostName)]
        files = [target for target in self._targets if isinstance(target, File)]
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._resolve(name))
            for file in files:
                group.create_task(self._follow(file))

    async def _resolve(self, target: HostName) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                addresses = await self._look(target)
            except OSError as error:
                problem = f'failed to resolve "{target.host}": {error.strerror or error}'
                if self._problems.get(target) != problem:
                    self._problems[target] = problem
                    _log.warning("upstream.unresolved", host=target.host, error=problem)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            self._problems.pop(target, None)
            name = ""
            if target.transport.has_certificate:
                name = target.server_name or target.host.rstrip(".")
            self._found[target] = tuple(
                (
                    Endpoint(address, target.port, target.transport, name, target.path),
                    target.named_at,
                )
                for address in addresses
            )
            self._settle()
            return

    async def _follow(self, target: File) -> None:
        while True:
            await asyncio.sleep(REREAD_SECONDS)
            text = await asyncio.to_thread(self._text, target)
            if text != self._texts.get(target):
                self._take(target, text)
                self._settle()

    def _text(self, target: File) -> str:
        """Return the contents of a file; what cannot be read is a text that says why."""
        try:
            return self._read(target.path)
        except FileNotFoundError:
            return f"# {target.path} does not exist"
        except (OSError, UnicodeDecodeError) as error:
            return f"# {target.path} cannot be read: {error}"

    def _take(self, target: File, text: str) -> None:
        """Use what a file says now, unless it names nobody."""
        self._texts[target] = text
        said = parse(text)
        for problem in said.problems:
            where = f"{target.path}:{problem.line}"
            _log.warning("upstream.line_unusable", where=where, problem=problem.text)
        found = _endpoints(said, target.path)
        if found:
            self._found[target] = found
            self._problems.pop(target, None)
            return
        problem_text = f"{target.path} names no name server"
        if text.startswith(f"# {target.path} "):
            problem_text = text[2:]
        if self._found.get(target):
            _log.warning(
                "upstream.file_unusable", file=target.path, problem=problem_text, keeping="last one"
            )
            return
        self._problems[target] = problem_text
        _log.warning("upstream.file_unusable", file=target.path, problem=problem_text)

    def _settle(self) -> None:
        """Bring `servers` up to date; who is still named stays who he is."""
        before = {server.endpoint: server for server in self.servers}
        named: dict[Endpoint, str] = {}
        for target in self._targets:
            for endpoint, named_at in self._found.get(target, ()):
                named.setdefault(endpoint, named_at)
        after: list[Server] = []
        for endpoint, named_at in list(named.items())[:MOST]:
            server = before.pop(endpoint, None) or self._make(endpoint, named_at)
            server.named_at = named_at
            after.append(server)
        if len(named) > MOST:
            _log.warning("upstream.too_many", named=len(named), used=MOST)
        self.servers = tuple(after)
        for server in before.values():
            server.retire()
        self._on_change(self.servers)


def _endpoints(said: ResolvConf, path: str) -> tuple[tuple[Endpoint, str], ...]:
    found: list[tuple[Endpoint, str]] = []
    for server in said.name_servers:
        text = f"[{server.address}]" if ":" in server.address else server.address
        endpoint = read_endpoint(text)
        if endpoint is not None:
            found.append((endpoint, f"{path}:{server.line}"))
    return tuple(found)
