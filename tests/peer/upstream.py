"""What both servers forward to: a resolver whose answers follow from the question alone.

The labels of a name say what there is at it: `nx` does not exist, `alias` is a CNAME, `big` does
not fit into a datagram, and so on; every other name has records of a dozen types. Each server
has its own ports, so that what the two have asked can be compared. dnspython writes the
responses: no code of svcdns judges svcdns.
"""

import asyncio
import contextlib
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

_SOA = "ns.test. admin.test. 7 3600 600 86400 {minimum}"
_TTL = {"zero": 0, "short": 5, "long": 100_000}
_RCODES = {"servfail": 2, "nx": 3, "notimp": 4, "refused": 5, "formerr": 1, "badkey": 9}
_SIGNATURE = "{kind} 8 2 30 20301231235959 20200101000000 4711 test. c2lnbmF0dXJl"

Behaviour = Callable[[dns.message.Message], dns.message.Message | None]


def honest(query: dns.message.Message) -> dns.message.Message | None:
    """Answer as the labels of the name say; None is silence."""
    return _answer(query, "192.0.2")


def other(query: dns.message.Message) -> dns.message.Message | None:
    """Answer the same with other addresses."""
    return _answer(query, "198.51.100")


def _failing(word: str) -> Behaviour:
    def fail(query: dns.message.Message) -> dns.message.Message:
        response = _response(query)
        _fail(response, word)
        return response

    return fail


BEHAVIOURS: dict[str, Behaviour] = {
    "@honest": honest,
    "@other": other,
    "@servfail": _failing("servfail"),
    "@refused": _failing("refused"),
    "@nxdomain": _failing("nx"),
    "@nodata": _failing("nodata"),
    "@silent": lambda _: None,
}
"""By the word that stands for such a server's address in a Corefile."""


def _response(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True, our_payload=1232)
    response.flags |= query.flags & dns.flags.CD
    return response


def _fail(response: dns.message.Message, word: str) -> None:
    """Say NODATA or a response code."""
    response.set_rcode(dns.rcode.Rcode(_RCODES.get(word, 0)))
    if word in ("nx", "nodata"):
        name = response.question[0].name
        minimum = 20 if b"brief" in name.canonicalize().labels else 86_400
        response.authority += _rrsets(_zone(name), 300, "SOA", [_SOA.format(minimum=minimum)])


def _zone(name: dns.name.Name) -> str:
    """Return the zone that a name is in: its last label."""
    return name.split(min(2, len(name)))[1].to_text()


def _answer(query: dns.message.Message, network: str) -> dns.message.Message | None:
    response = _response(query)
    (question,) = query.question
    labels = [label.decode("latin-1").lower() for label in question.name.labels]
    if "silent" in labels:
        return None
    failure = next((word for word in (*_RCODES, "nodata") if word in labels), "")
    if failure:
        _fail(response, failure)
    else:
        _succeed(response, labels, network)
    return response


def _succeed(response: dns.message.Message, labels: list[str], network: str) -> None:
    """Say what there is, with what belongs to it."""
    (question,) = response.question
    zone = _zone(question.name)
    server = f"ns1.{zone.lstrip('.')}"
    ttl = next((seconds for word, seconds in _TTL.items() if word in labels), 300)
    if "auth" in labels:
        response.flags |= dns.flags.AA
    if "bare" in labels:
        response.flags &= ~(dns.flags.RA | dns.flags.RD | dns.flags.CD)
    if "ref" in labels:
        response.authority += _rrsets(zone, ttl, "NS", [server, f"x.{server}"])
        response.additional += _rrsets(server, ttl, "A", [f"{network}.1"])
    else:
        _add_records(response, labels, ttl, network)
    if "extra" in labels:
        response.authority += _rrsets(zone, 600, "NS", [server])
        response.additional += _rrsets(server, 600, "A", [f"{network}.1"])
        response.additional += _rrsets(server, 600, "AAAA", ["2001:db8::1"])


def _add_records(response: dns.message.Message, labels: list[str], ttl: int, network: str) -> None:
    """Fill the answer section."""
    (question,) = response.question
    kind = dns.rdatatype.to_text(question.rdtype)
    owner = _follow(response, question.name, labels, ttl, kind)
    if owner is None:
        return
    count = 60 if "big" in labels else 9 if "many" in labels else 2
    texts = list(_records(kind, owner, network, count))
    if "v4" in labels and kind == "AAAA":
        texts.clear()
    if not texts:
        _fail(response, "nodata")
    response.answer += _rrsets(owner, ttl, kind, texts)
    if "signed" in labels and texts and response.ednsflags & dns.flags.DO:
        response.flags |= dns.flags.AD
        response.answer += _rrsets(owner, ttl, "RRSIG", [_SIGNATURE.format(kind=kind)])


