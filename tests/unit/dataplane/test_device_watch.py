import asyncio
from collections.abc import Iterator
from io import StringIO

import pytest

from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.addresses import Device
from svcdns.dataplane.device_watch import Rival, is_surprise, watch
from svcdns.dataplane.netlink_wire import Message
from svcdns.telemetry.log import Output, redirect
from tests.support.namespaces import Network

OURS, NUMBER = 4242, 7
ADDRESS = messages.address(NUMBER, b"\n\0\0\1")


@pytest.fixture
def log() -> Iterator[StringIO]:
    stream = StringIO()
    before = redirect(Output(stream))
    yield stream
    redirect(before)


def told(kind: int, payload: bytes, port: int = 99) -> bool:
    return is_surprise(Message(kind, 0, 1, payload, port), NUMBER, OURS)


def test_an_address_that_somebody_adds_or_deletes_is_a_surprise() -> None:
    assert told(messages.NEW_ADDRESS, ADDRESS)
    assert told(messages.DELETE_ADDRESS, ADDRESS)


def test_what_we_do_is_none() -> None:
    assert not told(messages.DELETE_ADDRESS, ADDRESS, OURS)


def test_what_happens_to_other_devices_is_none() -> None:
    assert not told(messages.DELETE_ADDRESS, messages.address(8, b"\n\0\0\1"))
    assert not told(messages.DELETE_LINK, messages.link_numbered(8))


def test_the_end_of_the_device_is_a_surprise() -> None:
    assert told(messages.DELETE_LINK, messages.link_numbered(NUMBER))


def test_other_and_broken_notifications_are_none() -> None:
    assert not told(messages.NEW_LINK, messages.link_numbered(NUMBER))
    assert not told(messages.DELETE_LINK, b"")
    assert not told(messages.DELETE_ADDRESS, b"")


async def test_somebody_elses_change_is_told_of() -> None:
    with Network() as network, network.inside():
        device = Device("lo")
        device.number = 1
        heard = asyncio.Event()
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
            task = tasks.create_task(watch(device, heard.set))
            await asyncio.sleep(0)  # it listens now
            network.configure("addr add 192.0.2.7/32 dev lo")
            await heard.wait()
            task.cancel()
        device.close()

    assert heard.is_set()


@pytest.mark.parametrize(
    ("times", "told"),
    [
        pytest.param((0,), 0, id="one change"),
        pytest.param((0, 61), 0, id="now and then"),
        pytest.param((0, 30), 1, id="twice within a minute"),
        pytest.param((0, 5, 10, 15), 1, id="not again and again"),
        pytest.param((0, 5, 40, 70), 2, id="once a minute"),
    ],
)
def test_whoever_changes_the_device_twice_within_a_minute_is_named(
    times: tuple[int, ...], told: int, log: StringIO
) -> None:
    rival = Rival("kube-ipvs0")

    for now in times:
        rival.note(1 << 30, now)

    assert log.getvalue().count("proxy.contested device=kube-ipvs0 by=") == told


def test_what_the_kernel_does_by_itself_is_no_rivals(log: StringIO) -> None:
    rival = Rival("kube-ipvs0")

    rival.note(0, 1)
    rival.note(0, 2)

    assert not log.getvalue()
