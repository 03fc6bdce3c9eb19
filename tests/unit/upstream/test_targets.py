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
            return f"{endpoint.transport} {endpoint.text}{name}"
        case File(path):
            return f"file {path}"
        case HostName(host, port, transport, _, server_name):
            return f"name {transport} {host} {port}{server_name and ' '}{server_name}"


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
        ("https://1.2.3.4", "'https' is not supported as a destination protocol in forward"),
        ("quic://1.2.3.4", "'quic' is not supported as a destination protocol in forward"),
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


@given(st.text(min_size=1, max_size=40))
def test_any_word_is_a_target_or_an_error(text: str) -> None:
    problem = ""
    try:
        target = shown(read_target(text, "Corefile:2", is_file=False))
    except TargetError as error:
        target, problem = "", error.problem

    assert target or quoted(text) in problem or "not supported" in problem
