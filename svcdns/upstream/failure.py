"""Why an upstream gave no answer, in the words that people look for in logs."""

import errno
import os
import socket
import ssl

_WORDS = {  # as Go's package syscall has them: alerts look for these texts
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.ENETUNREACH: "network is unreachable",
    errno.EHOSTUNREACH: "no route to host",
    errno.EPERM: "operation not permitted",
    errno.EACCES: "permission denied",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files in system",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.EPIPE: "broken pipe",
    errno.ETIMEDOUT: "connection timed out",
}

TIMEOUT = "i/o timeout"


class UpstreamError(Exception):
    """An upstream gave no answer; the text says which one and why."""


class ReusedConnectionError(UpstreamError):
    """A connection that had served before was closed: another one may well work."""


class SpoofedError(UpstreamError):
    """So many wrong replies came that somebody seems to guess."""


def words_of(error: OSError) -> str:
    """Return what went wrong, in Go's words where it has some."""
    if isinstance(error, ssl.SSLError):  # whose numbers are its own
        return f"tls: {error.reason or error}"
    if error.errno is None:
        return str(error) or type(error).__name__
    return _WORDS.get(error.errno) or os.strerror(error.errno).lower()


def way_of(sock: socket.SocketType, to: str) -> str:
    """Return both ends of a connected socket: `127.0.0.1:4242->10.0.0.2:53`."""
    try:
        name = sock.getsockname()
    except OSError:
        return f"->{to}"
    host, port = name[:2]
    return f"{f'[{host}]' if ':' in host else host}:{port}->{to}"
