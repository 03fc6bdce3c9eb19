"""From one request to its response: who asks, what for, and whether something goes wrong first.

The same for every way in: `memory` hands the pieces over as they are, `http` frames them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.support.fakeapi import refusals
from tests.support.fakeapi.bodies import Body, Ending, Piece, blocks, list_pieces
from tests.support.fakeapi.calls import Call, DroppedError, PortClosedError
from tests.support.fakeapi.collections import COLLECTIONS, Collection, find
from tests.support.fakeapi.faults import Fault, Site
from tests.support.fakeapi.lists import list_octets
from tests.support.fakeapi.requests import Request, read_options
from tests.support.fakeapi.reviews import may_read, reviewed
from tests.support.fakeapi.spoiling import WatchBody
from tests.support.fakeapi.store import Store
from tests.support.fakeapi.watches import Features, Watch

VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.2", "platform": "linux/amd64"}

_COMPRESSED_FROM = 128 * 1024
"""Octets from which a list is compressed for a client that takes gzip."""
_HTML = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"
_PAGES = {Fault.HTTP_502: 502, Fault.PROXY_PAGE: 200}
_STATUSES = {
    Fault.HTTP_429: 429,
    Fault.HTTP_500: 500,
    Fault.HTTP_503: 503,
    Fault.HTTP_504: 504,
}


class User(NamedTuple):
    """Who may do what."""

    name: str
    grants: frozenset[tuple[str, str]] | None = None
    """(verb, resource), for example ("watch", "endpointslices"); None: everything."""

    def may(self, verb: str, collection: Collection) -> bool:
        """Return whether RBAC allows it."""
        return self.grants is None or (verb, collection.name) in self.grants


_NOBODY = User("system:anonymous", frozenset())
_EVERYBODY = User("system:admin")


@dataclass
class Access:
    """Who is who. Without a token or certificate in it, everybody may do everything."""

    by_token: dict[str, User]
    by_certificate: dict[str, User]

    def user(self, request: Request, *, allows_anonymous: bool) -> User:
        """Return who asks.

        Args:
            request: by them.
            allows_anonymous: a token that nobody knows is as good as none.

        Raises:
            Refused: 401.
        """
        if not (self.by_token or self.by_certificate):
            return _EVERYBODY
        if request.token and (request.token in self.by_token or not allows_anonymous):
            if request.token not in self.by_token:
                raise refusals.unauthorized()
            return self.by_token[request.token]
        return self.by_certificate.get(request.certificate, _NOBODY)


class Compression(NamedTuple):
    """How a client that takes gzip gets a body."""

    per_flush: bool
    """A gzip member for every piece, as in a WatchList."""
    is_truncated: bool = False


@dataclass
class Response:
    """One response; its body is still to be made."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Body
    length: int | None = None
    """Octets of the body; None: it is sent in chunks."""
    compression: Compression | None = None


