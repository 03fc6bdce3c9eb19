"""A foreign answer taken apart says what its octets say."""

import pytest
from hypothesis import given

from svcdns.answers.answer import Answer, Reason, on_namespace
from svcdns.answers.foreign import ON_TICK, ForeignAnswer, authority_of, opened
from svcdns.wire.codes import AD, RD, TC, RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset
from tests.support.foreign import foreign, soa
from tests.support.messages import SECTIONS, lines_of
from tests.support.stubs import FixedAuthority, addresses, question

WEB = question("web.example.")
ADDRESS = addresses("web.example.", bytes((192, 0, 2, 1)))
WHY = Reason(InfoCode.STALE_ANSWER, lambda: "old")


def count(_: int) -> None:
    """Take no notice."""


def test_an_answer_of_records_comes_back_as_it_is() -> None:
    answer = Answer(answer=(ADDRESS,))

    assert opened(answer) is answer


@given(SECTIONS)
def test_all_sections_come_back(sections: tuple[tuple[RRset, ...], ...]) -> None:
    found = opened(ForeignAnswer(WEB.owner, compose(WEB.owner, *sections)))

    assert lines_of((found.answer, found.authority_records, found.additional)) == lines_of(sections)


@pytest.mark.parametrize("flag", [False, True])
def test_every_flag_is_kept(flag: bool) -> None:  # noqa: FBT001  a column of the table
    found = opened(
        foreign(WEB, ADDRESS, authoritative=flag, recursion_available=flag, authentic=flag)
    )

    assert (found.authoritative, found.recursion_available, found.authentic) == (flag,) * 3


def test_what_was_cut_stays_cut() -> None:
    assert opened(foreign(WEB, raised=AD, is_truncated=True)).raised == AD | TC
    assert opened(foreign(WEB, raised=AD)).raised == AD


def test_everything_else_that_is_said_of_it_is_kept() -> None:
    depends_on = (ON_TICK, on_namespace("shop"))

    found = opened(
        foreign(
            WEB,
            rcode=RCode.NXDOMAIN,
            lowered=RD,
            reason=WHY,
            depends_on=depends_on,
            written_by="cache",
            on_hits=count,
        )
    )

    assert found.rcode == RCode.NXDOMAIN
    assert (found.lowered, found.reason, found.depends_on) == (RD, WHY, depends_on)
    assert (found.written_by, found.on_hits) == ("cache", count)
    assert found.authority is None


def test_an_rcode_that_nobody_knows_is_kept() -> None:
    assert opened(foreign(WEB, rcode=3841)).rcode == 3841


def test_octets_that_cannot_be_read_cannot_be_opened() -> None:
    with pytest.raises(MalformedMessageError):
        opened(ForeignAnswer(WEB.owner, Body((1, 0, 0), b"\xc0\x0c")))


def test_the_soa_of_a_zone_of_ours_is_a_record_too() -> None:
    zone = FixedAuthority(from_text("example."), ttl=7)

    (found,) = authority_of(WEB, Answer(RCode.NXDOMAIN, authority=zone))

    assert found.ttl == 7
    assert found.records == (b"\0\0" + bytes(20),)


def test_records_in_the_authority_section_stay_as_they_are() -> None:
    answer = Answer(RCode.NXDOMAIN, authority_records=(soa(),))

    assert authority_of(WEB, answer) == (soa(),)
