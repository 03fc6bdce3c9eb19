import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.contents import contents_of, with_ttl
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset, cname, ns
from tests.support.foreign import soa
from tests.support.stubs import addresses

WWW = from_text("www.example.")
ADDRESS = addresses("www.example.", b"\1\2\3\4", b"\1\2\3\5", ttl=60)
NAMES = ("www.example.", "a.example.", "b.example.", "c.other.")

rrsets = st.builds(
    lambda owner, ttl, records: RRset(from_text(owner), RRType.A, ttl, tuple(records)),
    st.sampled_from(NAMES),
    st.integers(0, 2**32 - 1),
    st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=4),
)


def test_the_smallest_ttl_of_all_sections_counts() -> None:
    body = compose(WWW, (ADDRESS,), (ns(from_text("example."), 20, WWW),), ())

    contents = contents_of(WWW, RRType.A, body)

    assert contents.ttl == 20
    assert contents.refers
    assert contents.denial_ttl is None


def test_a_denial_has_the_minimum_of_its_soa() -> None:
    contents = contents_of(WWW, RRType.A, compose(WWW, (), (soa(ttl=300, minimum=17),)))

    assert (contents.ttl, contents.denial_ttl, contents.has_soa) == (300, 17, True)
    assert not contents.answers


def test_the_ttl_of_opt_is_none() -> None:
    body = Body((0, 0, 1), BARE_OPT)

    assert contents_of(WWW, RRType.A, body).ttls_at == ()


def test_an_empty_body_has_no_ttl() -> None:
    assert contents_of(WWW, RRType.A, Body((0, 0, 0), b"")).ttl is None


@pytest.mark.parametrize(
    ("rrtype", "answer", "answers"),
    [
        (RRType.A, (ADDRESS,), True),
        (RRType.ANY, (ADDRESS,), True),
        (RRType.AAAA, (ADDRESS,), False),
        (RRType.A, (addresses("other.example.", b"\1\2\3\4"),), False),
        (RRType.ANY, (addresses("other.example.", b"\1\2\3\4"),), False),
        (RRType.CNAME, (cname(WWW, 5, from_text("a.example.")),), True),
        (RRType.A, (cname(WWW, 5, from_text("a.example.")),), False),
        (
            RRType.A,
            (cname(WWW, 5, from_text("A.example.")), addresses("a.EXAMPLE.", b"\1\2\3\4")),
            True,
        ),
        (
            RRType.A,
            (addresses("a.example.", b"\1\2\3\4"), cname(WWW, 5, from_text("a.example."))),
            True,
        ),
        (
            RRType.A,
            (cname(WWW, 5, from_text("a.example.")), addresses("b.example.", b"\1\2\3\4")),
            False,
        ),
        (
            RRType.A,
            (
                cname(WWW, 5, from_text("a.example.")),
                cname(WWW, 5, from_text("b.example.")),
                addresses("b.example.", b"\1\2\3\4"),
            ),
            False,
        ),
        (
            RRType.A,
            (cname(WWW, 5, from_text("a.example.")), cname(from_text("a.example."), 5, WWW)),
            False,
        ),
    ],
)
def test_an_answer_has_the_type_at_the_end_of_its_aliases(
    rrtype: int, answer: tuple[RRset, ...], *, answers: bool
) -> None:
    assert contents_of(WWW, rrtype, compose(WWW, answer)).answers is answers


@given(st.binary(max_size=80), st.tuples(*[st.integers(0, 3)] * 3))
def test_any_octets_are_examined_or_refused(octets: bytes, counts: tuple[int, int, int]) -> None:
    body = Body(counts, octets)

    try:
        contents = contents_of(WWW, RRType.A, body)
    except MalformedMessageError:
        return
    assert all(0 <= at <= len(octets) - 4 for at in contents.ttls_at)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=5), st.sampled_from((RRType.A, RRType.AAAA)))
def test_plain_addresses_are_read_as_all_else_is(ttls: list[int], rrtype: RRType) -> None:
    size = 4 if rrtype == RRType.A else 16
    body = compose(WWW, [RRset(WWW, rrtype, ttl, (bytes(size),)) for ttl in ttls])

    # With one record more the short way is not taken.
    more = compose(WWW, [RRset(WWW, rrtype, ttl, (bytes(size),)) for ttl in ttls], [ADDRESS])

    contents, others = contents_of(WWW, rrtype, body), contents_of(WWW, rrtype, more)
    assert contents.ttls_at == others.ttls_at[:-2]
    assert contents.answers is others.answers is bool(ttls)
    assert contents.ttl == min(ttls, default=None)


@given(st.lists(rrsets, max_size=3), st.lists(rrsets, max_size=3), st.integers(0, 2**31 - 1))
def test_a_new_ttl_is_all_that_changes(
    answer: list[RRset], additional: list[RRset], ttl: int
) -> None:
    body = compose(WWW, answer, (), additional)
    contents = contents_of(WWW, RRType.A, body)

    octets = with_ttl(body.octets, contents.ttls_at, ttl)

    def all_records(of: Body) -> list[tuple[bytes, bytes]]:
        return [
            (rrset.owner, record)
            for section in rrsets_of(WWW, of)
            for rrset in section
            for record in rrset.records
        ]

    changed = body._replace(octets=octets)
    assert all_records(changed) == all_records(body)
    assert {rrset.ttl for section in rrsets_of(WWW, changed) for rrset in section} <= {ttl}
    assert contents.ttl == min((rrset.ttl for rrset in (*answer, *additional)), default=None)
