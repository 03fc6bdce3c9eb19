"""What a change does to connections, in the modes that leave them to the kernel."""

from collections import Counter

import pytest

from svcdns.proxy.model import RealServer
from svcdns.wire.name import pack_address
from tests.support.driven_mode import DrivenMode
from tests.support.ipvs_world import CLIENTS, flow, reached, shell
from tests.support.proxied import DNS, endpoints, service
from tests.support.proxy_scenarios import B1, B2, B3, ON_UDP, VIP

WEB = service("web", VIP)
HELD = service("web", VIP, affinity_seconds=30)


@pytest.fixture(autouse=True)
def _rules_only(mode: str) -> None:
    if mode == "userspace":
        pytest.skip("the mode userspace has its own tests of changes")


def test_turns_are_taken_exactly(proxy: DrivenMode) -> None:
    proxy.have(WEB, endpoints("web", B1, B2, B3))

    assert reached(VIP, count=12) == Counter(b1=4, b2=4, b3=4)


def test_affinity_keeps_a_client_on_one_server(proxy: DrivenMode) -> None:
    proxy.have(HELD, endpoints("web", B1, B2, B3))

    assert len(reached(VIP, count=12)) == 1
    by_client = [reached(VIP, count=3, sources=[source]) for source in CLIENTS]
    assert {len(pods) for pods in by_client} == {1}
    assert sum(by_client, Counter[str]()).keys() == {"b1", "b2", "b3"}


def test_affinity_outlives_a_change_of_other_servers(proxy: DrivenMode) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))
    before = {source: next(iter(reached(VIP, count=1, sources=[source]))) for source in CLIENTS}
    proxy.have(endpoints("web", B1, B2, B3))

    after = {source: next(iter(reached(VIP, count=1, sources=[source]))) for source in CLIENTS}

    assert after == before


def test_affinity_ends_with_the_server(proxy: DrivenMode) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))
    (first,) = reached(VIP, count=3)
    proxy.have(endpoints("web", B2 if first == "b1" else B1))

    assert reached(VIP, count=3).keys() == {"b2" if first == "b1" else "b1"}


def test_a_server_that_goes_keeps_its_connections_and_gets_no_new_ones(proxy: DrivenMode) -> None:
    proxy.have(WEB, endpoints("web", B1, B2))
    held = [flow("c1", VIP) for _ in range(4)]
    proxy.have(endpoints("web", B2))

    assert reached(VIP, count=6) == Counter(b2=6)
    assert [one.say("still") for one in held] == ["still"] * 4
    for one in held:
        one.close()


def test_udp_leaves_a_server_that_goes_at_once(proxy: DrivenMode) -> None:
    proxy.have(service("dns", VIP, ports=(DNS,)), endpoints("dns", B1, ports=ON_UDP))
    one = flow("c1", VIP, 53, udp=True)
    proxy.have(endpoints("dns", B2, ports=ON_UDP))

    assert one.pod == "b1"
    assert one.say("who").startswith("b2 ")
    one.close()


def test_the_first_endpoint_ends_the_refusal_and_the_last_begins_it(proxy: DrivenMode) -> None:
    proxy.have(WEB)
    assert reached(VIP, count=2) == Counter(ConnectionRefusedError=2)
    proxy.have(endpoints("web", B1))
    assert reached(VIP, count=2) == Counter(b1=2)
    proxy.have(endpoints("web"))

    assert reached(VIP, count=2) == Counter(ConnectionRefusedError=2)


def test_a_restart_keeps_connections_and_has_nothing_to_do(proxy: DrivenMode, mode: str) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))
    held = flow("c1", VIP)
    again = DrivenMode(mode)

    operations = again.operations(HELD, endpoints("web", B1, B2))
    again.have()

    assert operations == ()
    assert held.say("still") == "still"
    assert reached(VIP, count=4).keys() == {held.pod}
    held.close()
    again.close()


def test_servers_that_somebody_took_away_are_noticed_and_put_back(
    proxy: DrivenMode, mode: str
) -> None:
    proxy.have(WEB, endpoints("web", B1, B2))
    if mode == "nftables":
        shell("nft flush map ip svcdns services")
    else:
        shell(f"iptables-{mode.partition('-')[2]} -t nat -F SVCDNS-SERVICES")
    assert reached(VIP, count=1) != Counter(b1=1)

    found = proxy.read()
    proxy.have()

    assert not found.virtual_servers
    assert reached(VIP, count=4) == Counter(b1=2, b2=2)


def test_rules_that_somebody_took_away_are_put_back(proxy: DrivenMode, mode: str) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))
    if mode == "nftables":
        (chain,) = [
            words[1]
            for line in shell("nft list table ip svcdns").splitlines()
            if (words := line.split()) and words[0] == "chain" and "-held30-" in line
        ]
        shell(f"nft flush chain ip svcdns '{chain}'")
    else:
        program = f"iptables-{mode.partition('-')[2]}"
        lines = shell(f"{program}-save -t nat").splitlines()
        (chain,) = [line.split()[0][1:] for line in lines if line.startswith(":SVCDNS-SVC-")]
        shell(f"{program} -t nat -F {chain}")

    proxy.read()
    proxy.have()

    assert reached(VIP, count=2).keys() <= {"b1", "b2"}
    assert len(reached(VIP, count=6)) == 1


def test_what_others_have_stays(proxy: DrivenMode, mode: str) -> None:
    if mode == "nftables":
        ours, theirs = "nft list table ip other", "table ip other {"
        shell("nft add table ip other", "nft add chain ip other keep")
    else:
        program = f"iptables-{mode.partition('-')[2]}"
        ours, theirs = f"{program}-save -t nat", "-A OTHER -j ACCEPT"
        shell(f"{program} -t nat -N OTHER", f"{program} -t nat -A OTHER -j ACCEPT")

    proxy.have(WEB, endpoints("web", B1))
    proxy.cleanup()

    assert theirs in shell(ours)
    if mode == "nftables":
        shell("nft delete table ip other")
    else:
        shell(f"{program} -t nat -F OTHER", f"{program} -t nat -X OTHER")


def test_nothing_is_left_after_cleanup(proxy: DrivenMode, mode: str) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))

    proxy.cleanup()

    if mode == "nftables":
        assert "svcdns" not in shell("nft list tables")
    else:
        variant = mode.partition("-")[2]
        assert "SVCDNS" not in shell(f"iptables-{variant}-save", f"ip6tables-{variant}-save")


def test_a_service_that_goes_leaves_nothing(proxy: DrivenMode) -> None:
    proxy.have(HELD, endpoints("web", B1, B2))

    proxy.have(gone=(HELD,))

    found = proxy.read()
    assert not found.virtual_servers
    assert not found.addresses


def test_a_packed_mapping_of_servers_is_read(proxy: DrivenMode) -> None:
    proxy.have(WEB, endpoints("web", B1, B2))

    (one,) = proxy.read().virtual_servers.values()

    assert set(one.servers) == {
        RealServer(pack_address(address), 8080) for address in ("10.1.1.2", "10.1.2.2")
    }
