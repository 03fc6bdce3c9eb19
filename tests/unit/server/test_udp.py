import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest

from svcdns.answers.answer import Answer, on_namespace
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming, Later
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client, Observed, ObserveStep
from svcdns.server import udp
from svcdns.server.late import MOST_LATER
from svcdns.server.mmsg import Datagrams
from svcdns.server.single import SingleDatagrams
from svcdns.server.sockets import open_listener
from svcdns.server.udp import UdpListener
from svcdns.wire.edns import BARE_OPT, OptionCode, opt, option
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.configured import configured
from tests.support.streams import until
from tests.support.stubs import addresses, exchange_of, packet, question, steps_of
from tests.support.upstreams import FakeUpstream, question_of, record, reply_to

WEB = "web.shop.svc.cluster.local."
ANSWERS = {
    question(WEB).key: Answer(
        answer=(addresses(WEB, bytes((10, 0, 0, 1))),), depends_on=(on_namespace("shop"),)
    )
}


def listener_of(exchange: Exchange, address: str = "127.0.0.1") -> tuple[UdpListener, int]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((address, 0))
    port = sock.getsockname()[1]
    listener = UdpListener(
        sock, exchange, destinations=False, clock=lambda: 0.0, on_error=lambda _: None
    )
    return listener, port


@pytest.fixture(params=["127.0.0.1", "::1"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, int]]:
    listener, number = listener_of(exchange_of(ANSWERS), request.param)
    listener.start()
    yield request.param, number
    await listener.stop(1)


async def test_a_query_is_answered(port: tuple[str, int]) -> None:
    asked = dns.message.make_query(WEB, "A")

    answered = await dns.asyncquery.udp(asked, port[0], timeout=5, port=port[1])

    assert [rdata.address for rdata in answered.answer[0]] == ["10.0.0.1"]


async def test_a_query_of_4096_octets_is_read_whole(port: tuple[str, int]) -> None:
    longest = 4096 - len(packet(question(WEB), opt=opt(False, option(OptionCode.PADDING, b""))))
    padded = opt(False, option(OptionCode.PADDING, bytes(longest)))
    family = socket.AF_INET6 if ":" in port[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(port)
        assert sock.send(packet(question(WEB), opt=padded)) == 4096

        reply = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)

    assert dns.message.from_wire(reply).rcode() == dns.rcode.NOERROR


async def test_a_hundred_queries_at_once_are_all_answered(port: tuple[str, int]) -> None:
    async def ask() -> dns.message.Message:
        asked = dns.message.make_query(WEB, "A")
        return await dns.asyncquery.udp(asked, port[0], timeout=5, port=port[1])

    answered = await asyncio.gather(*(ask() for _ in range(100)))

    assert all(message.rcode() == dns.rcode.NOERROR for message in answered)


async def test_garbage_gets_no_reply_and_harms_nobody(port: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in port[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(port)
        for octets in (b"", b"\0", b"\xff" * 11, packet(question(WEB), flags=0x8000)):
            sock.send(octets)
        sock.send(packet(question(WEB), identity=77))

        reply = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)

    assert dns.message.from_wire(reply).id == 77


FORWARDING = ". {{\n    errors\n    forward . 127.0.0.1:{port}\n    cache 30\n}}\n"


@pytest.mark.parametrize("batches", [Datagrams, SingleDatagrams])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_plain_questions_come_back_to_whoever_asked_each(
    monkeypatch: pytest.MonkeyPatch, address: str, batches: type[Datagrams | SingleDatagrams]
) -> None:
    monkeypatch.setattr(udp, "open_datagrams", batches)

    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        last = question_of(sent)[2:3]  # the digit of the name is that of the address
        return (reply_to(sent, record(b"\xc0\0\2" + last)),)

    async with FakeUpstream(say) as upstream:
        configuration = configured(FORWARDING.format(port=upstream.port))
        (exchange,) = configuration.exchanges.values()
        runs = [asyncio.ensure_future(run()) for _, run in configuration.runs]
        await asyncio.sleep(0)
        listener, number = listener_of(exchange, address)
        listener.start()

        async def ask(digit: int) -> tuple[int, str]:
            asked = dns.message.make_query(f"n{digit}.example.", "A")
            answered = await dns.asyncquery.udp(asked, address, timeout=5, port=number)
            return answered.answer[0].ttl, answered.answer[0][0].address

        said = await asyncio.gather(*(ask(digit) for digit in range(10)))
        again = await ask(7)
        await listener.stop(1)
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    assert said == [(30, f"192.0.2.{ord(str(digit))}") for digit in range(10)]
    assert again == said[7]
    assert upstream.asked("udp") == 10


async def test_observers_run_after_the_reply_has_been_sent() -> None:
    seen: list[tuple[str, int]] = []

    def note(observed: Observed) -> None:
        seen.append((observed.client.address, observed.client.port))

    listener, number = listener_of(exchange_of(ANSWERS, observe=(note,)))
    listener.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(("127.0.0.1", number))
        sock.send(packet(question(WEB)))
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)
        me = sock.getsockname()
    await listener.stop(1)

    assert seen == [me]


