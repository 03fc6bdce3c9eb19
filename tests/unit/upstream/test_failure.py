"""The words of failures."""

import errno
import socket
import ssl

import pytest

from svcdns.upstream.failure import way_of, words_of


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ECONNREFUSED, "connection refused"),
        (errno.ENETUNREACH, "network is unreachable"),
        (errno.EHOSTUNREACH, "no route to host"),
        (errno.EDOM, "numerical argument out of domain"),
    ],
)
def test_a_failure_is_said_in_gos_words(number: int, words: str) -> None:
    assert words_of(OSError(number, "anything")) == words


def test_a_failure_without_a_number_says_what_it_has() -> None:
    assert words_of(OSError("odd")) == "odd"
    assert words_of(OSError()) == "OSError"


def test_a_number_of_openssl_is_none_of_the_system() -> None:
    received = ssl.MemoryBIO()
    received.write(b"HTTP/1.1 400 Bad Request\r\n")
    tls = ssl.create_default_context().wrap_bio(received, ssl.MemoryBIO(), server_hostname="a.test")
    with pytest.raises(ssl.SSLError) as caught:
        tls.do_handshake()
    assert caught.value.errno == errno.EPERM

    assert words_of(caught.value) == f"tls: {caught.value.reason}"


def test_both_ends_of_a_socket_are_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert way_of(sock, "10.0.0.2:53") == f"127.0.0.1:{port}->10.0.0.2:53"
    assert way_of(sock, "10.0.0.2:53") == "->10.0.0.2:53"


def test_an_ipv6_end_has_brackets() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 0))
        assert way_of(sock, "[::1]:53").startswith("[::1]:")
