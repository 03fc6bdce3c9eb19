"""Addresses of upstreams that have names."""

from collections.abc import Iterable

import pytest

from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Transport
from svcdns.upstream.host_names import ask_resolvers, ask_system
from svcdns.upstream.targets import HostName
from svcdns.wire.codes import RCode, RRType
from tests.support.upstreams import FakeUpstream, question_of, record, reply_to

TARGET = HostName("dns.example", 53, Transport.DNS, "Corefile:7")


def both(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
    if question_of(sent)[-3] == RRType.A:
        return (reply_to(sent, record(b"\x0a\0\0\x05")),)
    return (reply_to(sent, record(bytes(15) + b"\5", RRType.AAAA)),)


def neither(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
    return (reply_to(sent, rcode=RCode.NXDOMAIN),)


async def test_resolvers_are_asked_for_both_families_until_one_knows() -> None:
    datagrams = Datagrams()
    async with FakeUpstream(neither) as first, FakeUpstream(both) as second:
        resolvers = (first.endpoint(), second.endpoint())

        assert await ask_resolvers(resolvers, datagrams, TARGET) == ["10.0.0.5", "::5"]
    datagrams.close()


async def test_no_address_anywhere_is_an_error() -> None:
    datagrams = Datagrams()
    async with FakeUpstream(neither) as upstream:
        with pytest.raises(OSError, match=f"no addresses on {upstream.address}"):
            await ask_resolvers((upstream.endpoint(),), datagrams, TARGET)
    datagrams.close()


async def test_the_system_knows_localhost() -> None:
    assert "127.0.0.1" in await ask_system(TARGET._replace(host="127.0.0.1"))
