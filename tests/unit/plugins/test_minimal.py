import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.plugins.minimal import DIRECTIVE, build
from svcdns.wire.codes import RCode
from svcdns.wire.name import from_text
from svcdns.wire.response import Body
from svcdns.wire.rrset import RRset, ns
from tests.support.directives import FixedScope, problems_of
from tests.support.foreign import Upstream, foreign, query_for, soa
from tests.support.messages import rrsets
from tests.support.stubs import FixedAuthority, FixedClient, addresses, question

WWW = question("www.example.")
ADDRESS = addresses("www.example.", b"\1\2\3\4")
GLUE = addresses("ns.example.", b"\1\2\3\5")
SERVERS = ns(from_text("example."), 60, from_text("ns.example."))


def minimal(outcome: Outcome) -> Outcome:
    around = build(None, FixedScope()).around
    assert around is not None
    said = around(query_for(WWW), FixedClient(), Upstream(lambda _: outcome))
    assert isinstance(said, Answer | ForeignAnswer)
    return said


def test_it_takes_no_words() -> None:
    assert problems_of(DIRECTIVE, "minimal a")
    assert problems_of(DIRECTIVE, "minimal {\na\n}")
    assert not problems_of(DIRECTIVE, "minimal")


@pytest.mark.parametrize(
    "whole",
    [
        foreign(WWW, ADDRESS, authority=[SERVERS], additional=[GLUE]),
        Answer(answer=(ADDRESS,), authority_records=(SERVERS,), additional=(GLUE,)),
    ],
)
def test_a_positive_answer_is_all_that_is_said(whole: Outcome) -> None:
    said = opened(minimal(whole))

    assert said.answer == (ADDRESS,)
    assert not said.authority_records
    assert not said.additional
    assert said.depends_on == whole.depends_on


def test_data_outside_the_answer_section_goes_too() -> None:
    assert minimal(Answer(additional=(GLUE,))) == Answer()
    assert minimal(foreign(WWW, additional=[GLUE])) == foreign(WWW)


@pytest.mark.parametrize(
    "whole",
    [
        foreign(WWW, authority=[soa()], additional=[GLUE]),
        foreign(WWW, authority=[soa()], rcode=RCode.NXDOMAIN),
        foreign(WWW, authority=[SERVERS], additional=[GLUE]),
        foreign(WWW, ADDRESS),
        foreign(WWW, ADDRESS, additional=[GLUE], rcode=RCode.SERVFAIL),
        ForeignAnswer(WWW.owner, Body((1, 1, 0), b"\xc0\x0c\0")),
        Answer(authority=FixedAuthority(from_text("example."))),
        Answer(authority_records=(soa(),), additional=(GLUE,)),
        Answer(authority_records=(SERVERS,), additional=(GLUE,)),
        Answer(RCode.NXDOMAIN, authority_records=(soa(),)),
        Answer(answer=(ADDRESS,)),
    ],
)
def test_everything_else_stays_as_it_is(whole: Outcome) -> None:
    assert minimal(whole) is whole


@given(
    st.lists(rrsets(), min_size=1, max_size=3),
    st.lists(rrsets(), max_size=3),
    st.lists(rrsets(), max_size=3),
)
def test_what_is_left_of_foreign_octets_reads_as_before(
    answer: list[RRset], authority: list[RRset], additional: list[RRset]
) -> None:
    whole = foreign(WWW, *answer, authority=authority, additional=additional)

    said = minimal(whole)

    assert opened(said).answer == opened(whole).answer
    assert not opened(said).authority_records
    assert not opened(said).additional
