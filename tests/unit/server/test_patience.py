"""The words of a Corefile, and what they mean for connections on real sockets."""

from time import monotonic

import pytest

from svcdns.app.build import Place
from svcdns.route.stages import ConnectionTimeouts
from svcdns.server.connection import HIGH_WATER
from svcdns.server.patience import Patience
from svcdns.wire.frame import frame
from tests.support.configured import configured
from tests.support.streams import EchoResponder, TcpServer, numbered, serving, until
from tests.support.stubs import packet, question

ASKED = frame(packet(question("web.shop.svc.cluster.local.")))
COREFILE = """
. {
    timeouts {
        read 7s
        write 20s
        idle 40s
    }
    whoami
}
"""


def patient(server: TcpServer) -> TcpServer:
    """Let the connections of a listener have the time of the Corefile."""
    server.listener.patience = Patience.of(configured(COREFILE).timeouts[Place("", 53)])
    return server


def test_what_nobody_asks_for_is_as_usual() -> None:
    assert Patience.of(ConnectionTimeouts()) == Patience()


def test_what_is_asked_for_counts() -> None:
    asked = ConnectionTimeouts(read=2.0, write=7.0, idle=30.0, max_queries=128)

    assert Patience.of(asked) == Patience(2.0, 2.0, 30.0, 1.0, 7.0, 128)


def test_a_crowded_server_is_never_more_patient_than_an_empty_one() -> None:
    assert Patience.of(ConnectionTimeouts(idle=0.5)).crowded_idle == 0.5


@pytest.mark.parametrize(
    ("sent", "messages", "pending", "seconds"),
    [
        pytest.param(b"", 0, 0, 7, id="read: the first message"),
        pytest.param(ASKED[:9], 0, 9, 7, id="read: the rest of the first message"),
        pytest.param(ASKED + ASKED[:9], 1, 9, 7, id="read: the rest of a later message"),
        pytest.param(ASKED, 1, 0, 40, id="idle: silence after an answer"),
    ],
)
async def test_a_connection_has_the_time_for_reading_and_silence_that_the_corefile_gives(
    sent: bytes, messages: int, pending: int, seconds: float
) -> None:
    responder = EchoResponder()

    async with serving(responder) as server:
        before = monotonic()
        peer = await patient(server).accepted()
        peer.send(sent)
        await until(lambda: len(responder.asked) == messages)
        await until(lambda: server.connections.held_octets == pending)
        server.listener.acceptor.sweep(before + seconds - 0.01)
        still_open = server.connections.open
        server.listener.acceptor.sweep(monotonic() + seconds)
        await peer.rest()

    assert still_open == 1
    assert server.connections.counts.expired == 1


async def test_a_client_has_the_time_for_taking_its_answers_that_the_corefile_gives() -> None:
    async with serving(EchoResponder(padding=60_000)) as server:
        peer = await patient(server).accepted()
        peer.stop_reading()
        before = monotonic()
        peer.send(b"".join(map(frame, numbered(300))))
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        server.listener.acceptor.sweep(before + 20 - 0.01)
        still_open = server.connections.open
        server.listener.acceptor.sweep(monotonic() + 20)
        await until(lambda: server.connections.open == 0)

    assert still_open == 1
    assert server.connections.counts.expired == 1
