"""A Kubernetes API server on loopback that feeds CoreDNS: clusters that never change.

Every cluster has a prefix of its own, so that one server feeds all stanzas of all clusters:
`endpoint http://ADDRESS:PORT/PREFIX`. Lists, watches and streaming lists in JSON, with label
and field selectors. The selectors are read here a second time, on purpose: svcdns may not judge
svcdns.

Source: Kubernetes API concepts, "Efficient detection of changes", "Streaming lists", "Field
selectors"; "Labels and selectors".
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

Document = Mapping[str, Any]

_RESOURCES = {  # path below the prefix: apiVersion and kind
    "/api/v1/services": ("v1", "Service"),
    "/api/v1/namespaces": ("v1", "Namespace"),
    "/api/v1/pods": ("v1", "Pod"),
    "/apis/discovery.k8s.io/v1/endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
}
_VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.2", "platform": "linux/amd64"}
_SERIAL = "10000000"
"""resourceVersion of every list: newer than each object's own."""
_REQUIREMENT = re.compile(
    r"\s*(?P<not>!)?\s*(?P<key>[^\s,!=()]+)\s*"
    r"(?:(?P<operator>==|!=|=|notin\b|in\b)\s*(?:\((?P<values>[^)]*)\)|(?P<value>[^\s,]*)))?\s*"
)


class FakeApi:
    """Answers the connections of every client."""

    def __init__(self) -> None:
        self.clusters: dict[str, Sequence[Document]] = {}
        """All objects of a cluster by prefix; a cluster is there before anybody asks for it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it ends."""
        ends = contextlib.suppress(
            asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError
        )
        with contextlib.closing(writer), ends:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                _, target, _ = head.split(b"\r\n", 1)[0].decode().split()
                await self._answer(reader, writer, target)
                await writer.drain()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str
    ) -> None:
        url = urlsplit(target)
        prefix, slash, path = url.path.removeprefix("/").partition("/")
        resource = _RESOURCES.get(slash + path)
        if path == "version":
            _send(writer, 200, _VERSION)
        elif resource is None or prefix not in self.clusters:
            _send(writer, 404, {"kind": "Status", "apiVersion": "v1", "code": 404})
        else:
            asked = {key: values[-1] for key, values in parse_qs(url.query).items()}
            version, kind = resource
            items = [one for one in self.clusters[prefix] if one["kind"] == kind]
            items = select(items, asked.get("labelSelector", ""), asked.get("fieldSelector", ""))
            if asked.get("watch") in ("1", "true"):
                _write_watch(writer, version, kind, items, asked)
                await writer.drain()
                # Nothing ever changes: until the time is up or the client has left.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(float(asked.get("timeoutSeconds", "600"))):
                        await reader.read(1)
                writer.write(_chunk(b""))
            else:
                _send(writer, 200, _listing(version, kind, items))


def _write_watch(
    writer: asyncio.StreamWriter,
    version: str,
    kind: str,
    items: Iterable[Document],
    asked: Mapping[str, str],
) -> None:
    """Begin the response to a watch, with the initial events if they are asked for."""
    writer.write(_head(200, "Transfer-Encoding: chunked"))
    if asked.get("sendInitialEvents") == "true":
        end = {"resourceVersion": _SERIAL, "annotations": {"k8s.io/initial-events-end": "true"}}
        bookmark = {"apiVersion": version, "kind": kind, "metadata": end}
        events = [{"type": "ADDED", "object": one} for one in items]
        events.append({"type": "BOOKMARK", "object": bookmark})
        writer.write(_chunk(b"".join(json.dumps(event).encode() + b"\n" for event in events)))


def _listing(version: str, kind: str, items: Sequence[Document]) -> Document:
    metadata = {"resourceVersion": _SERIAL}
    return {"apiVersion": version, "kind": f"{kind}List", "metadata": metadata, "items": items}


def select(items: Iterable[Document], labels: str, fields: str) -> list[Document]:
    """Return the objects that a request with these selectors is told of."""
    requirements = requirements_of(labels)
    return [
        one
        for one in items
        if all(_holds(one["metadata"].get("labels") or {}, *each) for each in requirements)
        and _has_fields(one, fields)
    ]


Requirement = tuple[str, str, frozenset[str]]
"""Key, operator (`in`, `notin`, `exists`, `!`) and values."""


def requirements_of(selector: str) -> list[Requirement]:
    """Return the requirements of a label selector.

    Raises:
        ValueError: this reader does not know the selector's form.
    """
    found: list[Requirement] = []
    end = 0
    while end < len(selector):
        match = _REQUIREMENT.match(selector, end)
        if match is None or selector[match.end() : match.end() + 1] not in ("", ","):
            raise ValueError(f"{selector!r} is no label selector")
        operator = match["operator"] or ("!" if match["not"] else "exists")
        operator = {"=": "in", "==": "in", "!=": "notin"}.get(operator, operator)
        listed = (match["values"] or match["value"] or "").split(",")
        found.append((match["key"], operator, frozenset(value.strip() for value in listed)))
        end = match.end() + 1
    return found


def _holds(labels: Mapping[str, str], key: str, operator: str, values: frozenset[str]) -> bool:
    if operator in ("exists", "!"):
        return (key in labels) == (operator == "exists")
    return (labels.get(key) in values) == (operator == "in")


def _has_fields(item: Document, selector: str) -> bool:
    for requirement in filter(None, selector.split(",")):
        field, _, unwanted = requirement.partition("!=")
        value: Any = item
        for part in field.split("."):
            value = (value or {}).get(part)
        if (value or "") == unwanted:
            return False
    return True


def _send(writer: asyncio.StreamWriter, code: int, document: Document) -> None:
    body = json.dumps(document).encode()
    writer.write(_head(code, f"Content-Length: {len(body)}") + body)


def _head(code: int, framing: str) -> bytes:
    lines = (f"HTTP/1.1 {code} -", "Content-Type: application/json", framing, "", "")
    return "\r\n".join(lines).encode()


def _chunk(octets: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(octets), octets)
