"""A stanza put together."""

import asyncio
from pathlib import Path

import pytest

from svcdns.route.offers import Fault
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Habits, Server
from svcdns.upstream.targets import Address
from svcdns.upstream.tls import TlsFiles
from tests.support.authority import Authority
from tests.support.fakeapi.tls import server_context
from tests.support.streams import until
from tests.support.upstreams import FakeUpstream, addresses_in, forwarding_to, query, why

TARGET = Address(Endpoint("10.0.0.9"), "Corefile:7")


def test_nothing_is_opened_and_everybody_is_announced() -> None:
    told: list[tuple[tuple[Server, ...], tuple[Server, ...]]] = []

    gathering = Gathering(
        Forwarding(targets=(TARGET,)),
        Datagrams(),
        on_change=lambda before, after: told.append((before, after)),
    )

    assert told == [((), gathering.servers)]
    assert gathering.servers[0].named_at == "Corefile:7"


async def test_it_runs_until_it_is_cancelled() -> None:
    gathering = Gathering(Forwarding(targets=(TARGET,)), Datagrams())
    running = asyncio.ensure_future(gathering.run())
    await asyncio.sleep(0)

    assert not running.done()
    running.cancel()


async def test_upstreams_are_asked_from_the_source_address() -> None:
    habits = Habits(source="127.0.0.7")
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert upstream.peer[0] == "127.0.0.7"
    assert addresses_in(outcome) == ["192.0.2.1"]


async def test_who_cannot_be_asked_for_want_of_a_file_is_asked_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcdns.upstream.gathering.RETRY_SECONDS", 0)
    authority, file = Authority(tmp_path / "authority"), tmp_path / "ca.pem"
    files = TlsFiles(authority=str(file))
    problem = f"error reading {file}: open {file}: no such file or directory"
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream, tls=files, tls_at="Corefile:7:9") as gathering,
    ):
        before = await gathering.forwarder.answer(query(), stream=False)
        assert gathering.faults() == (Fault("Corefile:7:9", f"forward: {problem}"),)
        file.write_bytes(authority.certificate.read_bytes())
        running = asyncio.ensure_future(gathering.run())
        await until(lambda: not gathering.servers[0].disabled)
        after = await gathering.forwarder.answer(query(), stream=False)
        running.cancel()

    assert why(before).endswith(f"cannot be asked: {problem}")
    assert addresses_in(after) == ["192.0.2.1"]
    assert gathering.faults() == ()


async def test_a_loop_is_no_matter_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcdns.upstream.gathering.RETRY_SECONDS", 0)
    authority, file = Authority(tmp_path / "authority"), tmp_path / "ca.pem"
    async with (
        FakeUpstream(tls=server_context(authority)) as upstream,
        forwarding_to(upstream, tls=TlsFiles(authority=str(file))) as gathering,
    ):
        gathering.servers[0].disable("a loop")
        file.write_bytes(authority.certificate.read_bytes())
        running = asyncio.ensure_future(gathering.run())
        await until(lambda: not gathering.faults())
        await asyncio.sleep(0)
        running.cancel()

    assert gathering.servers[0].disabled == "a loop"


def test_a_file_that_nobody_needs_is_no_fault() -> None:
    forwarding = Forwarding(targets=(TARGET,), tls=TlsFiles(authority="/nonexistent.pem"))

    assert Gathering(forwarding, Datagrams()).faults() == ()
