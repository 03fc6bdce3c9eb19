"""Failures carry what is needed to go on, and say what came."""

import pytest

from svcdns.cluster.envelope import Status
from svcdns.source.apiserver.failure import RefusedError, excerpt


def test_the_longer_of_two_times_to_come_back_holds() -> None:
    assert RefusedError(Status(429, retry_seconds=3), 7).retry_seconds == 7
    assert RefusedError(Status(429, retry_seconds=9), 7).retry_seconds == 9
    assert RefusedError(Status(500)).retry_seconds == 0


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"<html>\n", "'<html>\\n'"),
        (b"\xff\xfe", "'\\ufffd\\ufffd'"),
        (b"\x1f\x8b\x08\x00", "gzip, which was not asked for"),
        (b"x" * 100, "'" + "x" * 80 + "\\u2026'"),
    ],
)
def test_an_excerpt_is_short_and_can_be_printed(octets: bytes, text: str) -> None:
    assert excerpt(octets) == text
