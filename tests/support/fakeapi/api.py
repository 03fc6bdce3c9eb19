"""The fake API server: its objects, its ways in, and everything a test can do to it.

    api = FakeApi(seed=7, faults=CHAOS)
    api.put(objects.service("web"))
    connection = api.connection()              # in memory, for virtual time
    host, port = await api.serve()             # HTTP/1.1 on loopback, until `close`
    api.fail_next(Fault.HTTP_429, kind="Service")

Methods take effect at once, also on responses that are under way.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Self

from svcdns.cluster.model import Object
from svcdns.source.apiserver.identity import Papers
from svcdns.source.apiserver.protocol import Connection
from tests.support.fakeapi.answering import Access, Answering, Response, User
from tests.support.fakeapi.calls import Call, PortClosedError, Received
from tests.support.fakeapi.collections import COLLECTIONS, Document, Key, find
from tests.support.fakeapi.faults import Fault, Faults, Script
from tests.support.fakeapi.http import HttpListener
from tests.support.fakeapi.memory import MemoryConnection, MemorySession
from tests.support.fakeapi.requests import Request, selection_of
from tests.support.fakeapi.store import Backup, Store

_NO_FAULTS: Mapping[Fault, float] = {}
_SERVERS = ("https://192.0.2.10:6443",)


class FakeApi:
    """One cluster's API server.

    Args:
        seed: of all chance in it.
        faults: probability of each fault at each of its occasions; `faults.CHAOS` has some.
        history: events that each collection keeps for watches that begin in the past.
        latency_seconds: mean time until a request in memory is looked at.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        faults: Mapping[Fault, float] = _NO_FAULTS,
        history: int = 10_000,
        latency_seconds: float = 0.0,
    ) -> None:
        self.store = Store(history=history)
        self.received: list[Received] = []
        """Every request, in order."""
        self._seed = seed
        self._latency_seconds = latency_seconds
        self._faults = Faults(faults)
        self._access = Access({}, {})
        self._answering = Answering(self.store, self._access)
        self._calls: dict[Call, str] = {}
        """Requests under way, with the address they came to."""
        self._is_frozen = False
        self._refusing: set[str] = set()
        self._listeners: list[HttpListener] = []

    # Objects.

    def put(self, document: Mapping[str, Any]) -> int:
        """Create or replace an object; return its resourceVersion. `objects` makes documents."""
        return self.store.put(document).number

    def place(self, path: str, document: Mapping[str, Any]) -> None:
        """Answer GET of a path outside the collections, a ConfigMap's or a list of Deployments."""
        self._answering.documents[path] = document

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object that exists."""
        self.store.delete(kind, namespace, name)

    def documents(self, kind: str) -> dict[Key, Document]:
        """Return all objects of a kind as they are stored."""
        objects = self.store.histories[kind].objects
        return {key: version.document for key, version in objects.items()}

    def values(
        self, kind: str, *, label_selector: str = "", field_selector: str = ""
    ) -> dict[Key, Object]:
        """Return what svcdns should know of a kind: everything selected that can be used."""
        takes = selection_of(COLLECTIONS[kind], "", label_selector, field_selector).takes
        return {
            key: version.value
            for key, version in self.store.histories[kind].objects.items()
            if version.value is not None and takes(version.document)
        }

    @property
    def version(self) -> int:
        """The current resourceVersion."""
        return self.store.number

    # History.

    def compact(self) -> None:
        """Forget all history: 410 for watches, pages and exact lists of earlier versions."""
        self.store.compact()

    def backup(self) -> Backup:
        """Return the present, for `restore`."""
        return self.store.backup()

    def restore(self, backup: Backup, *, overtaking: bool = False) -> None:
        """Go back to a backup of etcd, and with it the resourceVersion; connections break.

        Args:
            backup: where to.
            overtaking: the version is soon higher than it ever was, so a client cannot tell.
        """
        self.store.restore(backup, overtaking=overtaking)
        self.cut()

    def restart(self, *, gracefully: bool = False) -> None:
        """Restart the server: watches end or break, none can begin in the past."""
        self.store.forget_events()
        if gracefully:
            self.end_watches()
        else:
            self.cut()

    # Features and permissions.

    def configure(self, **features: Any) -> None:
        """Set fields of `watches.Features`, for example `watch_list=False`."""
        self._answering.features = replace(self._answering.features, **features)

    def let_in(self, user: User, *, token: str = "", certificate: str = "") -> None:
        """Know a user from now on; nobody else may do anything any more."""
        if token:
            self._access.by_token[token] = user
        if certificate:
            self._access.by_certificate[certificate] = user

    def revoke(self, token: str) -> None:
        """Know a token no longer: 401. Watches under way go on, as on a real server."""
        del self._access.by_token[token]

    # Faults.

    @property
    def faults(self) -> MutableMapping[Fault, float]:
        """Chances of faults; may be changed at any time."""
        return self._faults.chances

    @property
    def struck(self) -> Counter[Fault]:
        """How often each fault has struck."""
        return self._faults.struck

    def fail_next(
        self, fault: Fault, *, kind: str = "", verb: str = "", times: int = 1, after: int = 0
    ) -> Script:
        """Let a fault strike at its next occasion, before any chance.

        Args:
            fault: what goes wrong.
            kind: only for requests for these objects, for example `Service`.
            verb: only for `list` or `watch`.
            times: how often.
            after: occasions to let pass first: requests, or events for a fault of events.
        """
        script = Script(fault, kind, verb, times, after)
        self._faults.order(script)
        return script

    def calm(self) -> None:
        """Let nothing more go wrong by chance, and go on after `hang`."""
        self.faults.clear()
        self.resume()

    def hang(self) -> None:
        """Stop answering, as a stopped process or a dead network does: nothing comes or ends."""
        self._freeze(is_frozen=True)

    def resume(self) -> None:
        """Go on after `hang`, with what was to be said meanwhile."""
        self._freeze(is_frozen=False)

    def cut(self, kind: str = "", server: str = "") -> int:
        """Reset the connections of all requests under way; return how many.

        Args:
            kind: only of those for these objects.
            server: only those to this address.
        """
        return self._mark("is_cut", kind, server)

    def end_watches(self, kind: str = "", server: str = "") -> int:
        """End watches cleanly, all at once; return how many."""
        return self._mark("is_ended", kind, server)

    def refuse(self, server: str = "") -> None:
        """Let nobody connect, to one address or to all; connections there are go on."""
        self._refusing.add(server)
        for listener in self._listeners_at(server):
            listener.refuse()

    def linger(self, server: str = "") -> None:
        """Go down as kube-apiserver does on SIGTERM, at one address or at all of them.

        Without --shutdown-watch-termination-grace-period it lets nobody connect and leaves
        watches open that say nothing more, for a minute or until it is killed: `cut`.
        """
        self.refuse(server)
        self._mark("is_abandoned", "", server)

    async def accept(self, server: str = "") -> None:
        """Let clients connect again."""
        self._refusing.discard(server)
        for listener in self._listeners_at(server):
            await listener.accept()

    @property
    def under_way(self) -> int:
        """Number of requests whose answers are not complete."""
        return len(self._calls)

    # Ways in.

    def connection(
        self, token: str | Callable[[], str] = "", servers: Sequence[str] = _SERVERS
    ) -> Connection:
        """Return a connection in memory.

        Args:
            token: bearer token, or what reads it: again at each `renew_credentials`.
            servers: addresses; which of them is in use only `refuse` and `cut` can tell.
        """
        read = token if callable(token) else lambda: str(token)
        return MemoryConnection(self, read, servers, self._latency_seconds)

    def session(self, papers: Papers, *, strict: bool) -> MemorySession:
        """Return the way in for the product's own `connection.ApiServer`, in memory too."""
        assert papers
        assert strict
        return MemorySession(self, self._latency_seconds)

    async def serve(self, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Listen on loopback until `close`; return the address. Each call adds one."""
        listener = HttpListener(self, tls)
        self._listeners.append(listener)
        await listener.accept()
        return listener.address

    async def close(self) -> None:
        """Close all that listens, and every connection."""
        self.cut()
        for listener in self._listeners:
            await listener.close()
        self._listeners.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # What the ways in need.

    def begin(self, request: Request, server: str) -> Call:
        """Take note of a request that has come to one of the addresses."""
        found = find(request.path)
        kind = found[0].kind if found else ""
        time = asyncio.get_running_loop().time()
        self.received.append(Received(time, kind, request, server))
        random = Random(f"{self._seed}/{len(self.received)}")  # noqa: S311 - to be repeated
        call = Call(request, kind, random, self.store.pulse, self._faults)
        call.is_frozen = self._is_frozen
        self._calls[call] = server
        return call

    async def respond(self, call: Call) -> Response:
        """Return the response as soon as its head is there.

        Raises:
            PortClosedError: there is nobody.
            DroppedError: the connection was reset.
        """
        if self._refusing & {"", self._calls[call]}:
            raise PortClosedError
        return await self._answering.answer(call)

    def finish(self, call: Call) -> None:
        """Forget a request; a second time is no mistake."""
        self._calls.pop(call, None)

    def _listeners_at(self, server: str) -> list[HttpListener]:
        return [one for one in self._listeners if server in {"", one.server}]

    def _freeze(self, *, is_frozen: bool) -> None:
        self._is_frozen = is_frozen
        for call in self._calls:
            call.is_frozen = is_frozen
        self.store.pulse.beat()

    def _mark(self, what: str, kind: str, server: str) -> int:
        marked = [
            call
            for call, address in self._calls.items()
            if kind in {"", call.kind} and server in {"", address}
        ]
        for call in marked:
            setattr(call, what, True)
        self.store.pulse.beat()
        return len(marked)
