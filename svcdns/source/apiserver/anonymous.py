"""A server that does not know us, answers nobody instead, and forbids nobody everything.

Where anonymous requests are allowed, a token or certificate that no authenticator knows may make
a request one of the user `system:anonymous`. Its 403 is a 401 in other words: the credentials
are to be read again, and to name a missing permission would send a person to the wrong place.

Source: Kubernetes, "Authenticating", section "Anonymous requests".
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from svcdns.source.apiserver.protocol import LostError, Reply

_NOBODY = b"system:anonymous"
_LARGEST = 64 << 10
_STATUS = json.dumps(
    {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "who we say we are is not known there: we are taken for system:anonymous",
        "reason": "Unauthorized",
        "code": 401,
    }
).encode()


class WholeReply:
    """A `protocol.Reply` whose body is here already."""

    def __init__(self, status: int, headers: Mapping[str, str], octets: bytes) -> None:
        self.status = status
        self.headers = headers
        self._octets = octets

    async def read(self) -> bytes:
        """Return the body, then `b""`."""
        octets, self._octets = self._octets, b""
        return octets

    def close(self) -> None:
        """Do nothing: the connection is not needed any more."""


async def unmasked(reply: Reply) -> Reply:
    """Return a 403 as it came, or as 401 when it was not us who was forbidden but nobody.

    Args:
        reply: to a request that said who we are; it is read to its end and closed.
    """
    octets = b""
    try:
        with suppress(LostError):  # what came of it is good enough
            while len(octets) < _LARGEST and (piece := await reply.read()):
                octets += piece
    finally:
        reply.close()
    if _NOBODY in octets:
        return WholeReply(401, {"content-type": "application/json"}, _STATUS)
    return WholeReply(reply.status, reply.headers, octets)
