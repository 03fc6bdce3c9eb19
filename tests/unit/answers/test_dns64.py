from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import ON_NAMESPACES, Answer, on_service
from svcdns.answers.dns64 import (
    PREFIX_LENGTHS,
    TTL_WITHOUT_SOA,
    UNUSED_OCTET,
    embedded,
    has_addresses,
    soa_ttl,
    synthesized,
)
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text
from svcdns.wire.rrset import cname
from tests.support.stubs import FixedAuthority, addresses, question

ASKED = question("web.example.", RRType.AAAA)
PREFIX = IPv6Address("64:ff9b::").packed
FOUND = addresses("web.example.", b"\xc0\0\2\x21", ttl=300)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        # The table of RFC 6052 section 2.4.
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
    ],
)
def test_the_ipv4_octets_stand_where_the_rfc_says(prefix: str, found: str) -> None:
    network = IPv6Network(prefix)

    made = embedded(network.network_address.packed, network.prefixlen, FOUND.records[0])

    assert IPv6Address(made) == IPv6Address(found)


@given(
    st.sampled_from(PREFIX_LENGTHS),
    st.ip_addresses(v=6),
    st.ip_addresses(v=4),
)
def test_the_ipv4_address_can_be_taken_out_again(
    bits: int, within: IPv6Address, address: IPv4Address
) -> None:
    network = IPv6Network((within, bits), strict=False)

    made = embedded(network.network_address.packed, bits, address.packed)

    assert len(made) == 16
    assert IPv6Address(made) in network
    # RFC 6052 section 2.3: all octets behind the prefix but the unused one, the first four.
    start = bits // 8
    behind = made[start:] if start > UNUSED_OCTET else made[start:8] + made[9:]
    assert behind[:4] == address.packed
    assert not any(behind[4:])
    if bits < 96:
        assert made[UNUSED_OCTET] == 0


@pytest.mark.parametrize(
    ("denial", "ttl"),
    [
        (Answer(), TTL_WITHOUT_SOA),
        (Answer(authority=FixedAuthority(from_text("example."), ttl=7)), 7),
        (Answer(authority_records=(FOUND,)), TTL_WITHOUT_SOA),
    ],
)
def test_the_ttl_of_a_denial_is_its_soas(denial: Answer, ttl: int) -> None:
    assert soa_ttl(ASKED, denial) == ttl


def test_addresses_are_made_and_the_rest_stays() -> None:
    link = cname(from_text("web.example."), 900, from_text("real.example."))
    real = addresses("real.example.", b"\xc0\0\2\1", b"\xc0\0\2\2", ttl=300)
    denial = Answer(
        authority=FixedAuthority(from_text("example."), ttl=30), depends_on=(ON_NAMESPACES,)
    )
    service = on_service("shop", "web")
    found = Answer(answer=(link, real), additional=(FOUND,), authentic=True, depends_on=(service,))

    made = synthesized(PREFIX, 96, ASKED, denial, found)

    assert made.answer[0] == link
    assert (made.answer[1].rrtype, made.answer[1].ttl) == (RRType.AAAA, 30)
    assert [str(IPv6Address(one)) for one in made.answer[1].records] == [
        *("64:ff9b::c000:201", "64:ff9b::c000:202")
    ]
    assert made.additional == (FOUND,)
    assert (made.authoritative, made.authentic, made.written_by) == (False, False, "dns64")
    assert made.depends_on == (ON_NAMESPACES, service)


def test_a_shorter_ttl_stays() -> None:
    made = synthesized(PREFIX, 96, ASKED, Answer(), Answer(answer=(FOUND,)))

    assert made.answer[0].ttl == 300


def test_a_failure_stays_a_failure() -> None:
    made = synthesized(PREFIX, 96, ASKED, Answer(), Answer(RCode.SERVFAIL))

    assert (made.rcode, made.answer, made.depends_on) == (RCode.SERVFAIL, (), None)


def test_an_answer_with_addresses_needs_no_others() -> None:
    assert has_addresses(Answer(answer=(addresses("web.example.", PREFIX),)))
    assert not has_addresses(Answer(answer=(FOUND,)))
