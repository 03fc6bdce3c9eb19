"""Addresses at the name of the question and nothing else, seen at a glance."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import RRClass, RRType
from svcdns.wire.contents import contents_of, with_ttl
from svcdns.wire.name import from_text
from svcdns.wire.response import Body, compose
from svcdns.wire.rotation import run_of
from svcdns.wire.rrset import RRset, cname
from svcdns.wire.uniform import uniform_end, uniform_with_ttl, width_of
from tests.support.stubs import addresses

WWW = from_text("www.example.")
A = addresses("www.example.", bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
AAAA = addresses("www.example.", bytes(16), bytes(15) + b"\1", bytes(15) + b"\2")


@pytest.mark.parametrize(("answer", "width"), [(A, 16), (AAAA, 28)])
def test_addresses_at_the_name_of_the_question_are_all_as_wide(answer: RRset, width: int) -> None:
    body = compose(WWW, [answer])

    assert width_of(body) == width
    assert contents_of(WWW, answer.rrtype, body).ttls_at == tuple(
        range(6, width * len(answer.records), width)
    )
    assert run_of(WWW, body) == (0, width, len(answer.records))


@pytest.mark.parametrize(
    "body",
    [
        compose(WWW),
        compose(WWW, [A, AAAA]),
        compose(WWW, [A, replace(A, ttl=7)]),
        compose(WWW, [cname(WWW, 60, from_text("a.example."))]),
        compose(WWW, [addresses("other.example.", bytes(4))]),
        compose(WWW, [A], [A]),
        compose(WWW, [A], (), [A]),
        compose(WWW, [replace(A, rrclass=RRClass.CH)]),
        compose(WWW, [RRset(WWW, RRType.A, 60, (bytes(3), bytes(5)))]),
        Body((2, 0, 0), compose(WWW, [A]).octets[:-1]),
    ],
)
def test_anything_else_is_another_kind_of_answer(body: Body) -> None:
    assert width_of(body) == 0


@given(st.binary(max_size=64), st.tuples(*[st.integers(0, 3)] * 3))
def test_no_octets_upset_it(octets: bytes, counts: tuple[int, int, int]) -> None:
    width = width_of(Body(counts, octets))

    assert width * counts[0] in (0, len(octets))


def test_where_they_end_is_known_whatever_stands_around_them() -> None:
    octets = compose(WWW, [A]).octets

    assert uniform_end(b"ahead" + octets + b"behind", 5, 2) == 5 + len(octets)
    assert uniform_end(octets, 0, 1) == len(octets) // 2
    assert uniform_end(octets, 0, 3) == 0
    assert uniform_end(octets, 0, 0) == 0


@pytest.mark.parametrize("answer", [A, AAAA, replace(A, records=A.records[:1])])
def test_a_ttl_is_put_into_every_record(answer: RRset) -> None:
    body = compose(WWW, (answer,))
    places = contents_of(WWW, answer.rrtype, body).ttls_at

    replaced = uniform_with_ttl(body.octets, body.counts[0], 0x01020304)

    assert replaced == with_ttl(body.octets, places, 0x01020304)
    assert replaced != body.octets
