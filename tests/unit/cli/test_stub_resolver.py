from pathlib import Path

import dns.flags
import dns.message
import pytest

from svcdns.cli.stub_resolver import (
    Reply,
    Server,
    Silence,
    ask,
    default_server,
    port_meant,
    server_of,
)
from tests.support.resolver import resolver

QUERY = dns.message.make_query("web.example.", "A", id=7).to_wire()


def reply_to(query: bytes, *, cut_short: bool = False, identity: int | None = None) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.id = response.id if identity is None else identity
    response.flags |= dns.flags.TC if cut_short else 0
    return response.to_wire()


@pytest.mark.parametrize(
    ("text", "server"),
    [
        pytest.param("10.96.0.10", Server("10.96.0.10", 53), id="address"),
        pytest.param("10.96.0.10:5300", Server("10.96.0.10", 5300), id="address and port"),
        pytest.param("fd00::a", Server("fd00::a", 53), id="IPv6"),
        pytest.param("[fd00::a]", Server("fd00::a", 53), id="IPv6 in brackets"),
        pytest.param("[fd00::a]:5300", Server("fd00::a", 5300), id="IPv6 and port"),
        pytest.param("ns.example:53", Server("ns.example", 53), id="name and port"),
    ],
)
def test_a_server_is_read_in_every_usual_form(text: str, server: Server) -> None:
    assert server_of(text) == server


@pytest.mark.parametrize(
    "text", ["", ":53", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:²", "[fd00::a", "[fd00::a]x"]
)
def test_what_is_no_server_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a server: write "):
        server_of(text)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_has_limits(port: int) -> None:
    with pytest.raises(ValueError, match="has a port outside 1 to 65535"):
        server_of(f"10.0.0.1:{port}")


@pytest.mark.parametrize("server", [Server("10.0.0.1", 53), Server("fd00::a", 5300)])
def test_a_server_prints_as_it_is_read(server: Server) -> None:
    assert server_of(str(server)) == server


def test_the_default_server_is_the_first_of_resolv_conf(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SVCDNS_SERVER", raising=False)
    file = tmp_path / "resolv.conf"
    file.write_text("# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n")

    assert default_server(53, file) == Server("10.0.0.1", 53)


def test_the_environment_names_the_default_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SVCDNS_SERVER", "127.0.0.1:5300")

    assert default_server(53, tmp_path / "none") == Server("127.0.0.1", 5300)


def test_without_either_there_is_no_default_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SVCDNS_SERVER", raising=False)

    assert default_server(53, tmp_path / "none") is None


def test_a_reply_comes_back_over_udp() -> None:
    with resolver(lambda query, _: reply_to(query)) as port:
        reply = ask(Server("127.0.0.1", port), QUERY)

    assert isinstance(reply, Reply)
    assert (reply.message, reply.transport) == (reply_to(QUERY), "udp")
    assert reply.seconds >= 0


def test_a_reply_that_was_cut_short_is_fetched_over_tcp() -> None:
    with resolver(lambda query, over: reply_to(query, cut_short=over == "udp")) as port:
        reply = ask(Server("127.0.0.1", port), QUERY)

    assert isinstance(reply, Reply)
    assert (reply.message, reply.transport) == (reply_to(QUERY), "tcp")


def test_a_reply_to_another_query_is_not_taken() -> None:
    tries = iter([8, 7])

    with resolver(lambda query, _: reply_to(query, identity=next(tries))) as port:
        reply = ask(Server("127.0.0.1", port), QUERY, timeout=0.2)

    assert isinstance(reply, Reply)
    assert reply.message[:2] == b"\0\7"


def test_a_reply_to_another_question_is_not_taken() -> None:
    other = dns.message.make_query("other.example.", "A", id=7).to_wire()
    replies = iter([reply_to(other), reply_to(QUERY)])

    with resolver(lambda *_: next(replies)) as port:
        reply = ask(Server("127.0.0.1", port), QUERY, timeout=0.2)

    assert isinstance(reply, Reply)
    assert reply.message == reply_to(QUERY)


def test_an_error_without_question_is_taken() -> None:
    with resolver(lambda query, _: query[:2] + b"\x80\x04" + bytes(8)) as port:
        reply = ask(Server("127.0.0.1", port), QUERY)

    assert isinstance(reply, Reply)


def test_a_server_that_says_nothing_is_asked_twice() -> None:
    seen: list[bytes] = []

    with resolver(lambda query, _: seen.append(query)) as port:
        silence = ask(Server("127.0.0.1", port), QUERY, timeout=0.1)

    assert isinstance(silence, Silence)
    assert silence.status == "TIMEOUT"
    assert silence.why == f"127.0.0.1:{port} did not answer in 2 tries of 0.1 s"
    assert seen == [QUERY, QUERY]


def test_a_port_where_nobody_listens_is_said_at_once() -> None:
    with resolver(lambda *_: None) as port:
        pass

    silence = ask(Server("127.0.0.1", port), QUERY)

    assert isinstance(silence, Silence)
    assert silence.status == "UNREACHABLE"
    assert silence.why == f"nobody listens on 127.0.0.1:{port}"


def test_silence_over_tcp_is_told_from_silence_over_udp() -> None:
    def cut_short_then_silent(query: bytes, over: str) -> bytes | None:
        return reply_to(query, cut_short=True) if over == "udp" else None

    with resolver(cut_short_then_silent) as port:
        silence = ask(Server("127.0.0.1", port), QUERY, timeout=0.2)

    assert isinstance(silence, Silence)
    assert "was cut short" in silence.why


@pytest.mark.parametrize(
    "host",
    [
        "no such host",
        pytest.param("a" * 64, id="a label over 63 octets"),
        pytest.param("a..b", id="an empty label"),
        pytest.param("\udcff", id="no text"),
    ],
)
def test_a_host_that_is_no_address_and_no_name_is_named(host: str) -> None:
    silence = ask(Server(host, 53), QUERY)

    assert isinstance(silence, Silence)
    assert silence.why.startswith(f"'{host}' is no address and no known name")
    assert silence.next == "write @ADDRESS, for example @10.96.0.10"


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("::1:5300", "if 5300 is a port, write @[::1]:5300"),
        ("2001:db8::53:53", "if 53 is a port, write @[2001:db8::53]:53"),
        ("::1", ""),
        ("2001:db8::53", ""),
        ("2001:db8::1:face", ""),
        ("10.96.0.10", ""),
        ("ns.example", ""),
    ],
)
def test_a_port_behind_a_bare_ipv6_address_is_guessed_at(host: str, meant: str) -> None:
    assert port_meant(server_of(host)) == meant
