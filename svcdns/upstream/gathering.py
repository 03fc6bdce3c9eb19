"""Everything one stanza needs, put together: its upstreams, how they are spoken to, who asks."""

import asyncio
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
from svcdns.upstream.speaking import speaker_of
from svcdns.upstream.stream import Connect, FramedConnection, Streams
from svcdns.upstream.tls import TlsError, TlsFiles

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
        self._root = root
        self._speakers: dict[Transport, Connect | TlsError] = {}
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
        connect = self._speaker(endpoint.transport)
        why_not = ""
        if isinstance(connect, TlsError):
            connect, why_not = FramedConnection, str(connect)
        source = forwarding.habits.source
        streams = Streams(endpoint, forwarding.keeping, self._deadlines, connect, source)
        health = Health(forwarding.checks)
        server = Server(endpoint, named_at, forwarding.habits, self._datagrams, streams, health)
        if why_not:
            server.disable(f"cannot be asked: {why_not}")
        return server

    def _speaker(self, transport: Transport) -> Connect | TlsError:
        """Return what connects to upstreams of a transport, or why nothing can."""
        speaker = self._speakers.get(transport)
        if speaker is None:
            forwarding = self._forwarding
            files = TlsFiles(
                *(str(Path(self._root, name)) if name else "" for name in forwarding.tls)
            )
            try:
                speaker = speaker_of(transport, files, forwarding.doh_method)
            except TlsError as error:
                speaker = error
                _log.error("upstream.no_tls", error=str(error))
            self._speakers[transport] = speaker
        return speaker
