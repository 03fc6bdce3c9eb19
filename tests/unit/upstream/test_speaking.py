"""What is spoken with whom, and which libraries that takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.https import HttpsConnection
from svcdns.upstream.quic import QuicConnection
from svcdns.upstream.speaking import Speakers, speaker_of
from svcdns.upstream.stream import FramedConnection
from svcdns.upstream.tls import TlsError, TlsFiles
from tests.support.authority import Authority

KINDS = {
    Transport.DNS: FramedConnection,
    Transport.TLS: FramedConnection,
    Transport.HTTPS: HttpsConnection,
    Transport.QUIC: QuicConnection,
}


@pytest.mark.parametrize("transport", Transport)
async def test_every_transport_has_its_own_connection(transport: Transport) -> None:
    connect = speaker_of(transport, TlsFiles(), "POST")

    assert type(connect(Endpoint("127.0.0.1"), lambda _: None)) is KINDS[transport]


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.HTTPS, Transport.QUIC])
def test_a_file_that_is_missing_is_named(transport: Transport) -> None:
    with pytest.raises(TlsError, match=r"error reading /nonexistent\.pem"):
        speaker_of(transport, TlsFiles(authority="/nonexistent.pem"), "POST")


async def test_files_that_become_good_are_used_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    speakers = Speakers(TlsFiles(authority=str(file)), "POST")

    assert speakers.learn(Transport.DNS)
    assert not speakers.learn(Transport.TLS)
    connect = speakers.of(Transport.TLS)
    assert speakers.try_again() == ()
    assert "no such file" in speakers.problems[Transport.TLS]

    file.write_bytes(Authority(tmp_path / "authority").certificate.read_bytes())

    assert not speakers.learn(Transport.TLS), "files are read again only when that is asked for"
    assert speakers.try_again() == (Transport.TLS,)
    assert speakers.problems == {}
    assert type(connect(Endpoint("127.0.0.1"), lambda _: None)) is FramedConnection


@pytest.mark.parametrize(
    ("to", "packages"),
    [
        ("10.0.0.2 tls://10.0.0.2", set()),
        ("https://10.0.0.2", {"h2"}),
        ("quic://10.0.0.2", {"aioquic", "cryptography"}),
    ],
)
def test_a_library_is_loaded_only_where_it_is_needed(to: str, packages: set[str]) -> None:
    program = (
        "import sys\n"
        "from svcdns.upstream.datagram import Datagrams\n"
        "from svcdns.upstream.forwarding import Forwarding\n"
        "from svcdns.upstream.gathering import Gathering\n"
        "from svcdns.upstream.targets import read_target\n"
        f"targets = tuple(read_target(to, '', is_file=False) for to in {to.split()})\n"
        "for name in ('h2', 'aioquic', 'cryptography'):\n"
        "    assert name not in sys.modules, name\n"
        "Gathering(Forwarding(targets=targets), Datagrams())\n"
        "print(*({'h2', 'aioquic', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert set(done.stdout.split()) == packages
