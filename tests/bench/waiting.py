"""Questions that nobody answers: a number of them waits all the time.

Their zone is forwarded to a socket that is never read.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.bench.questions import Query

SILENT = "silent.test."

_PAUSE_SECONDS = 0.01


@contextmanager
def waiting_questions(port: int, count: int) -> Iterator[None]:
    """Keep so many questions waiting meanwhile: whoever is answered asks the next one."""
    stop = Event()

    def keep() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            sock.settimeout(0.1)
            for number in range(count):
                sock.send(_unanswerable(number))
                if not number % 50:
                    time.sleep(_PAUSE_SECONDS)
            number = count
            while not stop.is_set():
                try:
                    sock.recv(4096)
                except TimeoutError:
                    continue
                sock.send(_unanswerable(number))
                number += 1

    thread = Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _unanswerable(number: int) -> bytes:
    name = f"{os.getpid()}-{number}-{time.monotonic_ns()}.{SILENT}"
    message = Query("A", name, "A", "SERVFAIL").wire(edns=False)
    return number.to_bytes(4)[2:] + message[2:]
