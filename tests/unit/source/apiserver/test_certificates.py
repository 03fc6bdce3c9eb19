"""PEM as openssl writes it, and as people cut it."""

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.source.apiserver.certificates import (
    authorities,
    client_certificate,
    expiry,
    held,
    read,
    signature,
)
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority
from tests.support.tools import require


def test_what_people_write_between_certificates_is_left_out(authority: Authority) -> None:
    pem = authority.certificate.read_bytes()

    assert authorities("# für alle\n".encode() + pem + b"\n# and\n" + pem, "ca.crt") == pem + pem


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMIIB",
    ],
)
def test_an_authority_without_a_good_certificate_is_refused(octets: bytes) -> None:
    with pytest.raises(LostError, match=r"ca\.crt holds no good certificate in PEM"):
        authorities(octets, "ca.crt")


def test_a_certificate_and_its_key_are_a_pair(authority: Authority) -> None:
    pair = authority.issue(subject="/CN=me")
    octets = pair.certificate.read_bytes(), pair.key.read_bytes()

    assert client_certificate(*octets, "me.crt") == octets


def test_two_that_do_not_belong_together_are_refused(authority: Authority) -> None:
    one, other = authority.issue(), authority.issue()

    with pytest.raises(LostError, match=r"me\.crt and its key cannot be used: key values mismatch"):
        client_certificate(one.certificate.read_bytes(), other.key.read_bytes(), "me.crt")


@pytest.mark.parametrize("octets", [b"", b"no key"])
def test_a_file_without_a_key_is_refused(authority: Authority, octets: bytes) -> None:
    with pytest.raises(LostError, match=r"me\.crt and its key cannot be used"):
        client_certificate(authority.issue().certificate.read_bytes(), octets, "me.crt")


@pytest.mark.parametrize("command", ["pkcs8 -topk8", "ec -aes128"])
def test_a_locked_key_is_refused_and_nobody_is_asked_for_the_password(
    authority: Authority, command: str
) -> None:
    pair = authority.issue()
    openssl = require("openssl", package="openssl")
    locking = [*command.split(), "-passout", "pass:x", "-in", str(pair.key)]
    locked = subprocess.run([openssl, *locking], check=True, capture_output=True).stdout

    with pytest.raises(LostError, match=r"the key of me\.crt is locked with a password"):
        client_certificate(pair.certificate.read_bytes(), locked, "me.crt")


@pytest.mark.parametrize("days", [-1, 2, 20_000])
def test_when_a_certificate_expires_can_be_read(authority: Authority, days: int) -> None:
    pem = authority.issue(days=days).certificate.read_bytes()

    found = expiry(pem)

    assert found is not None
    assert abs(found - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=10)


@pytest.mark.parametrize(
    "octets",
    [b"", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
)
def test_when_no_certificate_expires_cannot_be_read(octets: bytes) -> None:
    assert expiry(octets) is None


@given(st.binary(max_size=200))
def test_any_octets_in_a_certificate_have_an_expiry_or_none(octets: bytes) -> None:
    body = base64.encodebytes(octets)
    pem = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"

    found = expiry(pem)

    assert found is None or found.tzinfo is UTC


def test_a_held_file_is_there_as_long_as_it_is_held() -> None:
    with held(b"secret" * 10_000) as path:
        assert Path(path).read_bytes() == b"secret" * 10_000
        assert str(Path(path).readlink()).startswith("/memfd:")

    assert not Path(path).exists()


def test_a_signature_differs_once_a_file_was_written_replaced_or_removed(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    seen = [signature([str(file)])]
    file.write_text("one")
    seen.append(signature([str(file)]))
    file.write_text("longer")
    seen.append(signature([str(file)]))
    (tmp_path / "new").write_text("longer")
    (tmp_path / "new").rename(file)
    seen.append(signature([str(file)]))

    assert len(set(seen)) == len(seen)
    assert signature([str(file)]) == seen[-1]


def test_a_file_that_cannot_be_read_says_which_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "none")

    with pytest.raises(LostError) as caught:
        read(path, "the certificate authority")

    assert str(caught.value) == (
        f"the certificate authority {path} cannot be read: No such file or directory"
    )
