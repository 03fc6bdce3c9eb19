"""TTLs of answers that come out of a cache on the way."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.age import aged
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text
from svcdns.wire.records import records
from tests.support.upstreams import TRUE, record, reply_to

QUERY = b"\0\0\1\0\0\1" + bytes(6) + from_text("a.example.") + b"\0\1\0\1"


def reply(*ttls: int) -> bytes:
    written = [record(TRUE, ttl=ttl) for ttl in ttls]
    return reply_to(QUERY, *written, BARE_OPT, counts=(len(ttls), 0, 1))


def test_every_ttl_is_lower_and_none_is_below_zero() -> None:
    older = aged(reply(300, 10, 9, 0), 10)

    assert [one.ttl for one in records(older) if one.rrtype != RRType.OPT] == [290, 0, 0, 0]
    assert older.endswith(BARE_OPT)


@given(st.binary(max_size=100), st.integers(1, 10**10))
def test_what_cannot_be_read_stays_as_it_is_and_nothing_gets_longer(
    octets: bytes, seconds: int
) -> None:
    assert len(aged(octets, seconds)) == len(octets)
    assert aged(reply(5)[:-20] + octets, seconds)[:2] == b"\0\0"


@given(st.lists(st.integers(0, 2**32 - 1), max_size=5), st.integers(0, 10**10))
def test_an_answer_of_any_age_differs_in_nothing_but_ttls(ttls: list[int], seconds: int) -> None:
    assert aged(reply(*ttls), seconds) == reply(*(max(ttl - seconds, 0) for ttl in ttls))
