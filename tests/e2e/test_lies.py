"""A server whose upstream lies: nothing of that reaches a client, now or out of the cache."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.message
import dns.rcode

from svcdns.wire.name import OwnerName, to_text
from tests.support.lying_upstream import LIES, VICTIM
from tests.support.process import ServerProcess, serving
from tests.support.upstreams import FakeUpstream, honest, question_of, silent

TRUTH, LIE = "192.0.2.1", "6.6.6.6"
NAMES = {f"lie-{number}.example.": lie for number, lie in enumerate(LIES.values())}
QUERIES = 400


def lying(upstream: FakeUpstream, query: bytes) -> Iterable[bytes]:
    """Tell the lie that the name asks for, the truth about all other names."""
    return NAMES.get(to_text(asked_name(query)), honest)(upstream, query)


def asked_name(query: bytes) -> OwnerName:
    return OwnerName(question_of(query)[:-4].lower())


@asynccontextmanager
async def forwarding_server(upstream: FakeUpstream, folder: Path) -> AsyncIterator[ServerProcess]:
    """Serve what `upstream` says, with a cache."""
    corefile = folder / "Corefile"
    corefile.write_text(f". {{\n    errors\n    forward . {upstream.address}\n    cache\n}}\n")
    with serving(corefile) as server:
        yield server
        assert "Traceback" not in str(server.output)


async def ask_all(server: ServerProcess, names: Iterable[str]) -> list[dns.message.Message]:
    return await asyncio.gather(*(asyncio.to_thread(server.ask, name) for name in names))


async def test_no_lie_is_served_and_none_is_kept(tmp_path: Path) -> None:
    victims = [to_text(VICTIM), f"ns.{to_text(VICTIM)}"]
    async with FakeUpstream(lying) as upstream, forwarding_server(upstream, tmp_path) as server:
        served = await ask_all(server, NAMES)
        served += await ask_all(server, victims)
        upstream.say = silent
        kept = await ask_all(server, [*NAMES, *victims])

    assert {to_text(asked_name(sent)) for _, sent in upstream.queries} >= {*NAMES, *victims}
    for message in (*served, *kept):
        assert LIE not in message.to_text()
        assert message.rcode() == dns.rcode.NOERROR
        assert TRUTH in message.to_text()


async def test_questions_have_ids_and_source_ports_nobody_can_guess(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, forwarding_server(upstream, tmp_path) as server:
        await ask_all(server, [f"n{number}.example." for number in range(QUERIES)])

    asked = [octets for way, octets in upstream.queries if way == "udp" and question_of(octets)[0]]
    assert len(asked) == QUERIES
    assert len({octets[:2] for octets in asked}) >= 388
    assert len(set(upstream.ports)) >= 390