class Answering:
    """The server behind all its addresses."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self.access = access
        self.features = Features()
        self.documents: dict[str, Mapping[str, Any]] = {}
        """What is at other paths than those of the collections."""

    async def answer(self, call: Call) -> Response:
        """Return the response to a request as soon as its head can be sent.

        Raises:
            PortClosedError: there is nobody.
            DroppedError: the connection was reset.
        """
        await call.thaw()
        if fault := call.strike(Site.REQUEST):
            return await self._failed(call, fault)
        try:
            return await self._answered(call)
        except refusals.Refused as refusal:
            return _refused(call, refusal)

    async def _answered(self, call: Call) -> Response:
        request = call.request
        user = self.access.user(request, allows_anonymous=self.features.allows_anonymous)
        if request.method == "POST":
            document = reviewed(request, user.name, self._may)
            if document is not None:
                return _plain(call, 201, refusals.JSON, json.dumps(document).encode())
        if request.method != "GET":
            raise refusals.method_not_allowed()
        if request.path in self.documents:
            return self._document(call, user)
        found = find(request.path)
        if found is None:
            return self._elsewhere(call)
        collection, namespace = found
        if not user.may(request.verb, collection):
            raise refusals.forbidden(user.name, request.verb, collection, namespace)
        options = read_options(request, collection, namespace, watch_list=self.features.watch_list)
        if request.is_watch:
            watch = Watch(self.store, options, call, self.features)
            await watch.begin()
            compression = Compression(per_flush=True) if options.initial_events else None
            headers = {"content-type": refusals.JSON, "cache-control": "no-cache, private"}
            return Response(200, headers, WatchBody(call, watch), compression=compression)
        impossible = {
            Fault.EXPIRED_PAGE: not options.rest,
            Fault.LAGGING_REPLICA: options.version != "0",
        }
        without = tuple(fault for fault, is_so in impossible.items() if is_so)
        fault = call.strike(Site.LIST, without=without)
        if fault is Fault.EXPIRED_PAGE:
            raise refusals.expired_page(options.rest)
        is_lagging = fault is Fault.LAGGING_REPLICA
        octets = await list_octets(self.store, options, call, is_lagging=is_lagging)
        if fault is Fault.NULL_ITEMS:
            octets = octets.replace(b'"items":[]}', b'"items":null}')
        is_cut = fault is Fault.TRUNCATED_GZIP
        wants = is_cut or len(octets) > _COMPRESSED_FROM
        compression = Compression(per_flush=False, is_truncated=is_cut) if wants else None
        # The cut belongs behind the compression, where there is one.
        fault = None if is_cut and request.accepts_gzip else fault
        body = Body(call, list_pieces(call, octets, fault))
        return Response(200, {"content-type": refusals.JSON}, body, compression=compression)

    def _may(self, name: str, verb: str, resource: str) -> bool:
        """Return whether somebody may do something."""
        known = (*self.access.by_token.values(), *self.access.by_certificate.values())
        user = next((one for one in known if one.name == name), None)
        if user is None:
            return not known
        return user.grants is None or (verb, resource) in user.grants

    def _document(self, call: Call, user: User) -> Response:
        path = call.request.path
        if not may_read(path, user.grants):
            raise refusals.Refused(
                {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "status": "Failure",
                    "message": f'{path} is forbidden: User "{user.name}" cannot get it',
                    "reason": "Forbidden",
                    "code": 403,
                }
            )
        octets = json.dumps(self.documents[path]).encode()
        return _plain(call, 200, refusals.JSON, octets)

    def _elsewhere(self, call: Call) -> Response:
        """Answer what is asked outside the collections."""
        path = call.request.path
        if path == "/version":
            return _plain(call, 200, refusals.JSON, json.dumps(VERSION, indent=2).encode())
        if path in {"/readyz", "/healthz", "/livez"}:
            return _plain(call, 200, "text/plain; charset=utf-8", b"ok")
        if path == "/api":
            return _plain(call, 200, refusals.JSON, b'{"kind":"APIVersions","versions":["v1"]}\n')
        if path == "/apis":
            return _plain(call, 200, refusals.JSON, json.dumps(_groups()).encode())
        if any(path.startswith(f"{collection.prefix}/") for collection in COLLECTIONS.values()):
            raise refusals.not_found()
        return _plain(call, 404, "text/plain; charset=utf-8", b"404 page not found\n")

    async def _failed(self, call: Call, fault: Fault) -> Response:
        """Return what comes instead of the response."""
        match fault:
            case Fault.REFUSED:
                raise PortClosedError
            case Fault.RESET_BEFORE_HEAD:
                raise DroppedError
            case Fault.HANG_BEFORE_HEAD:
                await call.hang()
            case Fault.RESET_AFTER_HEAD | Fault.HANG_AFTER_HEAD:
                is_reset = fault is Fault.RESET_AFTER_HEAD
                ending = Ending.RESET if is_reset else Ending.HANG
                body = Body(call, [Piece(ending=ending)])
                return Response(200, {"content-type": refusals.JSON}, body)
            case Fault.HTTP_502 | Fault.PROXY_PAGE:
                return _plain(call, _PAGES[fault], "text/html", _HTML)
        return _refused(call, self._refusal(call, fault))

    def _refusal(self, call: Call, fault: Fault) -> refusals.Refused:
        collection = COLLECTIONS.get(call.kind) or COLLECTIONS["Service"]
        match fault:
            case Fault.HTTP_401:
                return refusals.unauthorized()
            case Fault.HTTP_403:
                return refusals.forbidden("svcdns", call.request.verb, collection, "")
            case Fault.HTTP_410:
                return refusals.expired_list()
            case Fault.HTTP_422:
                why = "Forbidden: sendInitialEvents is forbidden for watch"
                return refusals.invalid([("sendInitialEvents", "FieldValueForbidden", why)])
        document = refusals.OVERLOADED[_STATUSES[fault]]
        has_time = fault is Fault.HTTP_429 or call.random.random() < 0.5
        if has_time and fault in {Fault.HTTP_429, Fault.HTTP_503}:
            seconds = call.random.randint(1, 30)
            document = {**document, "details": {"retryAfterSeconds": seconds}}
        return refusals.Refused(document)


def _refused(call: Call, refusal: refusals.Refused) -> Response:
    octets = json.dumps(refusal.document, separators=(",", ":")).encode() + b"\n"
    return Response(
        refusal.code, refusal.headers, Body(call, blocks(octets, Ending.END)), len(octets)
    )


def _plain(call: Call, code: int, content_type: str, octets: bytes) -> Response:
    body = Body(call, blocks(octets, Ending.END))
    return Response(code, {"content-type": content_type}, body, len(octets))


def _groups() -> dict[str, Any]:
    version = {"groupVersion": "discovery.k8s.io/v1", "version": "v1"}
    group = {"name": "discovery.k8s.io", "versions": [version], "preferredVersion": version}
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
