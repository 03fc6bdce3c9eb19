"""An answer that nobody has asked for again yet."""

import pytest

from svcdns.answers.foreign import ForeignAnswer
from svcdns.answers.kept import Judgement, Kept, Kind, examined
from svcdns.answers.raw import Raw
from svcdns.wire.codes import AA, AD, RA, RRType
from svcdns.wire.name import from_text
from svcdns.wire.plain import PlainHeads
from svcdns.wire.question import Question
from svcdns.wire.response import Body
from tests.support.upstreams import record

ASKED = Question.of(from_text("a.example."), RRType.A)


@pytest.mark.parametrize("flags", [0, AA | RA, AD])
@pytest.mark.parametrize("answers", [1, 2, 12])
def test_it_becomes_what_is_kept_of_any_other_answer(answers: int, flags: int) -> None:
    octets = b"".join(record(bytes((192, 0, 2, n)), ttl=300) for n in range(answers))
    heads = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)
    head = heads[(0x8000 | flags).to_bytes(2) + b"\0\1" + answers.to_bytes(2) + bytes(4)]
    assert head is not None
    answer = ForeignAnswer(
        ASKED.owner,
        Body((answers, 0, 0), octets),
        authoritative=bool(flags & AA),
        recursion_available=bool(flags & RA),
        authentic=bool(flags & AD),
    )
    judgement = Judgement(Kind.SUCCESS, 30, answering=True)
    expected = Kept(answer, judgement, examined(answer, ASKED), 7.0)

    raw = Raw(head, octets, 30, 7.0)
    kept = raw.kept(ASKED.octets)

    assert raw.size == kept.size == expected.size
    assert (kept.answer, kept.kind, kept.answering) == (answer, Kind.SUCCESS, True)
    assert (kept.since, kept.lifetime, kept.ttls_at) == (7.0, 30, expected.ttls_at)
