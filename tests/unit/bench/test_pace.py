"""Queries leave when they are due, and each answer is told from the others."""

import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.bench.pace import Answered, Pace, mistakes, quantile, read_records
from tests.bench.questions import Query, write_queries

GOOD = Query("A", "web.shop.svc.cluster.local.", "A", "NOERROR")
ABSENT = Query("search list", "no.shop.svc.cluster.local.", "A", "NXDOMAIN")
needs_a_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="apt-get install gcc")


@contextmanager
def answering(every: int) -> Iterator[int]:
    """Answer one in so many queries with NXDOMAIN, at a port, until an empty one comes."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            number = 0
            while True:
                query, client = server.recvfrom(512)
                if not query:
                    return
                if number % every == 0:
                    server.sendto(query[:2] + b"\x80\x03" + query[4:], client)
                number += 1

        thread = Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(type=socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", server.getsockname())
            thread.join(10)


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 2), (0.75, 3), (0.99, 4), (1.0, 4), (0.0, 1), (0.25, 1)]
)
def test_a_quantile_is_a_value_that_came(share: float, value: int) -> None:
    assert quantile([4, 1, 3, 2], share) == value


def test_records_say_when_how_long_and_what() -> None:
    octets = struct.pack("=6q", 1_500_000_000, 2_000_000, 3, 2_000_000_000, -1, -1)

    assert read_records(octets) == [Answered(1.5, 0.002, 3), Answered(2.0, None, -1)]


def test_a_lost_query_is_told_from_a_wrong_answer() -> None:
    answers = [Answered(0, 0.1, 0), Answered(0, None, -1), Answered(0, 0.1, 2), Answered(0, 0.1, 3)]

    assert mistakes(answers, [GOOD, ABSENT]) == (1, 1)


@needs_a_compiler
def test_queries_leave_whether_or_not_those_before_were_answered(tmp_path: Path) -> None:
    assert Pace.build(tmp_path)
    path = tmp_path / "queries"
    write_queries([ABSENT, GOOD], path, edns_share=0.0)

    with answering(every=2) as port:
        line = [str(tmp_path / "pace"), str(port), str(path), "1000", "0.02"]
        ended = subprocess.run(line, capture_output=True, check=True, timeout=20)
    answers = read_records(ended.stdout)

    assert len(answers) == 20
    assert all(one.rcode == 3 and one.seconds is not None for one in answers[::2])
    assert all(one.seconds is None for one in answers[1::2])
