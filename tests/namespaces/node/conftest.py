"""One world for all tests of a node, and a clean proxy for each."""

import os
from collections.abc import Iterator

import pytest

from tests.support.driven_mode import DrivenMode
from tests.support.ipvs_world import Pods, lay_cables, shell
from tests.support.proxy_scenarios import BALANCER, EXTERNAL, VIP, VIP6


@pytest.fixture(scope="session")
def mode() -> str:
    """The mode that is tried."""
    return os.environ["SVCDNS_NODE"]


@pytest.fixture(scope="session")
def world(mode: str) -> Iterator[None]:
    """Cables are laid and every pod answers."""
    lay_cables()
    # A node has a way out; without one its own packets to a virtual address would not start. It
    # is not the client's cable: redirects would use up what ICMP errors the kernel sends.
    shell(
        "ip link add way type veth peer name out",
        "ip addr add 198.18.0.1/24 dev way",
        "ip addr add fd00:ff::1/64 dev way nodad",
        "ip link set out up",
        "ip link set way up",
        "ip route add default via 198.18.0.2",
        "ip -6 route add default via fd00:ff::2",
    )
    if mode == "userspace":
        shell(*(f"ip addr add {address} dev lo" for address in (VIP, VIP6, EXTERNAL, BALANCER)))
    pods = Pods()
    yield
    pods.close()


@pytest.fixture
def proxy(world: None, mode: str) -> Iterator[DrivenMode]:  # noqa: ARG001 - it is there
    """A proxy that has programmed nothing yet; what it leaves is taken away."""
    driven = DrivenMode(mode)
    yield driven
    driven.cleanup()
    driven.close()
