import ipaddress

import dns.exception
import dns.name
import dns.reversename
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcdns.wire.name import (
    ROOT,
    OwnerName,
    address_text,
    from_labels,
    from_text,
    is_within,
    labels,
    lower,
    pack_address,
    parents,
    reverse_address,
    reverse_name,
    to_text,
    unmapped,
)
from tests.support.messages import NAMES, name_of

ADDRESSES = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))


@given(NAMES)
@example(ROOT)
def test_text_and_labels_lead_back_to_the_name(name: OwnerName) -> None:
    assert from_text(to_text(name)) == name
    assert from_labels(labels(name)) == name


@given(NAMES)
def test_text_is_that_of_dnspython(name: OwnerName) -> None:
    assert to_text(name) == name_of(name).to_text()


@given(st.text(alphabet='ab.\\0123459"-_ @', max_size=40))
@example("a" * 63 + ".b")
@example("a" * 64 + ".b")
@example(".".join(["a" * 62] * 4) + ".")
@example(".".join(["a" * 63] * 4) + ".")
@example("\\256")
@example("a\\")
def test_text_is_read_as_dnspython_reads_it(text: str) -> None:
    try:
        expected = dns.name.from_text(text).to_wire() if text not in {"", "@"} else None
    except dns.exception.DNSException:
        expected = None

    try:
        found = from_text(text)
    except ValueError:
        found = None

    assert found == expected or text == "@"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a name cannot be empty"),
        ("a..b", "'a..b' has an empty label"),
        ("..", "'..' has an empty label"),
        (".a", "'.a' has an empty label"),
        ("a\\300", "escapes \\300"),
        ("a\\12", "a backslash"),
        ("bücher.example", "its xn-- form"),
        ("b\\ücher", "its xn-- form"),
        ("a" * 64, "has 64 octets, allowed are 1 to 63"),
        (".".join(["abc"] * 64), "has 257 octets in wire form"),
    ],
)
def test_text_that_is_no_name_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"name|label|escapes|backslash|ASCII") as caught:
        from_text(text)

    assert sentence in str(caught.value)


def test_relative_and_absolute_text_mean_the_same_name() -> None:
    assert from_text("web.shop") == from_text("web.shop.") == b"\x03web\x04shop\x00"


def test_a_dot_within_a_label_does_not_separate() -> None:
    assert from_text("a\\.b") == b"\x03a.b\x00"
    assert from_text("a.b") == b"\x01a\x01b\x00"
    assert to_text(OwnerName(b"\x03a.b\x00")) == "a\\.b."


@pytest.mark.parametrize("label", [b"", b"a" * 64])
def test_a_label_has_1_to_63_octets(label: bytes) -> None:
    with pytest.raises(ValueError, match="allowed are 1 to 63"):
        from_labels([b"web", label])


def test_a_name_has_at_most_255_octets() -> None:
    longest = [b"a" * 63] * 3 + [b"a" * 61]

    assert len(from_labels(longest)) == 255
    with pytest.raises(ValueError, match="256 octets"):
        from_labels([*longest[:3], b"a" * 62])


def test_only_ascii_letters_are_folded() -> None:
    name = from_labels([b"A" * 63, b"\xc4\xe4\x5b\x40Zz"])

    assert labels(lower(name)) == (b"a" * 63, b"\xc4\xe4\x5b\x40zz")


@given(NAMES, NAMES)
def test_a_name_is_within_another_as_in_dnspython(name: OwnerName, zone: OwnerName) -> None:
    name, zone = lower(name), lower(zone)

    assert is_within(name, zone) == name_of(name).is_subdomain(name_of(zone))


@given(NAMES)
def test_a_name_is_within_all_its_parents(name: OwnerName) -> None:
    found = list(parents(name))

    assert found[0] == name
    assert found[-1] == ROOT
    assert [len(labels(parent)) for parent in found] == list(range(len(labels(name)), -1, -1))
    assert all(is_within(name, parent) for parent in found)


def test_a_zone_matches_whole_labels_only() -> None:
    zone = from_text("cluster.local")
    tail_in_a_label = from_labels([b"x" + zone[:-1], b"com"])

    assert is_within(from_text("web.cluster.local"), zone)
    assert is_within(zone, zone)
    assert not is_within(from_text("web-cluster.local"), zone)
    assert not is_within(from_text("xcluster.local"), zone)
    assert not is_within(OwnerName(b"\x0f" + b"x" + zone[:-1] + b"\x00"), zone)
    assert not is_within(tail_in_a_label, zone)
    assert not is_within(from_text("local"), zone)


