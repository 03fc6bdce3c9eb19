"""Sentences for a person whose API server cannot be reached: where, what, and what to do next.

Source: OpenSSL, x509_vfy.h (numbers of what it finds about a certificate).
"""

import errno
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from svcdns.source.apiserver import certificates
from svcdns.source.apiserver.destination import NO_CREDENTIALS, Destination
from svcdns.source.apiserver.protocol import LostError

NAME_MISMATCHES = frozenset({62, 64})
"""What OpenSSL finds about a certificate that is for another name, for another address."""
STRICT_FINDINGS = range(79, 95)
"""What it finds only because RFC 5280 is read strictly, X509_V_FLAG_X509_STRICT."""

_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
_WANTS_CERTIFICATE = frozenset(
    {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE"}
)
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})


def lost(url: str, cause: BaseException, destination: Destination, seconds: float) -> LostError:
    """Return what `cause`, raised on the way to `url`, means to the operator.

    Args:
        url: of the API server, or of the proxy before it.
        cause: from the socket, from TLS or from HTTP.
        destination: with which credentials.
        seconds: how long was waited.
    """
    if isinstance(cause, ssl.SSLError):
        return LostError(_tls_failed(url, cause, destination))
    if isinstance(cause, socket.gaierror):
        return LostError(
            f"the name {urlsplit(url).hostname} of {url} does not resolve ({cause.strerror}):"
            " name the API server by its address, or see /etc/resolv.conf"
        )
    if isinstance(cause, TimeoutError):
        return LostError(
            f"{url} did not answer within {seconds:g} s: it is down, or a firewall drops what is"
            " sent to it"
        )
    number = cause.errno if isinstance(cause, OSError) else None
    if number == errno.ECONNREFUSED:
        return LostError(
            f"nothing listens at {url} (connection refused): is the API server running, and is"
            " this its address?",
            refused=True,
        )
    if number in _NO_ROUTE:
        return LostError(
            f"there is no way to {url} ({_words(cause)}): see the network of this machine"
        )
    other = ", or does not accept our client certificate" if destination.certificate else ""
    return LostError(f"{url} gave no response ({_words(cause)}): it may be restarting{other}")


def not_proven(
    url: str, cause: ssl.SSLCertVerificationError, destination: Destination
) -> LostError:
    """Return that the server's certificate does not prove that this is the server."""
    code, finding = cause.verify_code, cause.verify_message.rstrip(".")
    if code == _EXPIRED:
        return LostError(
            f"the certificate of {url} has expired: renew it there, or set the clock here"
        )
    if code == _NOT_YET_VALID:
        return LostError(f"the certificate of {url} is not valid yet: set the clock, here or there")
    if code in NAME_MISMATCHES:
        return LostError(
            f"the certificate of {url} is for other names ({finding}): use one that it has, as"
            f" shown by `openssl s_client -connect {_place(url)} </dev/null | openssl x509 -noout"
            " -ext subjectAltName`, or set tls-server-name in the kubeconfig"
        )
    if code in _UNKNOWN_AUTHORITY:
        return LostError(
            f"the certificate of {url} is not from {destination.trust} ({finding}): name the"
            " authority of this cluster, or see whether this is its server"
        )
    return LostError(f"the certificate of {url} is not accepted: {finding}")


def not_strict(url: str, cause: ssl.SSLCertVerificationError) -> str:
    """Return that a certificate is good only by a less strict reading, which is used now."""
    return (
        f"the certificate of {url} or of its authority is not as RFC 5280 wants it"
        f" ({cause.verify_message.rstrip('.')}) and is checked without VERIFY_X509_STRICT, as"
        " kubectl does; new certificates would mend that"
    )


def silent(url: str, seconds: float) -> LostError:
    """Return that the server took a request and then said nothing."""
    return LostError(
        f"{url} said nothing for {seconds:g} s: it hangs, or the network between broke without"
        " a word"
    )


def broken_off(url: str, cause: BaseException) -> LostError:
    """Return that a response ended before its end."""
    words = _words(cause).removeprefix("400, message: ")  # which is what aiohttp calls it
    return LostError(f"{url} broke off in the middle of a response ({words})")


def redirected(url: str, target: str) -> LostError:
    """Return that something else than an API server answered."""
    return LostError(
        f"{url} sends us on to {target}: no API server does that; a login page or a proxy"
        " answers there"
    )


def unauthorized(url: str, destination: Destination, how: str = "401") -> LostError:
    """Return that the server does not know us, and that new credentials are not to be had.

    Args:
        url: of the server.
        destination: with which credentials.
        how: the status it said that with; 403 when it took us for nobody.
    """
    who = destination.who
    if who == NO_CREDENTIALS:
        return LostError(
            f"{url} wants to know who we are (401), and there are {who}: name a kubeconfig with"
            " --kubeconfig FILE, or a client certificate with `tls`"
        )
    words = f"does not accept {who} ({how})"
    if how == "403":
        words = f"takes us for system:anonymous ({how}) and does not know {who}"
    pair = destination.certificate
    until = certificates.expiry(pair.certificate) if pair else None
    if until and until < datetime.now(UTC):
        return LostError(
            f"{url} {words}, which expired on {until:%Y-%m-%d %H:%M} UTC:"
            " renew it, with kubeadm by `kubeadm certs renew`, or get a new kubeconfig"
        )
    return LostError(
        f"{url} {words}: it has expired, was revoked or is of another cluster; get a new one"
    )


def _tls_failed(url: str, cause: ssl.SSLError, destination: Destination) -> str:
    reason = cause.reason or str(cause)
    words = reason.lower().replace("_", " ")
    if reason in _NO_TLS:
        return f"{url} does not speak TLS: write http:// if that is meant, or correct the port"
    if reason in _WANTS_CERTIFICATE and destination.certificate is None:
        return (
            f"{url} wants a client certificate ({words}): name one in the kubeconfig, or by `tls`"
        )
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return f"{url} does not accept {destination.who} ({words}): get one of this cluster"
    return f"TLS with {url} failed: {words}"


def _place(url: str) -> str:
    """Return `HOST:PORT`."""
    parts = urlsplit(url)
    return parts.netloc if parts.port else f"{parts.netloc}:443"


def _words(cause: BaseException) -> str:
    """Return what an exception says, in one line."""
    text = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    return " ".join((text or type(cause).__name__).split()).lower()