async def test_a_listener_answers_what_waits_before_it_closes() -> None:
    listener, number = listener_of(exchange_of(ANSWERS))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", number))
        sock.send(packet(question(WEB)))
        listener.start()

        await listener.stop(1)

        assert sock.recv(4096)[:2] == b"\x12\x34"


async def test_every_reply_is_credited_with_the_time_of_its_batch() -> None:
    exchange = exchange_of(ANSWERS)
    listener, number = listener_of(exchange)
    listener.start()
    asked = dns.message.make_query(WEB, "A")
    await dns.asyncquery.udp(asked, "127.0.0.1", timeout=5, port=number)
    await listener.stop(1)

    exchange.traffic.fold()

    assert sum(exchange.traffic.durations["cluster.local."]) == 1


class LaterExchange:
    """What a step says later, and who asked: `let` says it to all that wait."""

    def __init__(self, observe: tuple[ObserveStep, ...] = ()) -> None:
        self.ready = asyncio.Event()
        self.clients: list[Client] = []
        route = Route(
            "cluster.local.",
            from_text("cluster.local."),
            steps_of(self._step),
            observe_steps=observe,
            per_client=True,
        )
        self.exchange = Exchange(
            "dns://:53", Router([route]), clock=lambda: 0.0, on_bug=lambda *_: None
        )

    def let(self) -> None:
        self.ready.set()

    def _step(self, _query: Query, client: Client) -> Later[Outcome | None]:
        self.clients.append(client)
        return self._say()

    async def _say(self) -> Outcome | None:
        await self.ready.wait()
        return ANSWERS[question(WEB).key]


class Brought(Coming[Outcome]):
    """An answer that a test brings."""

    sent_back = False

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop().create_future)

    def send_back(self) -> None:
        super().send_back()
        self.sent_back = True


class BringingExchange(LaterExchange):
    """What a step says later without a task."""

    def __init__(self, observe: tuple[ObserveStep, ...] = ()) -> None:
        super().__init__(observe)
        self.brought: list[Brought] = []

    def let(self) -> None:
        for one in self.brought:
            one.bring(ANSWERS[question(WEB).key])

    def _step(self, _query: Query, client: Client) -> Later[Outcome | None]:
        self.clients.append(client)
        self.brought.append(Brought())
        return self.brought[-1]