def _follow(
    response: dns.message.Message, name: dns.name.Name, labels: list[str], ttl: int, kind: str
) -> str | None:
    """Add the CNAMEs at a name; return where they lead, or None if that is nowhere."""
    owner = name.to_text()
    rest = ".".join(label for label in labels if label not in ("alias", "chain", "dangling"))
    targets = []
    if "alias" in labels:
        targets = [f"real.{rest}"]
    elif "chain" in labels:
        targets = [f"Mid.{rest}", f"near.{rest}", f"real.{rest}"]
    elif "dangling" in labels:
        targets = [f"nx.{rest}"]
    for target in targets:
        response.answer += _rrsets(owner, ttl, "CNAME", [target])
        owner = target
        if kind == "CNAME":
            return None
    if "dangling" in labels:
        _fail(response, "nx")
        return None
    return owner


def _records(kind: str, owner: str, network: str, count: int) -> Iterator[str]:
    """Yield the records of a type, as different as the names that have them."""
    number = zlib.crc32(owner.lower().encode())
    for index in range(count):
        near = f"n{index}.{owner.lstrip('.')}" if len(owner) < 200 else owner
        texts = {
            "A": f"{network}.{(number + index) % 250}",
            "AAAA": f"2001:db8:{number & 0xFFFF:x}::{index + 1:x}",
            "MX": f"{10 * index} {near}",
            "TXT": f'"{number}" "text {index}"',
            "SRV": f"{index} 10 {number % 60_000} {near}",
            "NS": near,
            "PTR": near,
            "NAPTR": f'{index} 10 "u" "sip" "!^.*$!sip:{number}!" .',
            "CAA": f'0 issue "ca{index}.test"',
            "HTTPS": f"{index + 1} {near} alpn=h2",
            "SOA": f"{near} admin.{near} 7 3600 600 86400 60" if not index else "",
            "HINFO": f'"{number}" "{index}"',
        }
        if texts.get(kind):
            yield texts[kind]


def _rrsets(owner: str, ttl: int, kind: str, texts: list[str]) -> list[dns.rrset.RRset]:
    return [dns.rrset.from_text(owner, ttl, "IN", kind, text) for text in texts]


@dataclass
class Upstream(asyncio.DatagramProtocol):
    """One server, over UDP and TCP."""

    behaviour: Behaviour
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often it was asked, by name in lower case and type."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._udp = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        octets = self._reply(data, stream=False)
        if octets:
            self._udp.sendto(octets, addr)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's queries until it ends."""
        ends = contextlib.suppress(asyncio.IncompleteReadError, ConnectionError)
        with contextlib.closing(writer), ends:
            while True:
                length = int.from_bytes(await reader.readexactly(2))
                octets = self._reply(await reader.readexactly(length), stream=True)
                if octets:
                    writer.write(len(octets).to_bytes(2) + octets)

    def _reply(self, octets: bytes, *, stream: bool) -> bytes:
        query = dns.message.from_wire(octets)
        (question,) = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[question.name.to_text().lower(), kind] += 1
        response = self.behaviour(query)
        if response is None:
            return b""
        size = 65_535 if stream else query.payload if query.edns >= 0 else 512
        whole = response.to_wire(max_size=65_535)
        if len(whole) <= max(512, size):
            return whole
        response.answer.clear()
        response.authority.clear()
        response.additional.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _itself(server: Upstream) -> Upstream:
    return server


@contextlib.asynccontextmanager
async def upstreams(address: str) -> AsyncIterator[tuple[dict[str, str], dict[str, Upstream]]]:
    """Serve one of each kind; yield addresses with ports, and the servers, by their words."""
    loop = asyncio.get_running_loop()
    places: dict[str, str] = {}
    servers: dict[str, Upstream] = {}
    async with contextlib.AsyncExitStack() as opened:
        for word, behaviour in BEHAVIOURS.items():
            server = servers[word] = Upstream(behaviour)
            streams = await asyncio.start_server(server.serve, address, 0)
            opened.callback(streams.close)
            port = streams.sockets[0].getsockname()[1]
            datagrams, _ = await loop.create_datagram_endpoint(
                partial(_itself, server), local_addr=(address, port)
            )
            opened.callback(datagrams.close)
            places[word] = f"{address}:{port}"
        yield places, servers
