"""Whom a stanza may ask, as files and names change."""

import asyncio

import pytest

from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.health import Checks, Health
from svcdns.upstream.roster import REREAD_SECONDS, Roster
from svcdns.upstream.server import Habits, Server
from svcdns.upstream.stream import Keeping, Streams
from svcdns.upstream.targets import Address, File, HostName, Target
from tests.support.streams import until

FILE = File("/etc/resolv.conf", "Corefile:7")
STATIC = Address(Endpoint("10.0.0.9"), "Corefile:7")


def make(endpoint: Endpoint, named_at: str) -> Server:
    streams = Streams(endpoint, Keeping(), Deadlines())
    return Server(endpoint, named_at, Habits(), Datagrams(), streams, Health(Checks()))


class Texts:
    """A file whose contents change."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0

    def read(self, path: str) -> str:
        self.reads += 1
        if self.text is None:
            raise FileNotFoundError(path)
        return self.text


def named(roster: Roster) -> list[tuple[str, str]]:
    return [(server.address, server.named_at) for server in roster.servers]


async def after_reread(roster: Roster, texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file be read again, and what it says be taken."""
    monkeypatch.setattr("svcdns.upstream.roster.REREAD_SECONDS", 0)
    reads = texts.reads
    running = asyncio.ensure_future(roster.run())
    await until(lambda: texts.reads >= reads + 2)  # by then the first one has been taken
    running.cancel()


def test_files_are_read_at_once_and_lines_are_named() -> None:
    text = "# kubelet\nnameserver 10.0.0.2\nnameserver fd00::2\n"

    roster = Roster([FILE, STATIC], make, read=Texts(text).read)

    assert named(roster) == [
        ("10.0.0.2:53", "/etc/resolv.conf:2"),
        ("[fd00::2]:53", "/etc/resolv.conf:3"),
        ("10.0.0.9:53", "Corefile:7"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "/etc/resolv.conf does not exist (named at Corefile:7)"),
        ("search a\n", "/etc/resolv.conf names no name server (named at Corefile:7)"),
        ("", "/etc/resolv.conf names no name server (named at Corefile:7)"),
    ],
)
def test_a_file_without_name_servers_is_said(text: str | None, why: str) -> None:
    roster = Roster([FILE], make, read=Texts(text).read)

    assert not roster.servers
    assert roster.why_empty == why


async def test_a_changed_file_is_read_again_and_who_stays_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = Texts("nameserver 10.0.0.2\nnameserver 10.0.0.3\n")
    changes: list[tuple[Server, ...]] = []
    roster = Roster([FILE], make, read=texts.read, on_change=changes.append)
    before = roster.servers

    texts.text = "nameserver 10.0.0.4\nnameserver 10.0.0.3\n"
    await after_reread(roster, texts, monkeypatch)

    assert [address for address, _ in named(roster)] == ["10.0.0.4:53", "10.0.0.3:53"]
    assert roster.servers[1] is before[1]
    assert changes == [before, roster.servers]
    assert REREAD_SECONDS == 5.0


@pytest.mark.parametrize("text", [None, "", "# being written\n"])
async def test_a_file_that_is_gone_or_empty_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    texts = Texts("nameserver 10.0.0.2\n")
    roster = Roster([FILE], make, read=texts.read)

    texts.text = text
    await after_reread(roster, texts, monkeypatch)

    assert named(roster) == [("10.0.0.2:53", "/etc/resolv.conf:1")]


async def test_a_file_that_comes_later_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Texts(None)
    roster = Roster([FILE], make, read=texts.read)

    texts.text = "nameserver 10.0.0.2\n"
    await after_reread(roster, texts, monkeypatch)

    assert named(roster) == [("10.0.0.2:53", "/etc/resolv.conf:1")]
    assert roster.why_empty == ""


async def test_a_name_is_looked_up_until_that_has_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcdns.upstream.roster.FIRST_PAUSE", 0.01)
    tries: list[str] = []

    async def look(target: HostName) -> list[str]:
        tries.append(target.host)
        if len(tries) < 3:
            raise OSError(-2, "no such host")
        return ["10.0.0.5", "fd00::5"]

    target = HostName("dns.example", 853, Transport.TLS, "Corefile:7")
    roster = Roster([target], make, look=look)
    assert roster.why_empty == "dns.example has not been looked up yet (named at Corefile:7)"
    await roster.run()

    assert [server.endpoint for server in roster.servers] == [
        Endpoint("10.0.0.5", 853, Transport.TLS, "dns.example"),
        Endpoint("fd00::5", 853, Transport.TLS, "dns.example"),
    ]
    assert len(tries) == 3


async def test_the_path_goes_with_every_address_of_a_name() -> None:
    async def look(target: HostName) -> list[str]:
        assert target.host == "dns.example"
        return ["10.0.0.5"]

    target = HostName("dns.example", 443, Transport.HTTPS, "Corefile:7", path="/mine")
    roster = Roster([target], make, look=look)
    await roster.run()

    assert [server.endpoint for server in roster.servers] == [
        Endpoint("10.0.0.5", 443, Transport.HTTPS, "dns.example", "/mine")
    ]


def test_an_address_that_is_named_twice_is_asked_once() -> None:
    assert len(Roster([STATIC, STATIC], make).servers) == 1


def test_no_more_than_fifteen_are_asked() -> None:
    targets: list[Target] = [
        Address(Endpoint(f"10.0.0.{number}"), "Corefile:7") for number in range(20)
    ]

    assert len(Roster(targets, make).servers) == 15
