"""Pieces of any size become lines, lines become events, and the loop gets its turns."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.envelope import ADDED, DELETED, MODIFIED, BookmarkEvent, UnusableEvent
from svcdns.source.apiserver.failure import UnreadableError
from svcdns.source.apiserver.stream import LONGEST_LINE, EventStream, Lines, Oversized, WorkSlices
from tests.support.virtual_time import jump, run


def bookmark(version: int) -> bytes:
    document = {"metadata": {"resourceVersion": str(version)}}
    return json.dumps({"type": "BOOKMARK", "object": document}).encode()


class Pieces:
    """A `Reply` whose body is known."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        """Do nothing."""


def events_of(*pieces: bytes) -> list[list[object]]:
    """What each piece says."""

    async def read() -> list[list[object]]:
        stream = EventStream(Pieces(*pieces), "Service", WorkSlices())
        found: list[list[object]] = []
        while (events := await stream.receive()) is not None:
            found.append([*events])
        return found

    return run(read(), limit_seconds=1)


@given(st.lists(st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.data())
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(line + b"\n" for line in lines) + b"rest"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    reader = Lines()

    found: list[bytes | Oversized] = []
    for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        found += reader.receive(octets[start:end])

    assert found == [line for line in lines if line.strip()]
    assert reader.is_pending


def test_nothing_is_pending_behind_a_whole_line() -> None:
    reader = Lines()

    reader.receive(b"a\nb\n")

    assert not reader.is_pending


def test_a_line_that_is_too_long_is_left_out_and_the_next_one_is_read() -> None:
    reader = Lines(longest=1_000)

    found = reader.receive(b"x" * 600)
    found += reader.receive(b"y" * 600)
    found += reader.receive(b"z" * 600 + b"\nnext\n")

    assert found == [Oversized(1_800, b"x" * 600 + b"y" * 424), b"next"]
    assert reader.receive(b"w" * 1_000 + b"\n") == [b"w" * 1_000]


def test_an_oversized_line_says_what_it_was() -> None:
    assert str(Oversized(40 << 20, b'{"type"')) == "a line of 40 MiB was left out: '{\"type\"'"


def test_an_oversized_line_says_whether_something_is_gone() -> None:
    assert Oversized(40 << 20, b'{"type":"DELETED","object":').is_deletion
    assert not Oversized(40 << 20, b'{"type":"ADDED","object":').is_deletion


def head_of(event_type: str, **metadata: str) -> bytes:
    document = {"kind": "Service", "apiVersion": "v1", "metadata": metadata}
    octets = json.dumps({"type": event_type, "object": document}, separators=(",", ":"))
    return octets.removesuffix("}}}").encode()


@pytest.mark.parametrize("event_type", [ADDED, MODIFIED])
def test_a_line_that_is_too_long_is_an_object_that_cannot_be_read(event_type: str) -> None:
    head = head_of(event_type, name="web", namespace="shop", uid="1")
    octets = head + b',"annotations":{"a":"' + b"x" * LONGEST_LINE

    ((), (event, after)) = events_of(octets, b'"}}}\n' + bookmark(2) + b"\n")

    assert after == BookmarkEvent(2, ends_list=False)
    assert isinstance(event, UnusableEvent)
    assert (event.type, event.version, event.key) == (event_type, 0, ("shop", "web"))
    assert str(event.error) == "Service shop/web: the line of 32 MiB that it is in is too long"


def test_of_a_deletion_that_is_too_long_it_cannot_be_told_what_is_gone() -> None:
    async def read() -> tuple[object, bool]:
        octets = head_of(DELETED, name="web", namespace="shop") + b"," + b"x" * LONGEST_LINE + b"\n"
        stream = EventStream(Pieces(octets), "Service", WorkSlices())
        events = await stream.receive()
        assert events is not None
        return events[0], stream.misses_deletion

    event, misses_deletion = run(read(), limit_seconds=1)

    assert isinstance(event, Oversized)
    assert misses_deletion


def test_a_piece_with_many_lines_is_one_list_of_events() -> None:
    one, two, three = bookmark(1), bookmark(2), bookmark(3)

    assert events_of(one + b"\n" + two + b"\r\n\n" + three[:5], three[5:] + b"\n") == [
        [BookmarkEvent(1, ends_list=False), BookmarkEvent(2, ends_list=False)],
        [BookmarkEvent(3, ends_list=False)],
    ]


def test_a_line_that_does_not_end_is_cut_off() -> None:
    async def read() -> bool:
        stream = EventStream(Pieces(bookmark(1)), "Service", WorkSlices())
        assert await stream.receive() == []
        assert await stream.receive() is None
        return stream.is_cut_off

    assert run(read(), limit_seconds=1)


def test_what_stood_before_a_broken_line_is_kept() -> None:
    async def read() -> None:
        octets = bookmark(1) + b"\n<html>\n" + bookmark(2) + b"\n"
        stream = EventStream(Pieces(octets), "Service", WorkSlices())
        assert await stream.receive() == [BookmarkEvent(1, ends_list=False)]
        with pytest.raises(UnreadableError, match="no event: '<html>': JSON is malformed"):
            await stream.receive()

    run(read(), limit_seconds=1)


def test_others_have_a_turn_after_a_millisecond_of_work_however_it_is_divided() -> None:
    async def work() -> list[int]:
        turns = [0]

        async def others() -> None:
            while True:
                turns[0] += 1
                await asyncio.sleep(0)

        seen = []
        async with asyncio.TaskGroup() as group:
            task = group.create_task(others())
            await asyncio.sleep(0)
            slices = WorkSlices()
            for _ in range(4):
                slices.begin()
                jump(0.0004)
                await slices.rest()
                slices.end()
                seen.append(turns[0])
            task.cancel()
        return seen

    assert run(work(), limit_seconds=1) == [1, 1, 2, 2]
