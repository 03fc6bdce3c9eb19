"""Each upstream of a stanza is asked once, for what the stanza is there for."""

import asyncio
from pathlib import Path

import pytest

from svcdns.app import doctor_upstreams
from svcdns.app.build import plans_of
from svcdns.app.doctor_finding import Finding, Level
from svcdns.app.doctor_upstreams import look, remedy
from svcdns.app.files import examine_text
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.forwarding import Forwarding
from tests.support.authority import Authority
from tests.support.fakeapi.tls import server_context
from tests.support.http2_server import FakeHttps
from tests.support.resolver import resolver
from tests.support.upstreams import closed_port

REFUSED = 5


def reply(rcode: int, message: bytes) -> bytes:
    """The question sent back as a response."""
    flags = int.from_bytes(message[2:4]) | 0x8080 | rcode
    end = message.index(0, 12) + 5
    return message[:2] + flags.to_bytes(2) + b"\0\1" + bytes(6) + message[12:end]


def forwarding(words: str) -> Forwarding:
    text = f".:53 {{\n    forward {words}\n}}\n"
    (plan,) = plans_of(examine_text(text, "Corefile", {}))
    ((_, (found,)),) = plan.settings
    assert isinstance(found, Forwarding)
    return found


def asked(words: str) -> Finding:
    (finding,) = look(forwarding(words))
    return finding


@pytest.mark.parametrize(
    ("zone", "question"), [(".", ". NS"), ("corp.example", "corp.example. SOA")]
)
def test_an_upstream_that_answers_is_fine(zone: str, question: str) -> None:
    with resolver(lambda message, _: reply(0, message)) as port:
        finding = asked(f"{zone} 127.0.0.1:{port}")

    assert finding.level is Level.OK
    assert finding.name == f"upstream 127.0.0.1:{port}"
    assert finding.text.startswith(f"NOERROR to {question}, ")


def test_one_that_refuses_us_is_a_warning() -> None:
    with resolver(lambda message, _: reply(REFUSED, message)) as port:
        finding = asked(f". 127.0.0.1:{port}")

    assert finding.level is Level.WARN
    assert finding.text.startswith("REFUSED to . NS")


def test_one_that_is_slow_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_upstreams, "SLOW_SECONDS", 0.0)

    with resolver(lambda message, _: reply(0, message)) as port:
        finding = asked(f". 127.0.0.1:{port}")

    assert finding.level is Level.WARN


def test_one_that_nobody_is_at_is_a_failure_with_cause_and_place() -> None:
    finding = asked(f". 127.0.0.1:{closed_port()}")

    assert finding.level is Level.FAIL
    assert "refused" in finding.text
    assert "Corefile:2" in finding.text
    assert finding.remedy[0].startswith("is a resolver running on this machine?")


@pytest.mark.parametrize(
    ("to", "remedy"),
    [
        (
            "tls://127.0.0.1:{port}",
            "is a resolver running on this machine? ss -atnp 'sport = :{port}'",
        ),
        (
            "quic://127.0.0.1:{port}",
            "is a resolver running on this machine? ss -aunp 'sport = :{port}'",
        ),
        (
            "0.0.0.0:{port}",
            "is it up, and may UDP and TCP port {port} pass? dig @0.0.0.0 -p {port} . NS",
        ),
        (
            "https://0.0.0.0:{port}/mine",
            "is it up, and may TCP port {port} pass? openssl s_client -connect 0.0.0.0:{port}",
        ),
        ("quic://0.0.0.0:{port}", "is it up, and may UDP port {port} pass?"),
    ],
)
def test_what_to_try_is_a_matter_of_the_transport(to: str, remedy: str) -> None:
    port = closed_port()

    finding = asked(f". {to.format(port=port)}")

    assert finding.level is Level.FAIL
    assert "refused" in finding.text
    assert finding.remedy[0] == remedy.format(port=port)


async def test_who_shows_the_certificate_of_an_unknown_authority_is_there(tmp_path: Path) -> None:
    async with FakeHttps(server_context(Authority(tmp_path / "authority"))) as upstream:
        finding = await asyncio.to_thread(asked, f". https://{upstream.address}")

    assert "failed to verify certificate" in finding.text
    assert finding.remedy[0].startswith("it is there: tls_servername says whose")


@pytest.mark.parametrize("why", ["HTTP status 404", "the content type is 'text/html', not x"])
def test_who_answers_something_else_is_there(why: str) -> None:
    endpoint = Endpoint("127.0.0.1", 443, Transport.HTTPS)

    assert remedy(endpoint, f"read tcp ->127.0.0.1:443: {why}").startswith(
        "it is there: is the path right?"
    )


def test_a_name_that_does_not_resolve_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    finding = asked(". nowhere.invalid")

    assert (finding.level, finding.name) == (Level.FAIL, "upstream nowhere.invalid")
    assert "Corefile:2" in finding.text
    assert capfd.readouterr() == ("", "")


def test_a_name_is_looked_up() -> None:
    with resolver(lambda message, _: reply(0, message)) as port:
        findings = list(look(forwarding(f". localhost:{port}")))

    assert f"upstream 127.0.0.1:{port}" in [one.name for one in findings if one.level is Level.OK]


def test_a_file_without_name_servers_leaves_nobody(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# nobody\n", encoding="ascii")

    finding = asked(f". {path}")

    assert (finding.level, finding.name) == (Level.FAIL, "forward .")
