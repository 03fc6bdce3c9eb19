import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire import rrset
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.rrset import RRset

WEB = from_text("web.shop.svc.cluster.local.")
TARGET = from_text("Web-0.example.")


def text(found: RRset) -> list[str]:
    return [
        dns.rdata.from_wire(
            RdataClass(found.rrclass),
            RdataType(found.rrtype),
            rdata,
            0,
            len(rdata),
        ).to_text()
        for rdata in found.records
    ]


@pytest.mark.parametrize(
    ("found", "rrtype", "texts"),
    [
        (rrset.addresses(WEB, 5, [b"\x0a\0\0\x01", b"\x0a\0\0\x02"]), 1, ["10.0.0.1", "10.0.0.2"]),
        (rrset.addresses(WEB, 5, [bytes(15) + b"\x01"]), 28, ["::1"]),
        (rrset.cname(WEB, 5, TARGET), 5, ["Web-0.example."]),
        (rrset.ptr(WEB, 5, TARGET, WEB), 12, ["Web-0.example.", "web.shop.svc.cluster.local."]),
        (rrset.ns(WEB, 5, TARGET), 2, ["Web-0.example."]),
        (rrset.txt(WEB, 5, b"1.1.0", b"", b'"'), 16, ['"1.1.0" "" "\\""']),
        (rrset.hinfo(WEB, 5, b"RFC8482", b""), 13, ['"RFC8482" ""']),
        (
            RRset(WEB, RRType.SRV, 5, (rrset.srv_record(0, 50, 443, TARGET),)),
            33,
            ["0 50 443 Web-0.example."],
        ),
        (RRset(WEB, RRType.MX, 5, (rrset.mx_record(10, TARGET),)), 15, ["10 Web-0.example."]),
        (
            RRset(
                WEB,
                RRType.SOA,
                5,
                (
                    rrset.soa_record(
                        TARGET,
                        WEB,
                        serial=2**32 + 7,
                        refresh=7200,
                        retry=1800,
                        expire=86400,
                        minimum=5,
                    ),
                ),
            ),
            6,
            ["Web-0.example. web.shop.svc.cluster.local. 7 7200 1800 86400 5"],
        ),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_rdata_says_what_it_was_made_of(found: RRset, rrtype: int, texts: list[str]) -> None:
    assert found.rrtype == rrtype
    assert text(found) == texts


@pytest.mark.parametrize("packed", [[], [bytes(4), bytes(16)], [bytes(5)]], ids=len)
def test_an_address_set_is_of_one_family(packed: list[bytes]) -> None:
    with pytest.raises(ValueError, match="one family"):
        rrset.addresses(WEB, 5, packed)


def test_a_character_string_has_at_most_255_octets() -> None:
    assert len(rrset.txt(WEB, 5, bytes(255)).records[0]) == 256
    with pytest.raises(ValueError, match="255 octets"):
        rrset.txt(WEB, 5, bytes(256))


@given(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=9), st.integers(0, 99))
def test_rotation_keeps_the_records_and_their_cyclic_order(packed: list[bytes], n: int) -> None:
    found = rrset.addresses(WEB, 5, packed).rotated(n)

    start = n % len(packed)
    assert found.records == tuple(packed[start:] + packed[:start])
    assert (found.owner, found.rrtype, found.ttl, found.rrclass) == (WEB, 1, 5, 1)


def test_an_empty_set_can_be_rotated() -> None:
    assert RRset(WEB, 1, 5, ()).rotated(3).records == ()
