"""A node passes from one proxy to the next: one at a time, and without a gap.

Nobody else may be the node's proxy when we begin. What a mode before ours made goes on serving
until ours has programmed the node once; then it is taken away, as kube-proxy does at its start.
"""

import asyncio

from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.dataplane.backend import Backend, DataplaneError
from svcdns.dataplane.ipvs import IpvsBackend
from svcdns.dataplane.leftovers import Part, Traces, parts_of, remove
from svcdns.dataplane.sole_proxy import Sign, refuse_beside_kube_proxy
from svcdns.telemetry.log import get_log

_log = get_log("app")


class Takeover:
    """Of one process. Where everything is served at one address, there is nothing to take over."""

    def __init__(self) -> None:
        """Be nobody yet."""
        self._sign = Sign()
        self._works = asyncio.Event()

    async def begin(self, settings: ProxySettings) -> None:
        """Become the proxy of this node.

        Raises:
            StartError: it has one; says who, and what to do.
        """
        if settings.listen:
            return
        try:
            self._sign.take()
            await asyncio.to_thread(refuse_beside_kube_proxy)
        except DataplaneError as error:
            self._sign.give_back()
            raise StartError(str(error)) from None

    def works(self) -> None:
        """Say that the node has been programmed."""
        self._works.set()

    async def finish(self, settings: ProxySettings, backend: Backend) -> None:
        """Take away what other modes left, once ours works; then wait for ever.

        Args:
            settings: with the mode that was chosen.
            backend: of that mode.
        """
        await self._works.wait()
        packet_filter = backend.packet_filter if isinstance(backend, IpvsBackend) else ""
        others = frozenset(Part) - parts_of(settings.mode, packet_filter)
        traces = Traces(settings.device, exclude=settings.exclude)
        removed = await asyncio.to_thread(remove, others, traces)
        if removed.parts:
            what = ", ".join(part.value for part in removed.parts)
            _log.info("proxy.taken_over", mode=settings.mode, removed=what)
        for problem in removed.problems:
            _log.warning("proxy.leftover", what=problem)
        await asyncio.Event().wait()

    def close(self) -> None:
        """Let the next one be it."""
        self._sign.give_back()
