"""The addresses this machine has, with iproute2 as the oracle."""

import json
import subprocess
from typing import Any

import pytest

from svcdns.app.local_addresses import addresses_by_interface, local_addresses
from svcdns.wire.name import pack_address
from tests.support.tools import require


def listed() -> list[dict[str, Any]]:
    """What iproute2 lists, with the name of the interface."""
    command = [require("ip", package="iproute2"), "-json", "address", "show"]
    interfaces = json.loads(subprocess.check_output(command))
    return [
        entry | {"interface": one["ifname"]} for one in interfaces for entry in one["addr_info"]
    ]


def test_they_are_those_of_global_scope_that_the_system_lists() -> None:
    found = local_addresses()

    expected = {
        pack_address(entry["local"])
        for entry in listed()
        if entry["scope"] == "global" and not entry["local"].startswith("169.254.")
    }
    assert set(found) == expected
    assert list(found) == sorted(found, key=len)


def test_interfaces_have_the_addresses_that_the_system_lists() -> None:
    expected = {(entry["interface"], entry["local"]) for entry in listed()}

    found = {
        (name, text.partition("%")[0])
        for name, texts in addresses_by_interface().items()
        for text in texts
    }

    assert found == expected


@pytest.mark.parametrize("bind", ["10.0.0.3", "fd00::3", "127.0.0.1", "::1"])
def test_an_address_that_is_bound_is_the_only_one(bind: str) -> None:
    assert local_addresses(bind) == (pack_address(bind),)


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "", "localhost"])
def test_every_address_is_every_address(bind: str) -> None:
    assert local_addresses(bind) == local_addresses()
