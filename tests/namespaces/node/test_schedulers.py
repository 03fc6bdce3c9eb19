"""What the schedulers of the mode `nftables` do, and what it says of the others."""

from collections import Counter
from collections.abc import Iterator

import pytest

from svcdns.proxy.operations import AddVirtual
from tests.support.driven_mode import DrivenMode
from tests.support.ipvs_world import CLIENTS, reached
from tests.support.proxied import endpoints, service
from tests.support.proxy_scenarios import B1, B2, B3, VIP

POD_NAMES = {"b1", "b2", "b3"}
WEB = (service("web", VIP), endpoints("web", B1, B2, B3))


@pytest.fixture(autouse=True)
def _with_rules(mode: str) -> None:
    if mode == "userspace":
        pytest.skip("the mode userspace has its own tests of schedulers")


@pytest.fixture
def balanced(
    world: None,  # noqa: ARG001 - it is there
    mode: str,
    request: pytest.FixtureRequest,
) -> Iterator[DrivenMode]:
    """A proxy with the scheduler of the test."""
    driven = DrivenMode(mode, request.param)
    yield driven
    driven.cleanup()
    driven.close()


def _nftables_only(mode: str) -> None:
    if mode != "nftables":
        pytest.skip("iptables hashes no addresses")


@pytest.mark.parametrize("balanced", ["random"], indirect=True)
def test_chance_leaves_nobody_out(balanced: DrivenMode) -> None:
    balanced.have(*WEB)

    assert reached(VIP, count=60).keys() >= POD_NAMES


@pytest.mark.parametrize("balanced", ["sh"], indirect=True)
def test_a_hash_of_the_source_keeps_each_client_on_one(mode: str, balanced: DrivenMode) -> None:
    _nftables_only(mode)
    balanced.have(*WEB)

    by_client = [reached(VIP, count=3, sources=[source]) for source in CLIENTS]

    assert {len(pods) for pods in by_client} == {1}
    assert sum(by_client, Counter[str]()).keys() == POD_NAMES


@pytest.mark.parametrize("balanced", ["dh"], indirect=True)
def test_a_hash_of_the_destination_is_one_server(mode: str, balanced: DrivenMode) -> None:
    _nftables_only(mode)
    balanced.have(*WEB)

    assert len(reached(VIP, count=16, sources=CLIENTS)) == 1


@pytest.mark.parametrize("balanced", ["lc", "sed", "nq", "wlc", "mh"], indirect=True)
def test_what_rules_cannot_keep_to_is_refused_with_the_reason(balanced: DrivenMode) -> None:
    operations = balanced.operations(*WEB)

    failures = balanced.apply(*operations)

    (first,) = [one for one in failures if isinstance(one.operation, AddVirtual)]
    assert "cannot keep to it; choose random" in first.cause
    assert not balanced.read().virtual_servers
