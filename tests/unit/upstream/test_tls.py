"""DNS over TLS: whose certificate, whose authority, and who we are."""

import ssl
import subprocess
from pathlib import Path

import pytest

from svcdns.upstream.tls import TlsError, TlsFiles, context_of
from svcdns.wire.codes import RCode
from tests.support.authority import Authority
from tests.support.fakeapi.tls import server_context
from tests.support.upstreams import FakeUpstream, addresses_in, forwarding_to, query, why


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def files(authority: Authority) -> TlsFiles:
    return TlsFiles(authority=str(authority.certificate))


@pytest.mark.parametrize("name", ["", "localhost"])
async def test_an_upstream_shows_a_certificate_of_its_address_or_name(
    authority: Authority, name: str
) -> None:
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream.target(name), tls=files(authority)) as gathering,
    ):
        outcomes = [
            await gathering.forwarder.answer(query(f"n{n}.example."), stream=False)
            for n in range(2)
        ]

    assert [addresses_in(outcome) for outcome in outcomes] == [["192.0.2.1"]] * 2
    assert upstream.connections == 1
    assert upstream.asked("udp") == 0


async def test_a_certificate_of_somebody_else_is_not_accepted(authority: Authority) -> None:
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream.target("dns.example"), tls=files(authority)) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert outcome.rcode == RCode.SERVFAIL
    assert "failed to verify certificate" in why(outcome)
    assert "dns.example" in why(outcome)


@pytest.mark.parametrize("name", [".b", "a..b", "a" * 64 + ".b"])
async def test_what_can_be_no_server_name_is_said_at_once(authority: Authority, name: str) -> None:
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream.target(name), tls=files(authority)) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    reason = f"dial tcp {upstream.address}: tls: {name!r} is no server name"
    assert set(why(outcome).split("; ")) == {reason}


async def test_a_certificate_of_an_unknown_authority_is_not_accepted(authority: Authority) -> None:
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert why(outcome).startswith(f"dial tcp {upstream.address}: tls: failed to verify")


async def test_we_show_our_own_certificate(authority: Authority) -> None:
    context = server_context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.issue("DNS:client.example")
    ours = TlsFiles(str(certificate), str(key), str(authority.certificate))
    async with (
        FakeUpstream(tls=context) as upstream,
        forwarding_to(upstream, tls=ours) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]


async def test_files_that_are_missing_later_are_the_reason(authority: Authority) -> None:
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream, tls=TlsFiles(authority="/nonexistent.pem")) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert "open /nonexistent.pem: no such file or directory" in why(outcome)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (TlsFiles(authority="missing"), "error reading .*missing: open .*: no such file"),
        (TlsFiles("missing", "missing"), "could not load TLS cert: open .*missing: no such file"),
        (TlsFiles(authority="rubbish"), "could not parse root certs from .*rubbish"),
        (
            TlsFiles("rubbish", "rubbish"),
            "load TLS cert: .*rubbish and .*rubbish are no certificate",
        ),
        (TlsFiles("rubbish", "missing"), "could not load TLS cert: open .*missing: no such file"),
        (TlsFiles(authority="."), "error reading .*: open .*: is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, given: TlsFiles, problem: str) -> None:
    (tmp_path / "rubbish").write_text("rubbish")

    with pytest.raises(TlsError, match=problem):
        context_of(TlsFiles(*(name and str(tmp_path / name) for name in given)))


def test_the_error_says_which_file_to_mend(tmp_path: Path) -> None:
    with pytest.raises(TlsError) as caught:
        context_of(TlsFiles(authority=f"{tmp_path}/missing"))

    assert caught.value.file == f"{tmp_path}/missing"


def test_a_certificate_without_a_key_is_refused(authority: Authority) -> None:
    with pytest.raises(TlsError, match="could not load TLS cert: open : no such file"):
        context_of(TlsFiles(certificate=str(authority.certificate)))


def test_the_key_of_another_certificate_is_refused(authority: Authority) -> None:
    certificate, _ = authority.issue("DNS:client.example")
    _, key = authority.issue("DNS:other.example")

    with pytest.raises(TlsError, match="belong together: key values mismatch"):
        context_of(TlsFiles(str(certificate), str(key)))


def test_nobody_is_asked_for_the_password_of_a_key(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("DNS:client.example")
    locked = tmp_path / "locked.pem"
    command = [
        "openssl",
        "pkey",
        "-aes128",
        "-passout",
        "pass:secret",
        "-in",
        str(key),
        "-out",
        str(locked),
    ]
    subprocess.run(command, check=True, capture_output=True)

    with pytest.raises(TlsError, match=r"locked\.pem is locked with a password"):
        context_of(TlsFiles(str(certificate), str(locked)))
