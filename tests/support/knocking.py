"""Clients that connect to a Service all the time, and what becomes of each."""

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from tests.support.namespaces import Network

_PATIENCE_SECONDS = 20
_RESETS_WHEN_CLOSED = struct.pack("ii", 1, 0)


@contextmanager
def going_on(network: Network, work: Iterator[None]) -> Iterator[None]:
    """Do some work in a network again and again, until the block ends."""
    is_over = Event()

    def go_on() -> None:
        with network.inside():
            for _ in work:
                if is_over.is_set():
                    return

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def accepting(listener: socket.socket) -> Iterator[None]:
    """Accept who comes, one at each step."""
    while True:
        with suppress(TimeoutError):
            listener.accept()[0].close()
        yield


def connecting(
    address: tuple[str, int], said: Counter[str], patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[None]:
    """Connect, once at each step; count `connected`, or the name of the error."""
    while True:
        with socket.socket() as sock:
            sock.settimeout(patience_seconds)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS_WHEN_CLOSED)
            try:
                sock.connect(address)
            except OSError as error:
                said[type(error).__name__] += 1
            else:
                said["connected"] += 1
        yield
