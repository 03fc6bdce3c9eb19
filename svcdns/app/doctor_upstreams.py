"""Does every upstream of a Corefile answer: each is asked once, as `forward` would ask it."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from svcdns.app.doctor_finding import PATIENCE_SECONDS, Finding, fail, ok, warn
from svcdns.upstream.asked import Asked
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Server
from svcdns.upstream.targets import Address, HostName, Target
from svcdns.wire.codes import RCode, RRType, rcode_text
from svcdns.wire.name import to_text
from svcdns.wire.question import Question

SLOW_SECONDS = 0.5
_SHARE = 0.6
"""Of the time for a check, which an answer may take."""


def look(
    forwarding: Forwarding, root: str = "", seconds: float = PATIENCE_SECONDS
) -> Iterator[Finding]:
    """Yield a finding for each upstream of one stanza.

    Args:
        forwarding: the stanza.
        root: where relative file names of certificates begin.
        seconds: for all of it.
    """
    targets: list[Target] = []
    for target in forwarding.targets:
        if not isinstance(target, HostName):
            targets.append(target)
            continue
        try:
            targets += _addresses(target)
        except OSError as error:
            yield fail(
                f"upstream {target.host}",
                f"the name does not resolve: {(error.strerror or str(error)).lower()} "
                f"(named at {target.named_at})",
                "name an address: who looks a resolver's name up needs a resolver",
            )
    known = replace(forwarding, targets=tuple(targets))
    yield from asyncio.run(_looked(known, root, seconds * _SHARE))


def _addresses(target: HostName) -> Iterator[Address]:
    """Yield where an upstream is that has a name.

    It blocks: this thread is the check's own, one of a loop would be waited for at the end.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    name = ""
    if target.transport.has_certificate:
        name = target.server_name or target.host.rstrip(".")
    for host in dict.fromkeys(str(entry[4][0]) for entry in found):
        endpoint = Endpoint(host, target.port, target.transport, name, target.path)
        yield Address(endpoint, target.named_at)


async def _looked(forwarding: Forwarding, root: str, seconds: float) -> list[Finding]:
    datagrams = Datagrams()
    gathering = Gathering(forwarding, datagrams, root)
    try:
        findings = await asyncio.gather(
            *(_asked(one, forwarding, seconds) for one in gathering.servers)
        )
    finally:
        gathering.retire()
        datagrams.close()
    if not findings and forwarding.targets:
        zone = to_text(forwarding.origin)
        findings = [
            fail(f"forward {zone}", "there is nobody to ask", "name a resolver that is there")
        ]
    return findings


async def _asked(server: Server, forwarding: Forwarding, patience: float) -> Finding:
    """Ask for what the stanza is there for: the root's name servers, or a zone's SOA."""
    name = f"upstream {server.address}"
    is_root = len(forwarding.origin) == 1
    rrtype = RRType.NS if is_root else RRType.SOA
    question = f"{to_text(forwarding.origin)} {rrtype.name}"
    if server.disabled:
        return fail(name, server.disabled, f"named at {server.named_at}")
    loop = asyncio.get_running_loop()
    started = loop.time()
    asked = Asked.of(Question.of(forwarding.origin, rrtype))
    try:
        reply = await server.ask(asked, stream=False, until=started + patience)
    except UpstreamError as error:
        return fail(
            name, f"{error} (named at {server.named_at})", remedy(server.endpoint, str(error))
        )
    seconds = loop.time() - started
    took = f"{seconds * 1000:.0f} ms"
    if reply.rcode not in (RCode.NOERROR, RCode.NXDOMAIN):
        return warn(
            name,
            f"{rcode_text(reply.rcode)} to {question}, {took}: it does not answer for us",
            "allow this machine there, or name another resolver in forward",
        )
    if seconds > SLOW_SECONDS:
        return warn(name, f"answers, but in {took}", "name a nearer resolver, or serve --hedge")
    return ok(name, f"{rcode_text(reply.rcode)} to {question}, {took}")


def remedy(endpoint: Endpoint, why: str) -> str:
    """Return what to do about an upstream that gave no answer, and why it did not."""
    host, port, transport = endpoint.host, endpoint.port, endpoint.transport
    if ": tls: " in why:
        return "it is there: tls_servername says whose certificate it has, tls who signed that"
    if ": HTTP status " in why or ": the content type " in why:
        return "it is there: is the path right? another than /dns-query has to be written"
    if ip_address(host.partition("%")[0]).is_loopback:
        kind = "t" if transport in (Transport.TLS, Transport.HTTPS) else "u"
        return f"is a resolver running on this machine? ss -a{kind}np 'sport = :{port}'"
    match transport:
        case Transport.DNS:
            return f"is it up, and may UDP and TCP port {port} pass? dig @{host} -p {port} . NS"
        case Transport.QUIC:
            return f"is it up, and may UDP port {port} pass?"
        case _:
            where = endpoint.text
            return f"is it up, and may TCP port {port} pass? openssl s_client -connect {where}"
