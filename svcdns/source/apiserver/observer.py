"""What a reflector tells about itself. It logs and counts nothing: `app` does, with this.

Every method is a plain call and returns at once.
"""

from enum import StrEnum
from typing import Protocol

from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.protocol import Resource


class Reason(StrEnum):
    """Why a resource has to be listed; the values are good as labels of a metric."""

    FIRST = "first"
    EXPIRED = "expired"
    """The server no longer has the history (410)."""
    REWOUND = "rewound"
    """The server's resource version is older than ours: etcd was restored."""
    SILENT = "silent"
    """Two watches in a row were mute: our resource version may be from the future."""
    AWAY = "away"
    """There was no contact for longer than a server keeps its history."""
    FAILURES = "failures"
    """The watch failed several times in a row."""
    FORBIDDEN = "forbidden"
    """Only lists are allowed, or only watches."""
    COUNT = "count"
    """An audit found another number of objects."""
    GAP = "gap"
    """An object is gone, and the line that said so was too long to keep."""
    DUE = "due"
    """The last list is half a day old."""
    BUG = "bug"
    """Something unexpected happened in here."""


class Finding(StrEnum):
    """How an audit ended."""

    AGREES = "agrees"
    REWOUND = "rewound"
    COUNT = "count"
    UNKNOWN = "unknown"
    """Not known: the server did not answer, or not with a number."""


class Observer(Protocol):
    """Who is told."""

    def list_begun(self, resource: Resource) -> None:
        """Objects of a list are about to be read, many of them."""
        ...

    def list_over(self, resource: Resource) -> None:
        """The list that was begun has ended, well or not."""
        ...

    def listed(self, resource: Resource, count: int, seconds: float) -> None:
        """The sink has a whole list.

        Args:
            resource: of what.
            count: how many objects the server has.
            seconds: how long it took, from the request on.
        """
        ...

    def relisted(self, resource: Resource, reason: Reason) -> None:
        """The list that the sink just got was not the first."""
        ...

    def applied(self, resource: Resource, count: int, trigger_times: tuple[str, ...]) -> None:
        """The sink has taken changes from a watch.

        Args:
            resource: of what.
            count: how many.
            trigger_times: of the EndpointSlices among them that say when their Pods or Service
                changed, RFC 3339.
        """
        ...

    def lost(self, resource: Resource, server: str, why: str, retry_seconds: float) -> None:
        """A request has failed or broken off; called each time.

        Args:
            resource: whose request.
            server: that was asked.
            why: a sentence without its end.
            retry_seconds: when it is tried again; 0: now.
        """
        ...

    def forbidden(self, resource: Resource, verb: str, message: str, times: int) -> None:
        """We may not `list` or `watch` the resource; called each time.

        Args:
            resource: what is forbidden.
            verb: `list` or `watch`; when only one of them is refused, the other one is enough.
            message: the server's word for it.
            times: how often in a row this verb was refused, 1 at first.
        """
        ...

    def recovered(self, resource: Resource) -> None:
        """What was lost or forbidden is there again, or as much of it as the objects need."""
        ...

    def rejected(self, resource: Resource, problem: ObjectError | str) -> None:
        """An object cannot be used; what was known of it stays."""
        ...

    def reduced(self, resource: Resource, problem: ObjectError) -> None:
        """One part of an object cannot be used and was left out."""
        ...

    def audited(self, resource: Resource, finding: Finding) -> None:
        """The API server was asked for its count and its resource version."""
        ...

    def failed(self, resource: Resource, error: Exception, retry_seconds: float) -> None:
        """Something unexpected ended the reflector; it starts again.

        Args:
            resource: whose.
            error: a bug.
            retry_seconds: until then.
        """
        ...
