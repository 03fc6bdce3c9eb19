from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.addresses import expand_zone, read_key, split_host_port
from svcdns.corefile.errors import Findings, WordError
from svcdns.corefile.lexer import tokens
from svcdns.corefile.tree import Key
from svcdns.wire.name import from_text, is_within, reverse_name


def keys(text: str, findings: Findings) -> tuple[Key, ...]:
    (token,) = tokens(f'"{text}"', "Corefile", findings)
    return read_key(token, findings)


def key(text: str) -> list[tuple[str, str, int | None]]:
    findings = Findings()
    found = [(k.scheme, k.zone, k.port) for k in keys(text, findings)]
    assert not findings.mistakes
    return found


@pytest.mark.parametrize(
    ("text", "scheme", "zone", "port"),
    [
        pytest.param(".", "dns", ".", None, id="root"),
        pytest.param(".:53", "dns", ".", 53, id="root with port"),
        pytest.param("Example.ORG", "dns", "example.org.", None, id="lower case, final dot"),
        pytest.param("example.org.:5300", "dns", "example.org.", 5300, id="final dot and port"),
        pytest.param("dns://example.org", "dns", "example.org.", None, id="scheme written"),
        pytest.param("tls://.:853", "tls", ".", 853, id="tls"),
        pytest.param("https://x", "https", "x.", None, id="https"),
        pytest.param("https3://x", "https3", "x.", None, id="https3"),
        pytest.param("quic://x", "quic", "x.", None, id="quic"),
        pytest.param("grpc://x:1", "grpc", "x.", 1, id="grpc"),
        pytest.param(".:000053", "dns", ".", 53, id="port with zeros"),
        pytest.param(".:0", "dns", ".", 0, id="any port"),
        pytest.param("hostname.bind:5353", "dns", "hostname.bind.", 5353, id="OpenShift's"),
        pytest.param("in-addr.arpa", "dns", "in-addr.arpa.", None, id="reverse zone by name"),
        pytest.param(
            "0/25.2.0.192.in-addr.arpa", "dns", "0/25.2.0.192.in-addr.arpa.", None, id="RFC 2317"
        ),
        pytest.param("a\\.b.org", "dns", "a\\.b.org.", None, id="escaped dot"),
        pytest.param("10.0.0.0/24:53", "dns", "0.0.10.in-addr.arpa.", 53, id="network with port"),
        pytest.param("2001:db8::/32:53", "dns", "8.b.d.0.1.0.0.2.ip6.arpa.", 53, id="IPv6 too"),
    ],
)
def test_a_key_has_scheme_zone_and_port(
    text: str, scheme: str, zone: str, port: int | None
) -> None:
    assert key(text) == [(scheme, zone, port)]


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("10.0.0.0/8", ("10.in-addr.arpa.",)),
        ("10.1.2.3/16", ("1.10.in-addr.arpa.",)),
        ("10.0.0.1/32", ("1.0.0.10.in-addr.arpa.",)),
        ("10.0.0.0/15", ("0.10.in-addr.arpa.", "1.10.in-addr.arpa.")),
        ("192.168.1.1/23", ("0.168.192.in-addr.arpa.", "1.168.192.in-addr.arpa.")),
        ("0.0.0.0/0", ("in-addr.arpa.",)),
        ("2001:db8::/32", ("8.b.d.0.1.0.0.2.ip6.arpa.",)),
        ("2001:db8::/31", ("8.b.d.0.1.0.0.2.ip6.arpa.", "9.b.d.0.1.0.0.2.ip6.arpa.")),
        ("fd00::/8", ("d.f.ip6.arpa.",)),
        ("::/0", ("ip6.arpa.",)),
        ("dns://10.0.0.0/8:53", ("10.in-addr.arpa.",)),
        ("Example.org:53", ("example.org.",)),
    ],
)
def test_networks_become_reverse_zones(text: str, zones: tuple[str, ...]) -> None:
    assert expand_zone(text) == zones


