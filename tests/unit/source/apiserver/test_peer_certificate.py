"""The certificate a server shows, whether it is to be trusted or not."""

import ssl

import pytest

from svcdns.source.apiserver.certificates import expiry
from svcdns.source.apiserver.peer_certificate import peer_certificate
from tests.support.authority import Pair
from tests.support.live_api import live_api
from tests.support.upstreams import closed_port


def test_it_is_the_one_that_the_server_has(pair: Pair) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.certificate, pair.key)
    with live_api() as api:
        _, port = api.do("serve", tls)

        shown = peer_certificate(f"https://127.0.0.1:{port}", "", 9)

    assert expiry(shown) == expiry(pair.certificate.read_bytes())


def test_without_tls_there_is_none() -> None:
    assert peer_certificate("http://127.0.0.1:1", "", 9) == b""


def test_where_nobody_is_there_is_an_error() -> None:
    with pytest.raises(ConnectionRefusedError):
        peer_certificate(f"https://127.0.0.1:{closed_port()}", "", 9)
