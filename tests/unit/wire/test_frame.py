from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.frame import Frames, frame

MESSAGES = st.lists(st.binary(max_size=40), max_size=6)


@given(MESSAGES, st.lists(st.integers(0, 300), max_size=12), st.binary(max_size=1))
def test_messages_arrive_whole_in_any_segmentation(
    messages: list[bytes], cuts: list[int], rest: bytes
) -> None:
    stream = b"".join(map(frame, messages)) + rest
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    frames = Frames()

    found = [
        message for start, end in pairwise(edges) for message in frames.receive(stream[start:end])
    ]

    assert found == messages
    assert frames.pending == len(rest)


def test_octet_by_octet_a_message_comes_with_its_last() -> None:
    frames = Frames()

    found = [frames.receive(bytes([octet])) for octet in frame(b"abc")]

    assert found == [[], [], [], [], [b"abc"]]


def test_pending_counts_what_waits_for_its_end() -> None:
    frames = Frames()

    assert frames.pending == 0
    assert frames.receive(b"\x00\x03ab") == []
    assert frames.pending == 4
    assert frames.receive(b"c\x00") == [b"abc"]
    assert frames.pending == 1


def test_an_empty_message_is_a_message() -> None:
    assert Frames().receive(b"\0\0\0\0") == [b"", b""]


def test_the_longest_message_fits_and_no_longer_one() -> None:
    longest = bytes(65535)

    assert Frames().receive(frame(longest)) == [longest]
    with pytest.raises(ValueError, match="65536"):
        frame(longest + b"\0")
