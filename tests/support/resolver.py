"""A tiny DNS server on loopback, UDP and TCP on one port, that answers as a test says."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from svcdns.wire.frame import Frames, frame

Reply = Callable[[bytes, str], bytes | None]
"""From a query and `udp` or `tcp` to the message to send back; None: say nothing."""


@contextmanager
def resolver(reply: Reply) -> Iterator[int]:
    """Serve until the block ends; yield the port."""
    with _datagrams_and_streams() as (datagrams, streams):
        threads = [
            Thread(target=_serve_datagrams, args=(datagrams, reply), daemon=True),
            Thread(target=_serve_streams, args=(streams, reply), daemon=True),
        ]
        for thread in threads:
            thread.start()
        port = datagrams.getsockname()[1]
        try:
            yield port
        finally:
            # An empty datagram and a connection without a query end the two loops.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            for thread in threads:
                thread.join(timeout=5)


@contextmanager
def _datagrams_and_streams() -> Iterator[tuple[socket.socket, socket.socket]]:
    for _ in range(20):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        streams = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with datagrams, streams:
            datagrams.bind(("127.0.0.1", 0))
            try:
                streams.bind(datagrams.getsockname())
            except OSError:  # somebody has that port for TCP
                continue
            streams.listen()
            yield datagrams, streams
            return
    raise RuntimeError("no port is free for both UDP and TCP")


def _serve_datagrams(datagrams: socket.socket, reply: Reply) -> None:
    while True:
        query, client = datagrams.recvfrom(65_535)
        if not query:
            return
        message = reply(query, "udp")
        if message is not None:
            datagrams.sendto(message, client)


def _serve_streams(streams: socket.socket, reply: Reply) -> None:
    while True:
        connection, _ = streams.accept()
        with connection:
            frames = Frames()
            queries: list[bytes] = []
            while not queries:
                received = connection.recv(65_535)
                if not received:
                    return
                queries = frames.receive(received)
            message = reply(queries[0], "tcp")
            if message is not None:
                connection.sendall(frame(message))