@pytest.mark.parametrize(("text", "count"), [("10.0.0.0/18", 64), ("2001:db8::/29", 8)])
def test_a_prefix_between_two_boundaries_takes_several_zones(text: str, count: int) -> None:
    assert len(set(expand_zone(text))) == count


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("http://x", "there is no scheme 'http://'", "write: https://x"),
        ("udp://x:53", "there is no scheme 'udp://'", "write: dns://x:53"),
        ("example.org:", "expecting data after last colon: 'example.org:'", "example.org:53"),
        ("example.org:dns", "the port 'dns' is not a number", "write: example.org:53"),
        ("example.org:65536", "the port of 'example.org:65536' is greater than 65535", ""),
        ("example.org:99999999999", "the port of 'example.org:99999999999' is greater", ""),
        ("tls:/example.org", "the port '/example.org' is not a number", "write: tls://example.org"),
        (":53", "there is no zone", "written: ."),
        ("", "there is no zone", "written: ."),
        ("a..b", "zone is not a valid domain name: 'a..b' has an empty label", ""),
        (f"{'a' * 64}.org", "zone is not a valid domain name: the label", ""),
        (".".join(["a" * 60] * 5), "zone is not a valid domain name: the name has", ""),
        ("x" * 1001, "specified zone is too long: 1001 characters", ""),
        ("ünï.org", "zone is not a valid domain name: 'ünï.org' is not ASCII", ""),
        ("10.0.0.0/33", "'10.0.0.0/33' is not a network: the prefix is longer than 32", "/32"),
        ("10.0.0/8", "'10.0.0/8' is not a network: '10.0.0' is not an IP address", "10.96.0.0/12"),
        ("::g/8", "'::g/8' is not a zone", "2001:db8::/32"),
        ("::1::/8", "'::1::/8' is not a network: '::1::' is not an IP address", ""),
        ("fe80::1", "'fe80::1' is an address, not a zone", "write 'bind fe80::1'"),
        ("[::1]:53", "'[::1]:53' is an address, not a zone", "write 'bind ::1'"),
        ("fe80::1%eth0", "'fe80::1%eth0' is not a zone", "2001:db8::/32"),
    ],
)
def test_what_is_no_key_is_a_mistake(text: str, problem: str, hint: str) -> None:
    findings = Findings()

    assert keys(text, findings) == ()

    (mistake,) = findings.mistakes
    assert mistake.problem.startswith(problem)
    assert hint in mistake.hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.1:53", "'10.0.0.1' is served as a name, it is not an address to listen on"),
        ("a.org,b.org", "'a.org,b.org' is one zone"),
    ],
)
def test_a_zone_that_is_hardly_meant_is_warned_of(text: str, problem: str) -> None:
    findings = Findings()

    keys(text, findings)

    assert [warning.problem for warning in findings.warnings] == [problem]


@given(st.ip_addresses(), st.integers(0, 128), st.ip_addresses())
def test_the_zones_of_a_network_hold_exactly_its_addresses(
    address: object, length: int, other: object
) -> None:
    base = ip_address(str(address))
    network = ip_network(f"{base}/{min(length, base.max_prefixlen)}", strict=False)

    zones = [from_text(zone) for zone in expand_zone(f"{base}/{network.prefixlen}")]

    for candidate in (base, ip_address(str(other))):
        name = reverse_name(candidate.packed)
        assert any(is_within(name, zone) for zone in zones) == (candidate in network)


@given(st.text(max_size=40))
def test_any_text_is_a_zone_or_a_word_error(text: str) -> None:
    try:
        zones = expand_zone(text)
    except WordError:
        return
    assert zones
    assert all(zone.endswith(".") and zone == zone.lower() for zone in zones)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (":8080", ("", 8080)),
        ("localhost:9153", ("localhost", 9153)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:8181", ("::1", 8181)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    ],
)
def test_a_place_to_listen_has_host_and_port(text: str, result: tuple[str, int]) -> None:
    assert split_host_port(text) == result


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("localhost", "'localhost' does not end in a port", "write localhost:PORT"),
        ("8080", "'8080' does not end in a port", "write: :8080"),
        ("localhost:", "'localhost:' does not end in a port", "write localhost:PORT"),
        ("::1:53", "the IPv6 address in '::1:53' needs brackets", "write: [::1]:53"),
        ("fd00::", "'fd00::' does not end in a port", "write [fd00::]:PORT"),
        ("x:65536", "the port of 'x:65536' is greater than 65535", ""),
        ("", "'' does not end in a port", ""),
    ],
)
def test_what_is_no_place_to_listen(text: str, problem: str, hint: str) -> None:
    with pytest.raises(WordError) as caught:
        split_host_port(text)

    assert caught.value.problem == problem
    assert hint in caught.value.hint
