"""A line of a watch, a page of a list, a Status -> what happened, as small values.

An object becomes its compact value in the same step; nothing of the API's form is kept. What to
do about an event, and what a resource version is good for, is the reflector's business.

Source: Kubernetes API concepts, "Efficient detection of changes", "Streaming lists" and
"Retrieving large results sets in chunks".
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from svcdns.cluster import envelope_structs, structs
from svcdns.cluster.compact import DEFAULT_NAMESPACE, compact
from svcdns.cluster.model import Key, Object
from svcdns.cluster.object_error import Flaw, ObjectError
from svcdns.cluster.parse import (
    Skipped,
    decode,
    decode_line,
    decode_page,
    decode_status,
    identity_of,
)

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"

_CLUSTER_WIDE = frozenset(("Namespace", "Node"))
_EXCERPT = 200
_HEAD = re.compile(
    rb"""
    \{"type":"(?P<type>ADDED|MODIFIED)","object":
    \{"kind":"\w+","apiVersion":"[\w./]+","metadata":
    \{"name":"(?P<name>[\w.-]+)"(?:,"generateName":"[\w.-]*")?
    (?:,"namespace":"(?P<namespace>[\w.-]+)")?[,}]
    """,
    re.VERBOSE | re.ASCII,
)

_Owner = structs.Metadata | envelope_structs.Identity


class ObjectEvent(NamedTuple):
    """What became of one object."""

    type: str
    """ADDED, MODIFIED or DELETED."""
    version: int
    """The object's resource version; 0: it does not say."""
    key: Key
    value: Object | None
    """None: gone, or nothing that DNS could use."""
    flaws: tuple[Flaw, ...] = ()
    """What had to be left out of the value."""
    trigger_time: str = ""
    """On an EndpointSlice: when its Pods or its Service changed last, RFC 3339."""


class UnusableEvent(NamedTuple):
    """Something became of an object, and it cannot be read."""

    type: str
    version: int
    """0: not even that can be read."""
    key: Key | None
    """None: nor this."""
    error: ObjectError


class BookmarkEvent(NamedTuple):
    """Everything up to this resource version was sent."""

    version: int
    ends_list: bool
    """Whether it stands behind the last object of a streaming list."""


class UnknownEvent(NamedTuple):
    """A line of a type that did not exist when this was written."""

    type: str
    version: int


class Status(NamedTuple):
    """Why the API server does not do what it was asked for."""

    code: int
    """As in HTTP; 0: it does not say."""
    reason: str = ""
    message: str = ""
    retry_seconds: float = 0.0
    """Come back after so long; 0: it does not say."""
    causes: tuple[str, ...] = ()

    @property
    def is_expired(self) -> bool:
        """Whether the history from the resource version on is gone."""
        return self.code == 410 or self.reason in {"Expired", "Gone"}

    @property
    def is_ahead(self) -> bool:
        """Whether the resource version is newer than any the server has."""
        return "ResourceVersionTooLarge" in self.causes

    def __str__(self) -> str:
        parts = (str(self.code or ""), self.reason, self.message)
        return " ".join(part for part in parts if part)


Event = ObjectEvent | UnusableEvent | BookmarkEvent | UnknownEvent | Status


class Page(NamedTuple):
    """A list, or one page of it."""

    version: int
    """0: it does not say."""
    items: Sequence[bytes]
    """Octets of each object, for `read_item`."""
    next: str
    """Token of the next page; empty on the last."""
    remaining: int | None
    """Objects on later pages; None: the server does not say."""

    @property
    def total(self) -> int | None:
        """How many objects there are from this page on, where the server says it."""
        if self.next and self.remaining is None:
            return None
        return len(self.items) + (self.remaining or 0)


def read_line(line: bytes, kind: str) -> Event:
    """Return what one line of a watch says.

    Args:
        line: with or without its end.
        kind: what is watched, in the API's spelling: `EndpointSlice`.

    Raises:
        MalformedError: no line of a watch.
    """
    read = decode_line(line, kind)
    match read:
        case envelope_structs.Modified():
            return _change(MODIFIED, read.object, kind)
        case envelope_structs.Added():
            return _change(ADDED, read.object, kind)
        case envelope_structs.Deleted():
            return _deletion(read.object.metadata, kind)
        case envelope_structs.Bookmark():
            metadata = read.object.metadata
            marks = metadata.annotations
            ends_list = marks is not None and marks.initial_events_end == "true"
            return BookmarkEvent(_version(metadata), ends_list)
        case envelope_structs.Error():
            return _status(read.object)
        case envelope_structs.Odd():
            return _odd(read.type, bytes(read.object), kind)


def read_head(head: bytes, kind: str, problem: str) -> UnusableEvent | None:
    """Return whom a line is about of which there is only the beginning.

    The API server writes name and namespace first. None: they are not there, or something is
    gone, which has to be read whole.

    Args:
        head: the first octets of the line, a thousand are enough.
        kind: what is watched, in the API's spelling.
        problem: why there is no more of it, as a sentence.
    """
    found = _HEAD.match(head)
    if found is None or (found["namespace"] is None) != (kind in _CLUSTER_WIDE):
        return None
    name, namespace = (found[part] or b"" for part in ("name", "namespace"))
    key = (namespace.decode(), name.decode())
    return UnusableEvent(found["type"].decode(), 0, key, ObjectError(kind, *key, "", problem))


def read_item(item: bytes, kind: str) -> ObjectEvent | UnusableEvent:
    """Return the event that an item of a list amounts to: that object is there."""
    return _object(ADDED, bytes(item), kind)


def read_page(body: bytes) -> Page:
    """Return one page of a list.

    Raises:
        MalformedError: no list.
    """
    page = decode_page(body)
    metadata = page.metadata
    remaining = metadata.remaining_item_count
    return Page(_version(metadata), page.items or (), metadata.next or "", remaining)


def read_status(body: bytes) -> Status:
    """Return the Status that an API server sends instead of what it was asked for.

    Raises:
        MalformedError: none.
    """
    return _status(decode_status(body))


def _change(event_type: str, document: structs.ApiObject, kind: str) -> ObjectEvent | UnusableEvent:
    metadata = document.metadata
    version = _version(metadata)
    try:
        value, flaws = compact(document)
    except ObjectError as error:
        return UnusableEvent(event_type, version, _key(metadata, kind), error)
    key = value.key if value else _key(metadata, kind)
    if not key:
        return UnusableEvent(event_type, version, None, _nameless(metadata, kind))
    marks = metadata.annotations
    trigger_time = (marks.trigger_time or "") if marks else ""
    return ObjectEvent(event_type, version, key, value, flaws, trigger_time)


def _deletion(metadata: _Owner, kind: str) -> ObjectEvent | UnusableEvent:
    version, key = _version(metadata), _key(metadata, kind)
    if not key:
        return UnusableEvent(DELETED, version, None, _nameless(metadata, kind))
    return ObjectEvent(DELETED, version, key, None)


def _odd(event_type: str, octets: bytes, kind: str) -> Event:
    """Return what a line says whose object is not what its type promises."""
    match event_type:
        case "ERROR":
            return Status(0, "", octets[:_EXCERPT].decode(errors="replace"))
        case "ADDED" | "MODIFIED" | "DELETED":
            return _object(event_type, octets, kind)
        case _:
            return UnknownEvent(event_type, _version(identity_of(octets)))


def _object(event_type: str, octets: bytes, kind: str) -> ObjectEvent | UnusableEvent:
    try:
        document = decode(octets, kind)
    except ObjectError as error:
        owner = identity_of(octets)
        if event_type == DELETED and owner.name:
            return _deletion(owner, kind)  # however it looked, it is gone
        return UnusableEvent(event_type, _version(owner), _key(owner, kind), error)
    if isinstance(document, Skipped):
        raise TypeError(f"{kind} is no kind of cluster object")
    return _change(event_type, document, kind)


def _nameless(metadata: _Owner, kind: str) -> ObjectError:
    return ObjectError(kind, metadata.namespace or "", "", "metadata.name", "is missing")


def _key(metadata: _Owner, kind: str) -> Key | None:
    if not metadata.name:
        return None
    if kind in _CLUSTER_WIDE:
        return ("", metadata.name)
    return (metadata.namespace or DEFAULT_NAMESPACE, metadata.name)


def _version(metadata: _Owner | envelope_structs.PageMetadata) -> int:
    """Return the resource version, 0 when there is none; of one resource they are comparable."""
    text = metadata.resource_version
    try:
        return max(0, int(text or 0))
    except ValueError:
        return 0


def _status(status: envelope_structs.Status) -> Status:
    details = status.details or envelope_structs.Details()
    causes = tuple(cause.reason for cause in details.causes or () if cause.reason)
    after = max(0, details.retry_after_seconds or 0)
    return Status(status.code or 0, status.reason or "", status.message or "", after, causes)
