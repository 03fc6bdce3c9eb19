import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.response import Body, compose
from svcdns.wire.rotation import Run, rotated, run_of
from svcdns.wire.rrset import RRset, cname, mx_record, ns
from tests.support.stubs import addresses

WWW = from_text("www.example.")
ALIAS = cname(WWW, 60, from_text("a.example."))


def ipv4(owner: str, count: int) -> RRset:
    return addresses(owner, *[bytes((192, 0, 2, last)) for last in range(count)])


def mail(*names: str) -> RRset:
    records = tuple(mx_record(10, from_text(name)) for name in names)
    return RRset(WWW, RRType.MX, 60, records)


def records_of(body: Body) -> list[tuple[bytes, int, bytes]]:
    answer, *_ = rrsets_of(WWW, body)
    return [(rrset.owner, rrset.rrtype, record) for rrset in answer for record in rrset.records]


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ([ipv4("www.example.", 3)], 3),
        ([ALIAS, ipv4("a.example.", 2)], 2),
        ([addresses("www.example.", bytes(16), bytes(15) + b"\1")], 2),
        ([mail("mx1.other.", "mx2.other.")], 0),
        ([mail("a.www.example.", "b.www.example.")], 2),
        ([ipv4("www.example.", 1)], 0),
        ([ipv4("www.example.", 3), ALIAS], 0),
        ([ipv4("a.example.", 2), ipv4("www.example.", 2)], 2),
        ([mail("a.www.example.", "longer.www.example.")], 0),
    ],
)
def test_the_run_at_the_end_is_found(answer: list[RRset], count: int) -> None:
    run = run_of(WWW, compose(WWW, answer))

    assert (run.length if run else 0) == count


def test_mail_exchanges_that_others_may_point_to_stay() -> None:
    body = compose(WWW, [mail("a.www.example.", "b.www.example.")], [], [ipv4("b.www.example.", 1)])

    assert run_of(WWW, body) is None


def test_octets_that_cannot_be_read_stay() -> None:
    assert run_of(WWW, Body((3, 0, 0), b"\xc0\x0c\0\1")) is None


bodies = st.builds(
    lambda alias, count, authority, additional: compose(
        WWW,
        [ALIAS, ipv4("a.example.", count)] if alias else [ipv4("www.example.", count)],
        [ns(from_text("example."), 60, from_text("a.example."))] * authority,
        [ipv4("a.example.", 1)] * additional,
    ),
    st.booleans(),
    st.integers(2, 12),
    st.integers(0, 1),
    st.integers(0, 2),
)


@given(bodies, st.integers(0, 40))
def test_turning_changes_the_order_and_nothing_else(body: Body, turn: int) -> None:
    run = run_of(WWW, body)
    assert run is not None

    turned = rotated(body, run, turn)

    before, after = records_of(body), records_of(turned)
    kept = len(before) - run.length
    assert after[:kept] == before[:kept]
    cut = kept + turn % run.length
    assert after[kept:] == before[cut:] + before[kept:cut]
    assert rrsets_of(WWW, turned)[1:] == rrsets_of(WWW, body)[1:]


@given(bodies)
def test_each_address_is_first_once_in_as_many_turns_as_there_are(body: Body) -> None:
    run = run_of(WWW, body)
    assert run is not None

    first = {records_of(rotated(body, run, turn))[-run.length] for turn in range(run.length)}

    assert len(first) == run.length


@given(st.binary(max_size=90), st.tuples(*[st.integers(0, 4)] * 3), st.integers(0, 9))
def test_any_octets_are_as_readable_as_before(
    octets: bytes, counts: tuple[int, int, int], turn: int
) -> None:
    body = Body(counts, octets)
    run = run_of(WWW, body)
    if run is None:
        return

    turned = rotated(body, run, turn)

    assert sorted(turned.octets) == sorted(octets)
    assert isinstance(run, Run)
    try:
        before = records_of(body)
    except MalformedMessageError:
        return
    assert len(records_of(turned)) == len(before)
