from ipaddress import ip_address

import pytest

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.backend import DataplaneError

# Making devices and binding addresses is tried in tests/kernel.


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(DataplaneError, match="15 octets"):
        Device("a-very-long-name")


def test_a_device_that_is_no_dummy_is_refused() -> None:
    device = Device("lo")

    with pytest.raises(DataplaneError, match="no dummy device"):
        device.find()
    device.close()


def test_a_device_that_is_not_there_has_no_addresses() -> None:
    device = Device("nobody0")
    found = device.read()

    assert device.find() is None
    assert found.bound == frozenset()
    assert ip_address("127.0.0.1").packed in found.elsewhere
    device.delete()
    device.close()
