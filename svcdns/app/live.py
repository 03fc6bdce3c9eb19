"""Objects from live API servers: one watch for each view that a `kubernetes` stanza asks for.

What comes in goes to the feed in one plain call; what happens on the way is told to
`app.watch_report`. Stanzas with the same selectors and the same API server share a watch.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed, View
from svcdns.app.options import Options
from svcdns.app.start_error import StartError
from svcdns.app.watch_report import WatchReport
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointSlice, Object
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.protocol import LostError, Resource
from svcdns.source.apiserver.resources import resources_for
from svcdns.source.apiserver.servers import addresses_of
from svcdns.source.apiserver.watch import Watch
from svcdns.telemetry.log import get_log, write

REMIND_SECONDS = 0.5
API_SERVERS = ("default", "kubernetes")
"""The Service whose endpoints are the API servers themselves."""

_log = get_log("source")


class Live:
    """One cluster as one or several stanzas see it."""

    def __init__(
        self,
        feed: Feed,
        view: View,
        stanzas: Sequence[KubernetesSettings],
        connection: ApiServer,
        report: WatchReport,
    ) -> None:
        """Begin with nothing; `run` follows.

        Args:
            feed: gets the objects.
            view: whose state they make.
            stanzas: all that share it; what one of them needs is followed.
            connection: to the API server.
            report: is told what happens.
        """
        self.view = view
        self.state = feed.state(view)
        self.server = connection.server
        """URL of the API server that is asked first."""
        self.on_sync: Callable[[], None] | None = None
        """Is called when everything that is needed has been loaded once."""
        self.patience_seconds = max(one.startup_timeout for one in stanzas)
        """How long the start may wait for the first complete load."""
        self._feed = feed
        self._report = report
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        resources = {resource: None for one in stanzas for resource in resources_for(one)}
        self.watch = Watch(connection, tuple(resources), self, report, Random())  # noqa: S311  pauses
        self._connection = connection
        self._synced = asyncio.Event()
        self._is_restored = False

    async def run(self) -> None:
        """Follow the cluster until the task ends."""
        await self.watch.run()

    async def close(self) -> None:
        """Close the connections; to be called when `run` has ended."""
        await self._connection.close()

    @property
    def is_synced(self) -> bool:
        """Whether everything that is needed has been loaded once."""
        return self._synced.is_set()

    @property
    def can_answer(self) -> bool:
        """Whether everything that is needed is known, be it from before the start.

        That the state is synced is not enough: another watch of it may have had less to load.
        """
        return self.is_synced or self._is_restored

    @property
    def kinds(self) -> tuple[type, ...]:
        """Classes in `cluster.model` of what is followed."""
        return tuple(one.resource.kind for one in self.watch.reflectors)

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of what is followed."""
        return tuple(one.resource.name for one in self.watch.reflectors)

    def restore(self, objects: Mapping[type, Sequence[Object]], saved_at: int) -> None:
        """Answer from these until the API server has said what there is.

        Args:
            objects: by class in `cluster.model`, what was known once.
            saved_at: Unix seconds of then.
        """
        for kind in self.kinds:
            self._feed.replace(self.view, kind, objects.get(kind, ()), saved_at)
        self._feed.complete(self.view)
        self._is_restored = True
        self._report.restored(self.resources, saved_at)

    def lost_seconds(self, resource_name: str) -> float:
        """Return for how long a resource has not been followed; 0 while it is well."""
        return self._report.lost_seconds(resource_name)

    def silent_seconds(self, resource_name: str) -> float:
        """Return how long ago anything was heard about a resource; at first, since the start."""
        heard = [
            one.last_contact
            for one in self.watch.reflectors
            if one.resource.name == resource_name and one.last_contact is not None
        ]
        return self._clock() - max(heard, default=self._began)

    async def wait(self, seconds: float) -> None:
        """Wait for the first complete load, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._synced.wait()

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        """Take these as all objects of the resource (`protocol.Sink`)."""
        self._feed.replace(self.view, resource.kind, objects, int(time.time()))
        if resource.kind is EndpointSlice:
            self._learn_servers()
        # The reflector is synced when this returns, so ask when it has.
        asyncio.get_running_loop().call_soon(self._look_whether_synced)

    def apply(self, _resource: Resource, events: Sequence[WatchEvent]) -> None:
        """Take these changes, in their order (`protocol.Sink`)."""
        self._feed.change(self.view, events, int(time.time()))
        if any(kind is EndpointSlice and key[0] == API_SERVERS[0] for kind, key, _ in events):
            self._learn_servers()

    def _learn_servers(self) -> None:
        # Behind plain HTTP is something that leads to the API server, not the server itself.
        if self.server.startswith("https:"):
            self._connection.learn(addresses_of(self.state.slices(*API_SERVERS)))

    def _look_whether_synced(self) -> None:
        if not self._synced.is_set() and self.watch.is_synced:
            self._feed.complete(self.view)
            self._synced.set()
            if self._connection.remark:
                _log.warning("watch.remark", server=self.server, what=self._connection.remark)
            if self.on_sync:
                self.on_sync()


class Remarks:
    """What several watches say about the age of what they know, as one text."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._texts: dict[View, str] = {}

    def set(self, view: View, text: str) -> None:
        self._texts[view] = text
        self._say("; ".join(dict.fromkeys(filter(None, self._texts.values()))))


def lives_of(
    feed: Feed,
    stanzas: Mapping[View, Sequence[KubernetesSettings]],
    options: Options,
    environment: Mapping[str, str],
    report_of: Callable[[View], WatchReport],
) -> list[Live]:
    """Return what follows the API servers of these stanzas.

    Args:
        feed: gets the objects.
        stanzas: by what they see.
        options: the command line's.
        environment: of the process.
        report_of: makes what is told how the watch of a view goes.

    Raises:
        StartError: a kubeconfig, token or certificate is missing or wrong.
    """
    if not stanzas:
        return []
    # Half a second of imports that a server from manifests does not pay for.
    from svcdns.source.apiserver.client import connect  # noqa: PLC0415

    lives = []
    for view, sharing in stanzas.items():
        report = report_of(view)
        access = Access.of(
            sharing[0],
            environment,
            kubeconfig=options.kubeconfig,
            context=options.context,
            servers=options.servers,
        )
        try:
            connection = connect(access, report.requested)
        except LostError as error:
            raise StartError(
                f"the directive kubernetes needs an API server, but {error}\n"
                "  next  name one as above, or serve a folder of manifests: --manifests DIR"
            ) from None
        lives.append(Live(feed, view, sharing, connection, report))
    return lives


async def first_load(lives: Sequence[Live], stop: asyncio.Event) -> None:
    """Wait until the cluster is known, as long as the Corefile allows, or until `stop`."""
    loading = asyncio.ensure_future(
        wait_for_sync(lives, max((live.patience_seconds for live in lives), default=0.0))
    )
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((loading, stopping), return_when=asyncio.FIRST_COMPLETED)
    loading.cancel()
    stopping.cancel()


async def wait_for_sync(lives: Sequence[Live], seconds: float) -> bool:
    """Wait for the first complete loads, at most so long; return whether all are there.

    Says meanwhile what CoreDNS says.
    """
    end = asyncio.get_running_loop().time() + seconds
    while waiting := [live for live in lives if not live.can_answer]:
        left = end - asyncio.get_running_loop().time()
        if left <= 0:
            write("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API")
            return False
        await waiting[0].wait(min(left, REMIND_SECONDS))
        if left > REMIND_SECONDS and not waiting[0].can_answer:
            write("[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server")
    return True
