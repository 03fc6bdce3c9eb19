"""What the API wraps objects in, as msgspec structs: lists, lines of a watch, a Status.

The objects themselves are in `structs`, and what is said there of missing fields goes for these
too. What the wrapping means is `envelope`'s business.

Source: Kubernetes API concepts, "Efficient detection of changes"; meta/v1.
"""

from typing import Generic, TypeVar

from msgspec import Raw, field

from svcdns.cluster.structs import Namespace, Part


class Identity(Part):
    """`metadata` as far as a message needs it."""

    name: str | None = None
    namespace: str | None = None
    resource_version: str | int | None = None


class Head(Part):
    """What stands at the top of any document: its kind, and the items when it is a list."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Identity | None = None
    items: list[Raw] | None = None
    """Each item as the octets it was written in."""


T = TypeVar("T")


class _Line(Part, tag_field="type"):
    """A line of a watch: its `type` says what `object` is, wherever in the line it stands."""


class Added(_Line, Generic[T], tag="ADDED"):
    """The object is new, or new to who watches."""

    object: T


class Modified(_Line, Generic[T], tag="MODIFIED"):
    """The object was changed."""

    object: T


class Deleted(_Line, Generic[T], tag="DELETED"):
    """The object is gone; this is how it was, with the resource version of its end."""

    object: T


class Bookmark(_Line, tag="BOOKMARK"):
    """Everything up to the resource version of this object, which is only metadata, was sent."""

    object: Namespace


class Cause(Part):
    """One of `details.causes` of a Status."""

    reason: str | None = None


class Details(Part):
    """`details` of a Status."""

    causes: list[Cause] | None = None
    retry_after_seconds: int | None = None


class Status(Part):
    """Why the API server does not do what it was asked for."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: Details | None = None


class Error(_Line, tag="ERROR"):
    """The watch ends here."""

    object: Status


class Odd(Part):
    """A line of no known type, or whose object is not what its type promises."""

    type: str
    object: Raw


class PageMetadata(Part):
    """`metadata` of a list."""

    resource_version: str | int | None = None
    next: str | None = field(default=None, name="continue")
    remaining_item_count: int | None = None


class Page(Part):
    """A list or one page of it, each item as the octets it was written in."""

    metadata: PageMetadata
    items: list[Raw] | None = None
