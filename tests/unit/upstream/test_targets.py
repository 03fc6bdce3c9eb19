"""What may follow the zone of a `forward`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.endpoint import Transport
from svcdns.upstream.targets import (
    Address,
    File,
    HostName,
    Target,
    TargetError,
    quoted,
    read_target,
)


def shown(target: Target) -> str:
    match target:
        case Address(endpoint):
            name = f" {endpoint.server_name}" if endpoint.server_name else ""
            return f"{endpoint.transport} {endpoint.text}{endpoint.path}{name}"
        case File(path):
            return f"file {path}"
        case HostName(host, port, transport, _, server_name, path):
            return f"name {transport} {host} {port}{path}{server_name and ' '}{server_name}"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("10.0.0.2", "dns 10.0.0.2:53"),
        ("dns://10.0.0.2:5353", "dns 10.0.0.2:5353"),
        ("tls://1.1.1.1", "tls 1.1.1.1:853"),
        ("tls://1.1.1.1:8853", "tls 1.1.1.1:8853"),
        ("tls://1.1.1.1%one.example", "tls 1.1.1.1:853 one.example"),
        ("tls://1.1.1.1%one.example:8853", "tls 1.1.1.1:8853 one.example"),
        ("tls://[2001:db8::1%one.example]:8853", "tls [2001:db8::1]:8853 one.example"),
        ("[2001:db8::1]:5353", "dns [2001:db8::1]:5353"),
        ("/etc/resolv.conf", "file /etc/resolv.conf"),
        ("./resolv.conf", "file ./resolv.conf"),
        ("dns.example", "name dns dns.example 53"),
        ("dns.example:5353", "name dns dns.example 5353"),
        ("tls://dns.example", "name tls dns.example 853"),
        ("https://9.9.9.9", "https 9.9.9.9:443"),
        ("https://9.9.9.9:8443", "https 9.9.9.9:8443"),
        ("https://9.9.9.9/dns-query", "https 9.9.9.9:443"),
        ("https://9.9.9.9/", "https 9.9.9.9:443/"),
        ("https://9.9.9.9/a-1/b%2F:c", "https 9.9.9.9:443/a-1/b%2F:c"),
        ("https://9.9.9.9%one.example/mine", "https 9.9.9.9:443/mine one.example"),
        (
            "https://[2001:db8::1%one.example]:8443/mine",
            "https [2001:db8::1]:8443/mine one.example",
        ),
        ("https://dns.example/mine", "name https dns.example 443/mine"),
        ("quic://9.9.9.9", "quic 9.9.9.9:853"),
        ("quic://9.9.9.9%one.example:8853", "quic 9.9.9.9:8853 one.example"),
        ("quic://dns.example", "name quic dns.example 853"),
    ],
)
def test_a_word_means_one_thing(text: str, target: str) -> None:
    assert shown(read_target(text, "Corefile:2", is_file=False)) == target


def test_a_word_is_a_file_if_there_is_one() -> None:
    assert shown(read_target("upstreams", "Corefile:2", is_file=True)) == "file upstreams"
    assert read_target("upstreams", "Corefile:2", is_file=True).transport is Transport.DNS
    assert read_target("10.0.0.2", "Corefile:2", is_file=True).transport is Transport.DNS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("grpc://1.2.3.4", "'grpc' is not supported as a destination protocol in forward"),
        ("https3://1.2.3.4", "'https3' is not supported as a destination protocol in forward"),
        ("https://1.2.3.4/q?dns=", "not an address with a path, and nothing else"),
        ("https://1.2.3.4/dns-query{?dns}", "not an address with a path, and nothing else"),
        ("https://1.2.3.4/%zz", "not an address with a path, and nothing else"),
        ("https://", "not an IP address, file, or valid domain"),
        ("https:///dns-query", "not an IP address, file, or valid domain"),
        ("quic://1.2.3.4/mine", "not an IP address, file, or valid domain"),
        ("1.2.3.4:99999", "not an IP address, file, or valid domain"),
        ("a..b", "not an IP address, file, or valid domain"),
        ("tls://", "not an IP address, file, or valid domain"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(text: str, problem: str) -> None:
    with pytest.raises(TargetError) as caught:
        read_target(text, "Corefile:2", is_file=False)

    assert caught.value.problem.startswith(problem)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rest", "host"),
    [
        ("9.9.9.9:53/x", "9.9.9.9"),
        ("[2001:db8::1]:53", "[2001:db8::1]"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("dns.example", "dns.example"),
    ],
)
def test_another_scheme_is_suggested_with_the_host_that_is_written(rest: str, host: str) -> None:
    with pytest.raises(TargetError) as caught:
        read_target(f"grpc://{rest}", "Corefile:2", is_file=False)

    assert caught.value.hint == f"write: {host}, or tls://{host}, https://{host}, quic://{host}"


def test_quic_without_its_library_is_a_mistake_that_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("svcdns.upstream.targets.find_spec", lambda name: None)  # noqa: ARG005

    with pytest.raises(TargetError) as caught:
        read_target("quic://9.9.9.9:8853", "Corefile:2", is_file=False)

    assert caught.value.problem == (
        "'quic' is not supported without the Python package aioquic: quic://9.9.9.9:8853"
    )
    assert (
        caught.value.hint == "install it with: pip install 'svcdns[quic]'; or write: tls://9.9.9.9"
    )


@given(
    st.text(min_size=1, max_size=40)
    | st.from_regex(r"(https|quic|tls)://[0-9a-z.:%/?\[\]{}-]{0,30}", fullmatch=True)
)
def test_any_word_is_a_target_or_an_error(text: str) -> None:
    problem = ""
    try:
        target = shown(read_target(text, "Corefile:2", is_file=False))
    except TargetError as error:
        target, problem = "", error.problem

    assert target or quoted(text) in problem or "not supported" in problem
