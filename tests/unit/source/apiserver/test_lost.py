"""What a person reads when the API server cannot be reached."""

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest

from svcdns.source.apiserver.certificates import client_certificate
from svcdns.source.apiserver.destination import Destination
from svcdns.source.apiserver.lost import (
    broken_off,
    lost,
    not_proven,
    not_strict,
    redirected,
    silent,
    unauthorized,
)
from tests.support.authority import Authority

URL = "https://api.test"
NOBODY = Destination((URL,))
WITH_FILE = Destination((URL,), who="the token in /t", trust="/pki/ca.crt")


def found(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "tls")
    error.reason = reason
    return error


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (
            os_error(errno.ECONNREFUSED),
            (
                "nothing listens at https://api.test (connection refused): is the API server"
                " running, and is this its address?"
            ),
        ),
        (
            os_error(errno.EHOSTUNREACH),
            (
                "there is no way to https://api.test (no route to host): see the network of this"
                " machine"
            ),
        ),
        (
            os_error(errno.ECONNRESET),
            "https://api.test gave no response (connection reset by peer): it may be restarting",
        ),
        (
            TimeoutError(),
            (
                "https://api.test did not answer within 5 s: it is down, or a firewall drops what"
                " is sent to it"
            ),
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            (
                "the name api.test of https://api.test does not resolve (Name or service not"
                " known): name the API server by its address, or see /etc/resolv.conf"
            ),
        ),
        (
            failed("WRONG_VERSION_NUMBER"),
            (
                "https://api.test does not speak TLS: write http:// if that is meant, or correct"
                " the port"
            ),
        ),
        (
            failed("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            (
                "https://api.test wants a client certificate (tlsv13 alert certificate required):"
                " name one in the kubeconfig, or by `tls`"
            ),
        ),
        (
            failed("UNSUPPORTED_PROTOCOL"),
            "TLS with https://api.test failed: unsupported protocol",
        ),
        (
            ValueError("a\n  b"),
            "https://api.test gave no response (a b): it may be restarting",
        ),
        (Exception(), "https://api.test gave no response (exception): it may be restarting"),
    ],
)
def test_a_failure_says_where_what_and_what_next(cause: BaseException, sentence: str) -> None:
    assert str(lost(URL, cause, NOBODY, 5)) == sentence


def test_a_client_certificate_that_tls_refuses_is_named() -> None:
    destination = Destination((URL,), who="the client certificate client.crt")

    assert str(lost(URL, failed("TLSV1_ALERT_UNKNOWN_CA"), destination, 5)) == (
        "https://api.test does not accept the client certificate client.crt (tlsv1 alert unknown"
        " ca): get one of this cluster"
    )


def test_only_where_nothing_listens_nothing_was_lost() -> None:
    assert lost(URL, os_error(errno.ECONNREFUSED), NOBODY, 5).refused
    assert not lost(URL, os_error(errno.ECONNRESET), NOBODY, 5).refused


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        (
            10,
            "certificate has expired",
            (
                "the certificate of https://api.test has expired: renew it there, or set the clock"
                " here"
            ),
        ),
        (
            9,
            "certificate is not yet valid",
            "the certificate of https://api.test is not valid yet: set the clock, here or there",
        ),
        (
            62,
            "Hostname mismatch, certificate is not valid for 'api.test'.",
            (
                "the certificate of https://api.test is for other names (Hostname mismatch,"
                " certificate is not valid for 'api.test'): use one that it has, as shown by"
                " `openssl s_client -connect api.test:443 </dev/null | openssl x509 -noout -ext"
                " subjectAltName`, or set tls-server-name in the kubeconfig"
            ),
        ),
        (
            20,
            "unable to get local issuer certificate",
            (
                "the certificate of https://api.test is not from /pki/ca.crt (unable to get local"
                " issuer certificate): name the authority of this cluster, or see whether this is"
                " its server"
            ),
        ),
        (
            23,
            "certificate revoked",
            "the certificate of https://api.test is not accepted: certificate revoked",
        ),
    ],
)
def test_a_certificate_that_proves_nothing_says_why(code: int, message: str, sentence: str) -> None:
    assert str(not_proven(URL, found(code, message), WITH_FILE)) == sentence


def test_less_strictness_is_told_with_its_reason() -> None:
    assert not_strict(URL, found(85, "Missing Authority Key Identifier")) == (
        "the certificate of https://api.test or of its authority is not as RFC 5280 wants it"
        " (Missing Authority Key Identifier) and is checked without VERIFY_X509_STRICT, as"
        " kubectl does; new certificates would mend that"
    )


def test_silence_is_told_in_seconds() -> None:
    assert str(silent(URL, 70.0)).startswith("https://api.test said nothing for 70 s")


def test_an_end_before_the_end_is_told_in_one_line() -> None:
    assert str(broken_off(URL, ValueError("400, message:\n  Not enough"))) == (
        "https://api.test broke off in the middle of a response (not enough)"
    )


def test_a_redirection_names_its_target() -> None:
    assert "sends us on to https://login.example/:" in str(
        redirected(URL, "https://login.example/")
    )


def test_whoever_has_no_credentials_is_told_how_to_name_some() -> None:
    assert str(unauthorized(URL, NOBODY)) == (
        "https://api.test wants to know who we are (401), and there are no credentials: name a"
        " kubeconfig with --kubeconfig FILE, or a client certificate with `tls`"
    )


def test_a_token_that_is_not_accepted_is_named() -> None:
    assert str(unauthorized(URL, WITH_FILE)) == (
        "https://api.test does not accept the token in /t (401): it has expired, was revoked"
        " or is of another cluster; get a new one"
    )


def test_a_token_that_is_not_known_is_named_and_no_permission() -> None:
    assert str(unauthorized(URL, WITH_FILE, "403")) == (
        "https://api.test takes us for system:anonymous (403) and does not know the token in /t:"
        " it has expired, was revoked or is of another cluster; get a new one"
    )


@pytest.mark.parametrize(("days", "expired"), [(-1, True), (2, False)])
def test_a_client_certificate_that_expired_says_when(
    tmp_path: Path, days: int, *, expired: bool
) -> None:
    pair = Authority(tmp_path / "ca").issue(days=days)
    certificate = client_certificate(
        pair.certificate.read_bytes(), pair.key.read_bytes(), "client.crt"
    )
    destination = Destination(
        (URL,), certificate=certificate, who="the client certificate client.crt"
    )

    why = str(unauthorized(URL, destination))

    assert ("which expired on 20" in why) is expired
    assert why.startswith("https://api.test does not accept the client certificate client.crt")
