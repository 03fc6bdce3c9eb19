"""What the operator reads when a socket cannot be had."""

import errno

import pytest

from svcdns.server.listen_error import explain, place_text, port_of_dns


def test_a_missing_privilege_names_three_remedies() -> None:
    error = explain(OSError(errno.EACCES, "Permission denied"), "udp", "0.0.0.0", 53)

    assert error.problem == (
        "cannot listen on udp 0.0.0.0:53: permission denied, ports below 1024 need a privilege"
    )
    assert "net.ipv4.ip_unprivileged_port_start=53" in error.hint
    assert "CAP_NET_BIND_SERVICE" in error.hint
    assert "--port 1053" in error.hint


def test_permission_denied_on_a_high_port_does_not_speak_of_low_ones() -> None:
    error = explain(OSError(errno.EACCES, "Permission denied"), "tcp", "::1", 5353)

    assert "1024" not in str(error)


def test_a_holder_that_may_not_be_seen_can_be_looked_for() -> None:
    error = explain(OSError(errno.EADDRINUSE, "in use"), "tcp", "192.0.2.1", 1)

    assert "a program this user may not see" in error.problem
    assert "sudo ss -atnp 'sport = :1'" in error.hint


def test_what_moves_a_listener_is_for_the_listener_to_say() -> None:
    error = OSError(errno.EADDRINUSE, "in use")

    of_dns = explain(error, "tcp", "192.0.2.1", 53)
    of_http = explain(error, "tcp", "192.0.2.1", 8080, "ready 192.0.2.1:{}".format)

    assert port_of_dns(1053) == "--port 1053"
    assert of_dns.hint.endswith("or choose another port: --port 1053")
    assert of_http.hint.endswith("or choose another port: ready 192.0.2.1:8081")
    assert "--port" not in of_http.hint


def test_any_other_error_is_the_systems_own_words() -> None:
    error = explain(OSError(errno.ENOBUFS, "ignored"), "tcp", "::1", 53)

    assert str(error) == "cannot listen on tcp [::1]:53: No buffer space available"


def test_the_text_ends_with_what_to_do_next() -> None:
    error = explain(OSError(errno.EADDRNOTAVAIL, ""), "udp", "192.0.2.1", 53)

    problem, remedy = str(error).splitlines()
    assert problem == (
        "cannot listen on udp 192.0.2.1:53: this machine does not have the address 192.0.2.1"
    )
    assert remedy.startswith("  next  `ip address`")


@pytest.mark.parametrize(("address", "text"), [("10.0.0.1", "10.0.0.1:53"), ("::1", "[::1]:53")])
def test_ipv6_addresses_stand_in_brackets(address: str, text: str) -> None:
    assert place_text(address, 53) == text
