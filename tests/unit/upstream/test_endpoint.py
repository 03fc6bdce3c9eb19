"""Addresses as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.endpoint import Endpoint, Transport, read_endpoint, split_port


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.2", "10.0.0.2:53"),
        ("10.0.0.2:5353", "10.0.0.2:5353"),
        ("::1", "[::1]:53"),
        ("[::1]", "[::1]:53"),
        ("[::1]:5353", "[::1]:5353"),
        ("fe80::1%eth0", "[fe80::1%eth0]:53"),
        ("[fe80::1%eth0]:99", "[fe80::1%eth0]:99"),
        ("::ffff:10.0.0.2", "10.0.0.2:53"),
    ],
)
def test_an_address_is_read_with_its_port(text: str, endpoint: str) -> None:
    read = read_endpoint(text)

    assert read is not None
    assert read.text == endpoint
    assert read.is_ipv6 is (endpoint[0] == "[")


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        (Endpoint("10.0.0.2"), "10.0.0.2"),
        (Endpoint("fe80::1%eth0"), "fe80::1"),
        (Endpoint("10.0.0.2", server_name="dns.example"), "dns.example"),
    ],
)
def test_a_certificate_has_to_be_of_a_name_or_else_of_the_address(
    endpoint: Endpoint, name: str
) -> None:
    assert endpoint.certified_name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":53",
        "dns.example",
        "10.0.0.2:",
        "10.0.0.2:0",
        "10.0.0.2:65536",
        "10.0.0:53",
        "[::1",
        "[::1]x",
        "10.0.0.2:5x",
        "1.2.3.4:\u0665",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_endpoint(text) is None


def test_the_port_follows_from_the_transport() -> None:
    read = {transport: read_endpoint("10.0.0.2", transport) for transport in Transport}

    assert read == {
        Transport.DNS: Endpoint("10.0.0.2", 53),
        Transport.TLS: Endpoint("10.0.0.2", 853, Transport.TLS),
        Transport.HTTPS: Endpoint("10.0.0.2", 443, Transport.HTTPS),
        Transport.QUIC: Endpoint("10.0.0.2", 853, Transport.QUIC),
    }


def test_all_but_plain_dns_has_certificates() -> None:
    assert [transport for transport in Transport if not transport.has_certificate] == [
        Transport.DNS
    ]


@given(st.text(max_size=30))
def test_any_text_is_an_endpoint_or_none(text: str) -> None:
    read = read_endpoint(text)

    assert read is None or read_endpoint(read.text) == read


@given(st.text(max_size=30))
def test_any_text_splits_or_does_not(text: str) -> None:
    split = split_port(text)

    assert split is None or split[1] is None or 0 < split[1] <= 65_535
