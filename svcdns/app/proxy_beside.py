"""The service proxy in the process of a DNS server; without settings it is nothing at all.

What a proxy is made of is loaded only where there is one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from svcdns.app.feed import Feed, View
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.watching import Stanzas, Watching

if TYPE_CHECKING:
    from svcdns.app.proxying import Proxying


class ProxyBeside:
    """A proxy, or none."""

    def __init__(self, settings: ProxySettings | None) -> None:
        """Do nothing yet; `join`, `begin` and the loops follow.

        Args:
            settings: None: there is no proxy, and nothing here does anything.
        """
        self._settings = settings
        self._proxying: Proxying | None = None
        self.stanzas: Stanzas = {}
        """What has to be followed for it."""
        if settings is not None:
            from svcdns.app.proxying import STANZAS  # noqa: PLC0415

            self.stanzas = STANZAS

    def join(self, feed: Feed, watching: Watching, *, is_live: bool) -> None:
        """See what the server sees.

        Args:
            feed: keeps the state of the cluster.
            watching: follows API servers.
            is_live: whether it does; or else the objects are from manifests.
        """
        if self._settings is None:
            return
        from svcdns.app.proxying import Proxying  # noqa: PLC0415

        def has_all() -> bool:
            return watching.is_synced(View()) if is_live else feed.state(View()).synced

        self._proxying = Proxying(self._settings, feed, has_all)
        watching.on_trigger = self._proxying.triggered

    async def begin(self) -> None:
        """See whether the mode works here, and open health and metrics.

        Raises:
            StartError: it does not work, or an address cannot be had.
        """
        if self._proxying is not None:
            await self._proxying.begin()

    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what has to run as long as the process does, by name."""
        return self._proxying.loops() if self._proxying is not None else {}

    async def close(self) -> None:
        """Close the pages; what the node has stays."""
        if self._proxying is not None:
            await self._proxying.close()
