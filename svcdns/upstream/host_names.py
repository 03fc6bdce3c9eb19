"""The addresses of upstreams that are named by a host name, from resolvers or the system."""

import asyncio
import socket
from collections.abc import Sequence

from svcdns.upstream.asked import Asked
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.identities import identities
from svcdns.upstream.targets import HostName
from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.name import address_text, from_text, lower
from svcdns.wire.question import Question
from svcdns.wire.records import MalformedMessageError

_TIMEOUT = 5.0


async def ask_system(target: HostName) -> list[str]:
    """Return the addresses of a name as the system knows them.

    Raises:
        OSError: there are none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def ask_resolvers(
    resolvers: Sequence[Endpoint], datagrams: Datagrams, target: HostName
) -> list[str]:
    """Return the addresses of a name as the first resolver that has some knows them.

    Raises:
        OSError: there are none.
    """
    why = ""
    for resolver in resolvers:
        try:
            found = [
                *await _addresses(resolver, datagrams, target.host, RRType.A),
                *await _addresses(resolver, datagrams, target.host, RRType.AAAA),
            ]
        except (UpstreamError, MalformedMessageError) as error:
            why = str(error)
            continue
        if found:
            return found
        why = f"no addresses on {resolver.text}"
    raise OSError(why)


async def _addresses(
    resolver: Endpoint, datagrams: Datagrams, host: str, rrtype: RRType
) -> list[str]:
    owner = lower(from_text(host))
    asked = Asked.of(Question.of(owner, rrtype))
    sent = asked.message(next(identities()))
    until = asyncio.get_running_loop().time() + _TIMEOUT
    reply = await datagrams.ask(resolver, asked, sent, until)
    answer, _, _ = rrsets_of(owner, reply.body)
    return [
        address_text(rdata)
        for rrset in answer
        if rrset.rrtype == rrtype
        for rdata in rrset.records
        if len(rdata) in (4, 16)
    ]
