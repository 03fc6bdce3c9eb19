"""The addresses this machine is reached at, with iproute2 as the oracle."""

import json
import subprocess

import pytest

from svcdns.app.local_addresses import global_ipv6, local_addresses
from svcdns.wire.name import pack_address
from tests.support.tools import require

IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
fd000000000000000000000000000002 04 40 00 82     eth0
fec00000000000000000000000000002 04 40 40 82     eth1
"""


def test_they_are_those_of_global_scope_that_the_system_lists() -> None:
    command = [require("ip", package="iproute2"), "-json", "address", "show"]
    interfaces = json.loads(subprocess.check_output(command))
    listed = [entry for interface in interfaces for entry in interface["addr_info"]]

    found = local_addresses()

    everything = {pack_address(entry["local"]) for entry in listed}
    ipv6 = {
        pack_address(entry["local"])
        for entry in listed
        if entry["family"] == "inet6" and entry["scope"] == "global"
    }
    assert set(found) <= everything
    assert {address for address in found if len(address) == 16} == ipv6
    assert not any(address[0] == 127 for address in found if len(address) == 4)
    assert list(found) == sorted(found, key=len)


def test_of_ipv6_only_addresses_of_global_scope_count() -> None:
    assert global_ipv6(IF_INET6) == [pack_address("fd00::2")]
    assert global_ipv6("") == []


@pytest.mark.parametrize("bind", ["10.0.0.3", "fd00::3", "127.0.0.1", "::1"])
def test_an_address_that_is_bound_is_the_only_one(bind: str) -> None:
    assert local_addresses(bind) == (pack_address(bind),)


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "", "localhost"])
def test_every_address_is_every_address(bind: str) -> None:
    assert local_addresses(bind) == local_addresses()
