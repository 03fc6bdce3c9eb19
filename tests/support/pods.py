"""Servers over TCP on addresses of loopback, for processes of their own that reach them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 20


@contextmanager
def pod(host: str, port: int) -> Iterator[None]:
    """A server that says its address to everybody, until the block ends."""
    with socket.create_server((host, port)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.sendall(host.encode())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answering(port: int, host: str = "127.0.0.1") -> str:
    """Return which pod answers behind an address."""
    with socket.create_connection((host, port), PATIENCE_SECONDS) as client:
        return client.makefile().read()
