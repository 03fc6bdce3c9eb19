"""CoreDNS as an upstream over TLS, HTTPS and QUIC, and as the one who forwards to it.

What svcdns says of it has to be what CoreDNS says of it, whatever the transport.
"""

from collections.abc import Iterator
from typing import NamedTuple

import dns.flags
import dns.message
import dns.rcode
import pytest

from svcdns.wire.question import Query
from tests.peer.asking import ask_datagrams, ask_stream
from tests.peer.servers import ADDRESS, Background, coredns, free_ports
from tests.support.authority import Authority

ZONE = """\
$ORIGIN up.test.
@ 300 IN SOA ns admin 1 7200 1800 86400 60
@ 300 IN NS ns
ns 300 IN A 192.0.2.53
www 300 IN CNAME web
web 300 IN A 192.0.2.1
web 300 IN A 192.0.2.2
web 300 IN AAAA 2001:db8::1
long 300 IN TXT {text}
mail 300 IN MX 10 web
*.wild 300 IN A 192.0.2.9
"""
ASKS = [
    ("web.up.test.", "A"),
    ("WEB.Up.Test.", "AAAA"),
    ("www.up.test.", "A"),
    ("mail.up.test.", "MX"),
    ("a.wild.up.test.", "A"),
    ("long.up.test.", "TXT"),
    ("web.up.test.", "TXT"),
    ("none.up.test.", "A"),
    ("elsewhere.test.", "A"),
]
TRANSPORTS = ("tls", "https", "quic")


class Forwarders(NamedTuple):
    """Ports where the same upstream is asked over one transport."""

    theirs: int
    ours: int


@pytest.fixture(scope="module")
def forwarders(
    program: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Forwarders]]:
    """Ports by transport, and `GET`; one CoreDNS answers behind all of them."""
    folder = tmp_path_factory.mktemp("encrypted")
    authority = Authority(folder / "authority")
    certificate, key = authority.issue(f"IP:{ADDRESS}")
    text = " ".join(f'"{letter * 200}"' for letter in "abcdefghij")
    (folder / "zone").write_text(ZONE.format(text=text))
    free = free_ports()
    upstream = {transport: next(free) for transport in TRANSPORTS}
    ports = {name: Forwarders(next(free), next(free)) for name in (*TRANSPORTS, "GET")}
    answering = "".join(
        f"{transport}://.:{port} {{\n bind {ADDRESS}\n tls {certificate} {key}\n"
        f" file {folder}/zone up.test\n}}\n"
        for transport, port in upstream.items()
    )

    def forwarding(name: str, port: int, *lines: str) -> str:
        transport = "https" if name == "GET" else name
        method = "doh_method GET" if name == "GET" else ""
        return "\n".join(
            [
                f".:{port} {{",
                *lines,
                f"forward . {transport}://{ADDRESS}:{upstream[transport]} {{",
                f"tls {authority.certificate}",
                method,
                "}",
                "}",
                "",
            ]
        )

    theirs = "".join(
        forwarding(name, pair.theirs, f"bind {ADDRESS}") for name, pair in ports.items()
    )
    ours = "".join(forwarding(name, pair.ours) for name, pair in ports.items())
    (folder / "theirs").mkdir()
    bugs: list[tuple[Exception, Query]] = []
    with (
        coredns(program, answering, [upstream["tls"], upstream["https"]], folder),
        coredns(program, theirs, [pair.theirs for pair in ports.values()], folder / "theirs"),
        background.svcdns(None, ours, bugs),
    ):
        yield ports
    assert not bugs


def messages() -> list[bytes]:
    return [dns.message.make_query(name, rrtype, use_edns=0).to_wire() for name, rrtype in ASKS]


def said(octets: bytes | None) -> tuple[str, bool, list[str], list[str]]:
    """Return what a response says, in an order that is always the same."""
    assert octets is not None
    message = dns.message.from_wire(octets)
    sections = (
        sorted(line for rrset in section for line in rrset.to_text().lower().splitlines())
        for section in (message.answer, message.authority)
    )
    answer, authority = sections
    return dns.rcode.to_text(message.rcode()), bool(message.flags & dns.flags.TC), answer, authority


@pytest.mark.parametrize("name", [*TRANSPORTS, "GET"])
@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_both_forwarders_say_the_same_of_an_encrypted_upstream(
    forwarders: dict[str, Forwarders], name: str, way: str
) -> None:
    pair = forwarders[name]

    if way == "udp":
        theirs, ours = ask_datagrams(pair, messages(), patience=3.0)
    else:
        theirs, ours = (ask_stream(port, messages()) for port in pair)

    for ask, their, our in zip(ASKS, theirs, ours, strict=True):
        their_rcode, is_cut, *their_records = said(their.octets)
        our_rcode, _, *our_records = said(our.octets)
        assert our_rcode == their_rcode, ask
        if not is_cut:  # which CoreDNS is without any record
            assert our_records == their_records, ask


@pytest.mark.parametrize("name", [*TRANSPORTS, "GET"])
def test_an_answer_of_an_encrypted_upstream_is_whole(
    forwarders: dict[str, Forwarders], name: str
) -> None:
    rcode, is_cut, answer, _ = said(ask_stream(forwarders[name].ours, messages())[5].octets)

    assert (rcode, is_cut, len(answer)) == ("NOERROR", False, 1)
    assert len(answer[0]) > 2000
