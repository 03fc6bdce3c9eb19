"""Everything one stanza needs, put together: its upstreams, how they are spoken to, who asks."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from svcdns.route.offers import Fault
from svcdns.telemetry.log import get_log
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.forwarder import Forwarder
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.health import Health
from svcdns.upstream.host_names import ask_resolvers, ask_system
from svcdns.upstream.roster import Roster
from svcdns.upstream.server import Server
from svcdns.upstream.speaking import Speakers
from svcdns.upstream.stream import Streams
from svcdns.upstream.tls import TlsFiles

RETRY_SECONDS = 5.0
"""Between two looks at certificates and keys that are no good."""

_CANNOT = "cannot be asked: "

_log = get_log("upstream")

Change = Callable[[tuple[Server, ...], tuple[Server, ...]], None]
"""Told which upstreams there were and which there are."""


class Gathering:
    """One stanza at work, and what goes on beside the questions."""

    def __init__(
        self,
        forwarding: Forwarding,
        datagrams: Datagrams,
        root: str = "",
        on_change: Change = lambda before, after: None,  # noqa: ARG005
        chance: Random | None = None,
    ) -> None:
        """Read files, open nothing.

        Args:
            forwarding: what the stanza says.
            datagrams: what all stanzas share.
            root: where relative file names of certificates begin.
            on_change: told whenever there are other upstreams than before.
            chance: decides where chance decides.
        """
        self.servers: tuple[Server, ...] = ()
        self._forwarding = forwarding
        self._datagrams = datagrams
        self._deadlines = Deadlines()
        self._on_change = on_change
        names = (str(Path(root, name)) if name else "" for name in forwarding.tls)
        self._speakers = Speakers(TlsFiles(*names), forwarding.doh_method)
        for target in forwarding.targets:
            self._speakers.learn(target.transport)
        for where, problem in self.faults():
            _log.error("upstream.no_tls", where=where, error=problem)
        look = ask_system
        if forwarding.resolvers:
            look = partial(ask_resolvers, forwarding.resolvers, datagrams)
        self._roster = Roster(forwarding.targets, self._server, look=look, on_change=self._take)
        self.forwarder = Forwarder(
            forwarding,
            lambda: self.servers,
            lambda: self._roster.why_empty,
            datagrams,
            chance or Random(),  # noqa: S311  the order need not be hard to guess
        )

    def faults(self) -> tuple[Fault, ...]:
        """Return why upstreams cannot be asked whatever they may be like; empty is good."""
        problems = dict.fromkeys(self._speakers.problems.values())
        return tuple(Fault(self._forwarding.tls_at, f"forward: {one}") for one in problems)

    async def run(self) -> None:
        """Keep the upstreams up to date; never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._roster.run())
            group.create_task(self._mend())
        await asyncio.get_running_loop().create_future()

    def retire(self) -> None:
        """End what goes on by itself."""
        for server in self.servers:
            server.retire()

    def _take(self, servers: tuple[Server, ...]) -> None:
        before, self.servers = self.servers, servers
        self._on_change(before, servers)

    async def _mend(self) -> None:
        """Look again at files that are no good until they are."""
        while self._speakers.problems:
            await asyncio.sleep(RETRY_SECONDS)
            mended = await asyncio.to_thread(self._speakers.try_again)
            for server in self.servers:
                if server.endpoint.transport in mended and server.disabled.startswith(_CANNOT):
                    server.enable()
            if mended:
                _log.info("upstream.tls_mended", where=self._forwarding.tls_at)

    def _server(self, endpoint: Endpoint, named_at: str) -> Server:
        forwarding, transport = self._forwarding, endpoint.transport
        works = self._speakers.learn(transport)
        connect, source = self._speakers.of(transport), forwarding.habits.source
        streams = Streams(endpoint, forwarding.keeping, self._deadlines, connect, source)
        health = Health(forwarding.checks)
        server = Server(endpoint, named_at, forwarding.habits, self._datagrams, streams, health)
        if not works:
            server.disable(f"{_CANNOT}{self._speakers.problems[transport]}")
        return server
