"""Everything one stanza needs, put together: its upstreams, how they are spoken to, who asks."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from svcdns.telemetry.log import get_log
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.forwarder import Forwarder
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.health import Health
from svcdns.upstream.host_names import ask_resolvers, ask_system
from svcdns.upstream.roster import Roster
from svcdns.upstream.server import Server
from svcdns.upstream.stream import Streams
from svcdns.upstream.tls import TlsError, TlsFiles, context_of

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
        self._why_no_tls = ""
        self._context = self._tls(root)
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

    async def run(self) -> None:
        """Keep the upstreams up to date; never returns."""
        await self._roster.run()
        await asyncio.get_running_loop().create_future()

    def retire(self) -> None:
        """End what goes on by itself."""
        for server in self.servers:
            server.retire()

    def _take(self, servers: tuple[Server, ...]) -> None:
        before, self.servers = self.servers, servers
        self._on_change(before, servers)

    def _server(self, endpoint: Endpoint, named_at: str) -> Server:
        forwarding = self._forwarding
        is_tls = endpoint.transport is Transport.TLS
        context = self._context if is_tls else None
        source = forwarding.habits.source
        streams = Streams(endpoint, forwarding.keeping, self._deadlines, context, source)
        health = Health(forwarding.checks)
        server = Server(endpoint, named_at, forwarding.habits, self._datagrams, streams, health)
        if is_tls and context is None:
            server.disable(f"cannot be asked: {self._why_no_tls}")
        return server

    def _tls(self, root: str) -> ssl.SSLContext | None:
        """Return how TLS is spoken; None: it is not, or cannot be."""
        if not any(target.transport is Transport.TLS for target in self._forwarding.targets):
            return None
        names = self._forwarding.tls
        files = TlsFiles(*(str(Path(root, name)) if name else "" for name in names))
        try:
            return context_of(files)
        except TlsError as error:
            self._why_no_tls = str(error)
            _log.error("upstream.no_tls", error=self._why_no_tls)
            return None
