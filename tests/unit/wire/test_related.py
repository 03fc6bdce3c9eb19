"""Records that have nothing to do with the question are left out."""

import pytest

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.related import related_only
from svcdns.wire.response import compose
from svcdns.wire.rrset import RRset, addresses, cname, mx_record, ns, srv_record

ASKED = from_text("a.example.")
REAL = from_text("real.example.net.")
OTHER = from_text("other.example.org.")


def a(owner: OwnerName) -> RRset:
    return addresses(owner, 30, (b"1234",))


def raw(owner: OwnerName, rrtype: int, rdata: bytes) -> RRset:
    return RRset(owner, rrtype, 30, (rdata,))


def kept(
    answer: list[RRset], authority: list[RRset], additional: list[RRset]
) -> tuple[list[RRset], list[RRset], list[RRset]]:
    body = compose(ASKED, answer, authority, additional)
    found = rrsets_of(ASKED, related_only(ASKED, body))
    return list(found[0]), list(found[1]), list(found[2])


CHAIN = [cname(ASKED, 30, REAL), a(REAL)]


def test_octets_stay_as_they_are_when_all_belongs() -> None:
    body = compose(ASKED, CHAIN, (), ())

    assert related_only(ASKED, body) is body


def test_only_what_lies_on_the_way_answers() -> None:
    answer = [a(OTHER), *CHAIN, cname(OTHER, 30, ASKED), a(from_text("b.example."))]

    assert kept(answer, [], [])[0] == CHAIN


def test_a_way_in_any_order_is_found() -> None:
    assert kept(CHAIN[::-1], [], [])[0] == CHAIN[::-1]


def test_aliases_in_a_circle_end() -> None:
    circle = [cname(ASKED, 30, REAL), cname(REAL, 30, ASKED)]

    assert kept(circle, [], [])[0] == circle


def test_a_dname_above_the_way_belongs_to_it() -> None:
    dname = raw(from_text("example."), RRType.DNAME, from_text("example.net."))
    astray = raw(from_text("example.org."), RRType.DNAME, from_text("example.net."))

    assert kept([dname, astray, *CHAIN], [], [])[0] == [dname, *CHAIN]


def test_a_signature_on_the_way_belongs_to_it() -> None:
    signed = [a(ASKED), raw(ASKED, RRType.RRSIG, b"x" * 30)]

    assert kept(signed, [], [])[0] == signed


def test_authority_is_what_is_above() -> None:
    above = [ns(from_text("example."), 30, REAL), ns(from_text("."), 30, REAL)]

    assert kept([a(ASKED)], [*above, ns(OTHER, 30, REAL)], [])[1] == above


def test_proofs_of_nonexistence_have_any_owner() -> None:
    proof = raw(from_text("0abc.example."), RRType.NSEC3, b"x" * 20)

    assert kept([], [proof], [])[1] == [proof]


@pytest.mark.parametrize(
    "naming",
    [
        raw(ASKED, RRType.SRV, srv_record(0, 0, 80, REAL)),
        raw(ASKED, RRType.MX, mx_record(10, REAL)),
        raw(ASKED, RRType.HTTPS, b"\0\1" + REAL),
        ns(ASKED, 30, REAL),
    ],
    ids=lambda rrset: RRType(rrset.rrtype).name,
)
def test_additional_addresses_are_of_servers_that_are_named(naming: RRset) -> None:
    assert kept([naming], [], [a(REAL), a(OTHER)])[2] == [a(REAL)]


def test_a_name_of_a_server_that_cannot_be_read_names_nobody() -> None:
    assert kept([raw(ASKED, RRType.HTTPS, b"\0\1\xff")], [], [a(REAL)])[2] == []
