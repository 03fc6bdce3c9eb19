"""Which addresses of a batch are bound, and what becomes of those that are refused."""

import errno
from collections.abc import Iterable, Iterator

import pytest

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.binder import Binder
from svcdns.dataplane.netlink_wire import Verdict
from svcdns.proxy.model import Desired
from svcdns.proxy.operations import Bind, DeleteVirtual, Unbind
from tests.support.reconciling import desired, key, virtual

ONE, TWO = key(1).address, key(2).address


class Remembered(Device):
    """A device in memory that refuses one address."""

    def __init__(self, refused: bytes = b"") -> None:
        super().__init__("nobody0")
        self.bound: set[bytes] = set()
        self.tidied = 0
        self._refused_one = refused

    def bind(self, addresses: Iterable[bytes]) -> dict[int, Verdict]:
        return self._do(self.bound.add, addresses)

    def unbind(self, addresses: Iterable[bytes]) -> dict[int, Verdict]:
        return self._do(self.bound.discard, addresses)

    def tidy(self) -> None:
        self.tidied += 1

    def _do(self, change: object, addresses: Iterable[bytes]) -> dict[int, Verdict]:
        assert callable(change)
        refused = {}
        for place, address in enumerate(addresses):
            if address == self._refused_one:
                refused[place] = Verdict(errno.EPERM, "")
            else:
                change(address)
        return refused


@pytest.fixture
def device() -> Iterator[Remembered]:
    made = Remembered(refused=TWO)
    yield made
    made.close()


WANTED = desired(virtual(1, 1), virtual(2, 1))


def test_what_is_refused_is_named_and_the_rest_is_bound(device: Remembered) -> None:
    (failure,) = Binder(device).bind([Bind(TWO), DeleteVirtual(key(3)), Bind(ONE)], set(), WANTED)

    assert failure.operation == Bind(TWO)
    assert "only CAP_NET_ADMIN may (EPERM)" in failure.cause
    assert device.bound == {ONE}


def test_an_address_without_any_virtual_server_is_not_bound(device: Remembered) -> None:
    (failure,) = Binder(device).bind([Bind(ONE)], {key(1)}, WANTED)

    assert (failure.operation, device.bound) == (Bind(ONE), set())
    assert failure.cause == "none of its virtual servers is there"


def test_an_address_with_another_virtual_server_is_bound(device: Remembered) -> None:
    other = key(1)._replace(port=81)
    both = Desired({**WANTED.virtual_servers, other: virtual(1)}, WANTED.addresses)

    assert Binder(device).bind([Bind(ONE)], {other}, both) == []
    assert device.bound == {ONE}


def test_what_goes_is_unbound(device: Remembered) -> None:
    device.bound |= {ONE, TWO}

    (failure,) = Binder(device).unbind([Bind(key(3).address), Unbind(ONE), Unbind(TWO)])

    assert failure.operation == Unbind(TWO)
    assert device.bound == {TWO}


def test_what_another_way_of_binding_left_is_taken_away_once(device: Remembered) -> None:
    binder = Binder(device)
    binder.tidy()
    binder.tidy()

    assert device.tidied == 1
