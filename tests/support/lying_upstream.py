"""Every way we know in which an upstream, or somebody in its place, can lie.

Each lie sends what must not be believed and then, where that makes sense, the truth: whoever
waits past the lies gets it. A lie is what has the address `LIE` anywhere in it.
"""

import socket
from collections.abc import Callable, Iterable, Mapping

from svcdns.wire.codes import AA, TC, RRType
from svcdns.wire.name import from_text
from tests.support.upstreams import (
    LIE,
    TRUE,
    FakeUpstream,
    Say,
    question_of,
    record,
    reply_to,
)

VICTIM = from_text("victim.example.net.")
_NS = from_text("ns.victim.example.net.")


def _before_the_truth(lie: Callable[[bytes], Iterable[bytes]]) -> Say:
    def say(_: FakeUpstream, query: bytes) -> Iterable[bytes]:
        return (*lie(query), reply_to(query, record(TRUE)))

    return say


def _instead(lie: Callable[[bytes], Iterable[bytes]]) -> Say:
    return lambda _, query: lie(query)


def _lie(query: bytes) -> bytes:
    return reply_to(query, record(LIE))


def _wrong_id(query: bytes) -> Iterable[bytes]:
    lie = _lie(query)
    identity = int.from_bytes(lie[:2])
    return [((identity + step) & 0xFFFF).to_bytes(2) + lie[2:] for step in range(1, 6)]


def _wrong_port(upstream: FakeUpstream, query: bytes) -> Iterable[bytes]:
    if upstream.transport == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(_lie(query), upstream.peer)
    return (reply_to(query, record(TRUE)),)


def _other_opcode(query: bytes) -> Iterable[bytes]:
    lie = bytearray(_lie(query))
    lie[2] |= 5 << 3
    yield bytes(lie)


def _not_a_response(query: bytes) -> Iterable[bytes]:
    lie = bytearray(_lie(query))
    lie[2] &= 0x7F
    yield bytes(lie)


def _other_name(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(LIE), question=VICTIM + question_of(query)[-4:])


def _other_type(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(LIE), question=question_of(query)[:-4] + b"\0\x1c\0\1")


def _other_class(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(LIE), question=question_of(query)[:-2] + b"\0\3")


def _other_case(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(LIE), question=question_of(query).upper()[:-4] + b"\0\1\0\1")


def _no_question(query: bytes) -> Iterable[bytes]:
    lie = _lie(query)
    yield lie[:4] + b"\0\0" + lie[6:12] + record(LIE, owner=question_of(query)[:-4])


def _two_questions(query: bytes) -> Iterable[bytes]:
    lie = reply_to(query, record(LIE), question=question_of(query) * 2)
    yield lie[:4] + b"\0\2" + lie[6:]


def _lying_counts(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(LIE), counts=(9, 9, 9))
    yield reply_to(query, record(LIE), counts=(1, 1, 0))


def _cut_off(query: bytes) -> Iterable[bytes]:
    lie = _lie(query)
    yield from (lie[:end] for end in (0, 1, 11, 12, 20, len(lie) - 1))


def _garbage(query: bytes) -> Iterable[bytes]:
    yield query[:2] + b"\x80" + bytes(range(256)) + LIE
    yield b"\xff" * 600
    yield query


def _pointer_loop(query: bytes) -> Iterable[bytes]:
    start = 12 + len(question_of(query))
    itself = (0xC000 | start).to_bytes(2)
    forwards = (0xC000 | start + 20).to_bytes(2)
    yield reply_to(query, record(LIE, owner=itself))
    yield reply_to(query, record(LIE, owner=forwards))
    yield reply_to(query, record(LIE, owner=b"\xc0\0"))


def _extra_answer(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(TRUE), record(LIE, owner=VICTIM))


def _poison_beside_a_cname(query: bytes) -> Iterable[bytes]:
    target = from_text("real.example.")
    yield reply_to(
        query,
        record(target, RRType.CNAME),
        record(TRUE, owner=target),
        record(LIE, owner=VICTIM),
    )


def _poison_before_a_cname(query: bytes) -> Iterable[bytes]:
    target = from_text("real.example.")
    yield reply_to(
        query,
        record(LIE, owner=VICTIM),
        record(target, RRType.CNAME),
        record(TRUE, owner=target),
        flags=AA,
    )


def _extra_authority(query: bytes) -> Iterable[bytes]:
    yield reply_to(
        query,
        record(TRUE),
        record(_NS, RRType.NS, owner=VICTIM),
        record(LIE, owner=_NS),
        counts=(1, 1, 1),
    )


def _extra_additional(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(TRUE), record(LIE, owner=VICTIM), counts=(1, 0, 1))


def _unasked_type(query: bytes) -> Iterable[bytes]:
    yield reply_to(query, record(TRUE), record(LIE, owner=VICTIM), record(LIE, 65_280, VICTIM))


def _truncated_with_a_lie(upstream: FakeUpstream, query: bytes) -> Iterable[bytes]:
    if upstream.transport == "udp":
        return (reply_to(query, record(LIE), flags=TC),)
    return (reply_to(query, record(TRUE)),)


def _flood(upstream: FakeUpstream, query: bytes) -> Iterable[bytes]:
    if upstream.transport == "tcp":
        return (reply_to(query, record(TRUE)),)
    lie = _lie(query)
    identity = int.from_bytes(lie[:2])
    return [((identity + step) & 0xFFFF).to_bytes(2) + lie[2:] for step in range(1, 60)]


LIES: Mapping[str, Say] = {
    "wrong id": _before_the_truth(_wrong_id),
    "wrong port": _wrong_port,
    "other opcode": _before_the_truth(_other_opcode),
    "not a response": _before_the_truth(_not_a_response),
    "other name": _before_the_truth(_other_name),
    "other type": _before_the_truth(_other_type),
    "other class": _before_the_truth(_other_class),
    "other letter case": _before_the_truth(_other_case),
    "no question": _before_the_truth(_no_question),
    "two questions": _before_the_truth(_two_questions),
    "lying counts": _before_the_truth(_lying_counts),
    "cut off": _before_the_truth(_cut_off),
    "garbage": _before_the_truth(_garbage),
    "pointer loop": _before_the_truth(_pointer_loop),
    "extra record in the answer": _instead(_extra_answer),
    "poison beside a CNAME": _instead(_poison_beside_a_cname),
    "poison before a CNAME": _instead(_poison_before_a_cname),
    "extra records in authority": _instead(_extra_authority),
    "extra record in additional": _instead(_extra_additional),
    "unasked types": _instead(_unasked_type),
    "truncated with a lie in it": _truncated_with_a_lie,
    "a flood of guesses": _flood,
}
"""By name; after each of them the truth is to be had."""
