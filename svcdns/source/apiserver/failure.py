"""What may come instead of an answer, one class for each way to go on.

`LostError` and `WatchExpiredError` are in `protocol`; what is done about each is in `course`.
"""

from svcdns.cluster.envelope import Status

_EXCERPT = 80


class RefusedError(Exception):
    """The API server answered, and the answer is no."""

    def __init__(self, status: Status, retry_seconds: float = 0.0) -> None:
        super().__init__(str(status))
        self.status = status
        self.retry_seconds = max(retry_seconds, status.retry_seconds)
        """Come back after so long; 0: it does not say."""


class UnreadableError(Exception):
    """Something answered that does not speak the Kubernetes API; `str` says what came."""


class RewoundError(Exception):
    """The resource version went backwards: the server's history is not the one we know."""


def excerpt(octets: bytes) -> str:
    """Return the beginning of what came, for a message."""
    if octets.startswith(b"\x1f\x8b"):
        return "gzip, which was not asked for"
    text = octets[:_EXCERPT].decode(errors="replace")
    return ascii(text + ("…" if len(octets) > _EXCERPT else ""))