@contextmanager
def peer_of(number: int, to: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Open a socket that talks to one port and hears nobody else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((to, number))
        yield sock


async def heard(sock: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)


either_way = pytest.mark.parametrize("kind", [LaterExchange, BringingExchange])


@either_way
async def test_what_comes_later_gets_there(kind: type[LaterExchange]) -> None:
    later = kind()
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as first, peer_of(number) as second:
        first.send(packet(question(WEB), identity=1))
        second.send(packet(question(WEB), identity=2))
        await until(lambda: len(later.clients) == 2)
        later.let()

        replies = [await heard(first), await heard(second)]
    await listener.stop(0)

    assert [reply[:2] for reply in replies] == [b"\0\1", b"\0\2"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
async def test_what_comes_later_leaves_from_the_address_that_was_asked(address: str) -> None:
    later = LaterExchange()
    opened = open_listener("0.0.0.0", 0)
    pair = opened.pairs[0]
    listener = UdpListener(
        pair.udp,
        later.exchange,
        destinations=pair.is_wildcard,
        clock=lambda: 0.0,
        on_error=lambda _: None,
    )
    listener.start()
    with peer_of(opened.port, address) as sock:
        sock.send(packet(question(WEB)))
        await until(lambda: len(later.clients) == 1)
        later.let()

        reply = await heard(sock)  # it would not hear another address
    await listener.stop(0)
    opened.close()

    assert reply[:2] == b"\x12\x34"
    assert later.clients[0].local_address == address


@either_way
async def test_who_asked_is_known_after_others_have_asked(kind: type[LaterExchange]) -> None:
    seen: list[tuple[str, int, str]] = []

    def note(observed: Observed) -> None:
        client = observed.client
        seen.append((client.address, client.port, client.local_address))

    later = kind(observe=(note,))
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as first, peer_of(number) as second:
        ports = [first.getsockname()[1], second.getsockname()[1]]
        first.send(packet(question(WEB)))
        await until(lambda: len(later.clients) == 1)
        second.send(packet(question(WEB)))
        await until(lambda: len(later.clients) == 2)
        known = [client.port for client in later.clients]
        later.let()
        await heard(first)
        await heard(second)
        await until(lambda: len(seen) == 2)
    await listener.stop(0)

    assert known == ports
    assert set(seen) == {("127.0.0.1", port, "127.0.0.1") for port in ports}


@either_way
async def test_too_many_that_wait_make_the_next_one_fail_at_once(
    kind: type[LaterExchange],
) -> None:
    later = kind()
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as sock:
        asked = 0
        while asked < MOST_LATER:
            for _ in range(64):
                sock.send(packet(question(WEB)))
            asked += 64
            await until(lambda asked=asked: len(later.clients) == asked)  # type: ignore[misc]

        sock.send(packet(question(WEB), identity=7, opt=BARE_OPT))
        reply = dns.message.from_wire(await heard(sock))
        await listener.stop(0)
        await asyncio.sleep(0)

    assert (reply.id, reply.rcode()) == (7, dns.rcode.SERVFAIL)
    assert later.exchange.traffic.dropped == 1


@either_way
async def test_stopping_waits_for_what_comes_later(kind: type[LaterExchange]) -> None:
    later = kind()
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as sock:
        sock.send(packet(question(WEB)))
        await until(lambda: len(later.clients) == 1)
        stopping = asyncio.ensure_future(listener.stop(5))
        await asyncio.sleep(0)
        later.let()
        await stopping

        assert (await heard(sock))[:2] == b"\x12\x34"


async def test_replies_that_come_together_leave_together_however_many_they_are() -> None:
    later = BringingExchange()
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as sock:
        for identity in range(150):
            sock.send(packet(question(WEB), identity=identity))
        await until(lambda: len(later.clients) == 150)
        later.let()

        replies = [await heard(sock) for _ in range(150)]
    await listener.stop(0)

    assert [int.from_bytes(reply[:2]) for reply in replies] == list(range(150))


@asynccontextmanager
async def stopped_at_once(later: LaterExchange) -> AsyncIterator[socket.socket]:
    """Stop a listener without patience while one query waits; yield who asked it."""
    listener, number = listener_of(later.exchange)
    listener.start()
    with peer_of(number) as sock:
        sock.send(packet(question(WEB)))
        await until(lambda: len(later.clients) == 1)
        await asyncio.wait_for(listener.stop(0), 5)
        yield sock


async def test_what_is_still_to_come_when_the_listener_closes_is_sent_back() -> None:
    later = BringingExchange()

    async with stopped_at_once(later):
        assert later.brought[0].sent_back


@either_way
async def test_stopping_without_patience_waits_for_nobody(kind: type[LaterExchange]) -> None:
    async with stopped_at_once(kind()) as sock:
        await asyncio.sleep(0)

        with pytest.raises(BlockingIOError):
            sock.recv(100)


@either_way
async def test_another_exchange_answers_from_then_on_and_the_one_before_what_waits(
    kind: type[LaterExchange],
) -> None:
    before, after = kind(), exchange_of({}, zone="other.")
    listener, number = listener_of(before.exchange)
    listener.start()
    with peer_of(number) as early, peer_of(number) as late:
        early.send(packet(question(WEB)))
        await until(lambda: len(before.clients) == 1)
        listener.take(after)
        late.send(packet(question(WEB)))
        refused = dns.message.from_wire(await heard(late))
        before.let()
        answered = dns.message.from_wire(await heard(early))
    await listener.stop(0)

    assert refused.rcode() == dns.rcode.REFUSED
    assert len(answered.answer) == 1


async def test_the_fast_lane_is_the_one_of_the_exchange_in_use() -> None:
    kept = exchange_of(ANSWERS)
    listener, number = listener_of(kept)
    listener.start()
    with peer_of(number) as sock:
        for _ in range(2):
            sock.send(packet(question(WEB)))
            assert dns.message.from_wire(await heard(sock)).rcode() == dns.rcode.NOERROR
        listener.take(exchange_of({}, zone="other."))
        sock.send(packet(question(WEB)))
        refused = dns.message.from_wire(await heard(sock))
    await listener.stop(0)

    assert refused.rcode() == dns.rcode.REFUSED
