"""Which way addresses are bound. Making devices and routes is tried in tests/kernel."""

from contextlib import closing

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.routes import RoutedDevice, device_of


def test_each_way_has_its_device() -> None:
    with closing(device_of("svc0", "device")) as plain, closing(device_of("svc0", "route")) as one:
        assert type(plain) is Device
        assert type(one) is RoutedDevice


def test_a_device_that_is_not_there_has_no_routes() -> None:
    with closing(RoutedDevice("nobody0")) as device:
        found = device.read()

        assert (found.bound, found.former) == (frozenset(), frozenset())
        assert bytes((127, 0, 0, 1)) in found.elsewhere
        device.tidy()
        device.prefer([bytes((127, 0, 0, 1))])
