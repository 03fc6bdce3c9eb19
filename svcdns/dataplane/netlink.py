"""Netlink sockets: one request, a dump, or a batch of thousands in a few system calls.

A batch is no transaction. The kernel takes its requests in order, goes on after one that
fails, and reports every failure; so only the last request of each chunk asks for an
acknowledgement. Which request failed is known by its sequence number.

It blocks: use it in `dataplane.worker`'s thread. Source: netlink(7), NOTES on ENOBUFS.
"""

import errno
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import NamedTuple, Self

from svcdns.dataplane import netlink_wire as wire

_BUFFER = 8 << 20
_READ = 1 << 20
# A chunk has to fit the send buffer of a program that may not raise it (net.core.wmem_max).
_CHUNK_OCTETS = 128 * 1024
_CHUNK_REQUESTS = 1024
_DUMP_ATTEMPTS = 10
_PATIENCE_SECONDS = 10
_SOL_NETLINK, _CAP_ACK, _EXT_ACK = 270, 10, 11
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33


class Request(NamedTuple):
    """What to ask of the kernel; socket and sequence number come later."""

    kind: int
    payload: bytes
    flags: int = 0
    """Besides NLM_F_REQUEST, NLM_F_ACK and NLM_F_DUMP, which the call brings."""


class NetlinkSocket:
    """One socket of one netlink protocol, opened again when the kernel ran out of buffers."""

    def __init__(self, protocol: int) -> None:
        """Open it.

        Raises:
            OSError: this kernel has no such protocol (EPROTONOSUPPORT).
        """
        self._protocol = protocol
        self._sequence = 0
        self._sock = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """What the kernel knows the socket by; another one after it ran out of buffers."""
        return int(self._sock.getsockname()[0])

    def close(self) -> None:
        """Give the socket back."""
        self._sock.close()

    def batch(self, requests: Iterable[Request]) -> dict[int, wire.Verdict]:
        """Send all requests; return those that failed, by their place in `requests`.

        ENOBUFS as a verdict means: not known, the kernel had no room to tell. Read it back.

        Raises:
            OSError: the socket failed; what was done is not known.
        """
        failed: dict[int, wire.Verdict] = {}
        rest = iter(requests)
        at = 0
        while chunk := self._chunk(rest):
            failed.update((at + place, verdict) for place, verdict in self._exchange(chunk).items())
            at += len(chunk)
        return failed

    def ask(self, request: Request) -> bytes:
        """Return the payload of the one message that answers `request`.

        Raises:
            OSError: the kernel refuses it; the number is the kernel's.
        """
        sequence = self._send(request, 0)
        for message in self._answers(sequence):
            if message.kind == wire.ERROR:
                _raise(wire.verdict_of(message))
            return message.payload
        raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))

    def dump(self, request: Request) -> list[bytes]:
        """Return the payload of each message of one dump, taken at one moment.

        Raises:
            OSError: the kernel refuses it; EAGAIN when its table never kept still.
        """
        for _ in range(_DUMP_ATTEMPTS):
            try:
                found = self._dumped(request)
            except OSError as error:
                if error.errno not in {errno.ENOBUFS, errno.EINTR}:
                    raise
                self._reopen()
                continue
            if found is not None:
                return found
        raise OSError(errno.EAGAIN, "the table changed during each of several dumps")

    def _dumped(self, request: Request) -> list[bytes] | None:
        found: list[bytes] = []
        whole = True
        for message in self._answers(self._send(request, wire.DUMP)):
            whole = whole and not message.flags & wire.DUMP_INTERRUPTED
            if message.kind in {wire.DONE, wire.ERROR}:
                _raise(wire.verdict_of(message))
                break
            found.append(message.payload)
        return found if whole else None

    def _send(self, request: Request, flags: int) -> int:
        self._sequence += 1
        self._sock.send(
            wire.request(request.kind, request.flags | flags, self._sequence, request.payload)
        )
        return self._sequence

    def _answers(self, first: int) -> Iterator[wire.Message]:
        """Yield what the kernel says to requests from `first` on; older ones are left out."""
        while True:
            for message in wire.messages(self._sock.recv(_READ)):
                if message.sequence >= first:
                    yield message

    def _chunk(self, rest: Iterator[Request]) -> list[tuple[int, Request]]:
        chunk: list[tuple[int, Request]] = []
        size = 0
        for request in islice(rest, _CHUNK_REQUESTS):
            self._sequence += 1
            chunk.append((self._sequence, request))
            size += wire.HEADER.size + len(request.payload)
            if size >= _CHUNK_OCTETS // 2:
                break
        return chunk

    def _exchange(self, chunk: Sequence[tuple[int, Request]]) -> dict[int, wire.Verdict]:
        first, last = chunk[0][0], chunk[-1][0]
        octets = b"".join(
            wire.request(
                request.kind,
                request.flags | (wire.ACK if sequence == last else 0),
                sequence,
                request.payload,
            )
            for sequence, request in chunk
        )
        failed: dict[int, wire.Verdict] = {}
        try:
            self._sock.send(octets)
            for message in self._answers(first):
                if message.kind == wire.ERROR:
                    verdict = wire.verdict_of(message)
                    if verdict.number:
                        failed[message.sequence - first] = verdict
                    if message.sequence == last:
                        break
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self._reopen()
            unknown = wire.Verdict(errno.ENOBUFS, "")
            return {place: failed.get(place, unknown) for place in range(len(chunk))}
        return failed

    def _reopen(self) -> None:
        # What is still queued on the old socket belongs to requests that were given up.
        self._sock.close()
        self._sock = self._open()

    def _open(self) -> socket.socket:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, self._protocol)
        for plain, forced in (
            (socket.SO_SNDBUF, _SO_SNDBUFFORCE),
            (socket.SO_RCVBUF, _SO_RCVBUFFORCE),
        ):
            sock.setsockopt(socket.SOL_SOCKET, plain, _BUFFER)
            with suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
        with suppress(OSError):  # from 4.3 and 4.12 on; without them answers are longer
            sock.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
            sock.setsockopt(_SOL_NETLINK, _EXT_ACK, 1)
        sock.settimeout(_PATIENCE_SECONDS)
        sock.bind((0, 0))
        return sock


def _raise(verdict: wire.Verdict) -> None:
    if verdict.number:
        raise OSError(verdict.number, verdict.text or os.strerror(verdict.number))
