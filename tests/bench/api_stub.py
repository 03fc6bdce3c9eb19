"""An API server that serves one dump and never changes: just enough for CoreDNS to synchronise.

Lists and watches Services, EndpointSlices and Namespaces over plain HTTP on loopback, streaming
lists (WatchList) too. It knows no selectors, pages or other resources and says so; faults and
changes are the business of the API server that the tests use. It answers JSON, where a real API
server would send CoreDNS protobuf: that costs the client more at its start, never afterwards.

    python -m tests.bench.api_stub DUMP PORT

Source: Kubernetes API concepts, "Efficient detection of changes" and "Streaming lists".
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

_RESOURCES = {  # path: apiVersion and kind
    "/api/v1/services": ("v1", "Service"),
    "/api/v1/namespaces": ("v1", "Namespace"),
    "/apis/discovery.k8s.io/v1/endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
}
_VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.2", "platform": "linux/amd64"}
_BOOKMARK_SECONDS = 60.0
_SERIAL = "10000000"
"""resourceVersion of everything: newer than each object's own."""


class Resource(NamedTuple):
    """One collection, ready to send."""

    listing: bytes
    """The whole response body of a list."""
    initial_events: bytes
    """An ADDED event a line, then the bookmark that ends them."""
    bookmark: bytes


def resources(items: list[dict[str, Any]]) -> dict[str, Resource]:
    """Return the collections of a dump by path."""
    return {
        path: _resource(version, kind, [item for item in items if item["kind"] == kind])
        for path, (version, kind) in _RESOURCES.items()
    }


def _resource(version: str, kind: str, items: list[dict[str, Any]]) -> Resource:
    listing = {
        "apiVersion": version,
        "kind": f"{kind}List",
        "metadata": {"resourceVersion": _SERIAL},
        "items": items,
    }
    added = [_line({"type": "ADDED", "object": item}) for item in items]
    end = _bookmark(version, kind, {"annotations": {"k8s.io/initial-events-end": "true"}})
    return Resource(
        json.dumps(listing).encode(), b"".join((*added, end)), _bookmark(version, kind, {})
    )


def _bookmark(version: str, kind: str, metadata: dict[str, Any]) -> bytes:
    metadata = {"resourceVersion": _SERIAL, "creationTimestamp": None, **metadata}
    return _line(
        {
            "type": "BOOKMARK",
            "object": {"apiVersion": version, "kind": kind, "metadata": metadata},
        }
    )


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


class ApiStub:
    """Answers the connections of one server."""

    def __init__(self, collections: dict[str, Resource]) -> None:
        self._collections = collections

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it ends."""
        ends = contextlib.suppress(asyncio.IncompleteReadError, ConnectionError)
        with contextlib.closing(writer), ends:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
                await self._answer(writer, method, target)

    async def _answer(self, writer: asyncio.StreamWriter, method: str, target: str) -> None:
        url = urlsplit(target)
        options = {key: values[-1] for key, values in parse_qs(url.query).items()}
        collection = self._collections.get(url.path)
        if method != "GET":
            _send(writer, *_failure(405, "MethodNotAllowed", "the stub is read-only"))
        elif url.path == "/version":
            _send(writer, 200, json.dumps(_VERSION).encode())
        elif collection is None:
            _send(writer, *_failure(404, "NotFound", "the stub does not serve this path"))
        elif "labelSelector" in options or "fieldSelector" in options:
            _send(writer, *_failure(400, "BadRequest", "the stub knows no selectors"))
        elif options.get("watch") in ("1", "true"):
            await self._watch(writer, collection, options)
        else:
            _send(writer, 200, collection.listing)
        await writer.drain()

    async def _watch(
        self, writer: asyncio.StreamWriter, collection: Resource, options: dict[str, str]
    ) -> None:
        """Send the initial events if they are asked for, then bookmarks until the time is up."""
        writer.write(_head(200, "Transfer-Encoding: chunked"))
        if options.get("sendInitialEvents") == "true":
            writer.write(_chunk(collection.initial_events))
        left = float(options.get("timeoutSeconds", "600"))
        while left > 0:
            await writer.drain()
            await asyncio.sleep(min(left, _BOOKMARK_SECONDS))
            left -= _BOOKMARK_SECONDS
            if options.get("allowWatchBookmarks") == "true":
                writer.write(_chunk(collection.bookmark))
        writer.write(_chunk(b""))


def _failure(code: int, reason: str, message: str) -> tuple[int, bytes]:
    status = {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return code, json.dumps(status).encode()


def _send(writer: asyncio.StreamWriter, code: int, body: bytes) -> None:
    writer.write(_head(code, f"Content-Length: {len(body)}") + body)


def _head(code: int, framing: str) -> bytes:
    lines = (f"HTTP/1.1 {code} -", "Content-Type: application/json", framing, "", "")
    return "\r\n".join(lines).encode()


def _chunk(octets: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(octets), octets)


async def main(stub: ApiStub, port: int) -> None:
    """Serve until told to stop."""
    server = await asyncio.start_server(stub.serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    document = json.loads(Path(sys.argv[1]).read_bytes())
    asyncio.run(main(ApiStub(resources(document["items"])), int(sys.argv[2])))