@given(ADDRESSES)
def test_the_reverse_name_is_that_of_dnspython_and_leads_back(packed: bytes) -> None:
    name = reverse_name(packed)

    assert reverse_address(name) == packed
    if ipaddress.ip_address(packed).version == 4 or not packed.startswith(bytes(10)):
        assert to_text(name) == dns.reversename.from_address(address_text(packed)).to_text()


def test_an_ipv4_mapped_address_is_the_ipv4_address() -> None:
    assert unmapped(pack_address("::ffff:10.0.0.1")) == pack_address("10.0.0.1")
    for text in ("10.0.0.1", "::ffff:0:a00:1", "fd00::ffff:10.0.0.1"):
        assert unmapped(pack_address(text)) == pack_address(text)


def test_a_reverse_name_is_read_in_any_letter_case() -> None:
    nibbles = "f.e.d.c." + "0." * 28

    assert reverse_address(from_text("1.0.0.10.IN-Addr.ARPA.")) == bytes([10, 0, 0, 1])
    assert reverse_address(from_text(nibbles.upper() + "IP6.arpa")) == bytes(14) + b"\xcd\xef"


@pytest.mark.parametrize(
    "text",
    [
        "01.0.0.10.in-addr.arpa.",
        "256.0.0.10.in-addr.arpa.",
        "1_0.0.0.10.in-addr.arpa.",
        "\\2101.0.0.10.in-addr.arpa.",
        "+1.0.0.10.in-addr.arpa.",
        "0.0.10.in-addr.arpa.",
        "1.1.0.0.10.in-addr.arpa.",
        "1.x.0.0.10.in-addr.arpa.",
        "1.0.0.10.xin-addr.arpa.",
        "in-addr.arpa.",
        "1.0.0.10.in-addr.arpa.example.",
        "ip6.arpa.",
        "0." * 31 + "ip6.arpa.",
        "0." * 33 + "ip6.arpa.",
        "g." + "0." * 31 + "ip6.arpa.",
        "00." + "0." * 31 + "ip6.arpa.",
        "\\032." + "0." * 31 + "ip6.arpa.",
        "000.0000." + "0." * 28 + "ip6.arpa.",
        "web.shop.svc.cluster.local.",
        ".",
    ],
)
def test_a_name_that_is_not_exactly_one_address_has_none(text: str) -> None:
    assert reverse_address(from_text(text)) is None


@given(
    st.lists(st.text(alphabet="0123456789af", min_size=1, max_size=3), max_size=6),
    st.sampled_from([b"in-addr", b"ip6"]),
)
def test_a_name_below_a_reverse_zone_is_the_reverse_name_or_has_no_address(
    below: list[str], zone: bytes
) -> None:
    name = from_labels([*(label.encode() for label in below), zone, b"arpa"])

    packed = reverse_address(name)

    assert packed is None or reverse_name(packed) == name


@pytest.mark.parametrize("width", [0, 3, 5, 15, 17])
def test_only_four_or_sixteen_octets_are_an_address(width: int) -> None:
    with pytest.raises(ValueError, match="4 or 16"):
        reverse_name(bytes(width))
    with pytest.raises(ValueError, match=r"\d+"):
        address_text(bytes(width))


@given(ADDRESSES)
def test_the_text_of_an_address_leads_back(packed: bytes) -> None:
    assert pack_address(address_text(packed)) == packed


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_the_text_of_an_address_is_canonical(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert pack_address(str(address)) == address.packed
    if address.version == 4 or address.ipv4_mapped is None:
        assert address_text(address.packed) == str(address)


def test_a_mapped_address_ends_in_decimal() -> None:
    assert address_text(pack_address("::ffff:a00:1")) == "::ffff:10.0.0.1"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "10.0.0",
            "10.0.0.300",
            "10.0.0.01",
            "10.0.0.1.1",
            "10.0.0.1 ",
            "10.0.0.\N{ARABIC-INDIC DIGIT ONE}",
        ),
        *("1_0.0.0.1", "0x0a.0.0.1", "10.0.0.1/32", "fe80::1%eth0", "::1::", "cafe", "[::1]"),
    ],
)
def test_text_that_is_no_address_is_quoted_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address") as caught:
        pack_address(text)

    assert repr(text) in str(caught.value)
