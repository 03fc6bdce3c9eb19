import socket

import pytest

from svcdns.dataplane import iptables_text as text
from svcdns.dataplane.filter import FilterOptions
from svcdns.proxy.filter_rows import Purpose, Row

PODS = FilterOptions(cluster_networks=((b"\n\1\0\0", 16), (bytes(16), 64)))


def saved_after(rules: str) -> str:
    """What iptables-save would print after these rules in an empty kernel."""
    lines = [line.replace(" 1 -j ", " -j ") for line in rules.splitlines()]
    return "\n".join(line.replace("-I ", "-A ", 1) for line in lines) + "\n"


@pytest.mark.parametrize("family", list(text.FAMILIES))
@pytest.mark.parametrize("options", [PODS, FilterOptions(), FilterOptions(masquerade_all=True)])
def test_rules_that_are_in_place_are_whole(family: int, options: FilterOptions) -> None:
    saved = saved_after(text.rules(options, family, ""))

    assert text.is_whole(options, family, saved)
    assert not text.is_whole(options, family, "")


def test_a_rule_that_is_missing_is_noticed() -> None:
    saved = saved_after(text.rules(PODS, socket.AF_INET, ""))

    for line in saved.splitlines():
        if line.startswith("-A "):
            assert not text.is_whole(PODS, socket.AF_INET, saved.replace(f"{line}\n", "", 1)), line


def test_jumps_that_are_there_are_not_made_twice() -> None:
    saved = saved_after(text.rules(PODS, socket.AF_INET, ""))

    assert "-I " not in text.rules(PODS, socket.AF_INET, saved)


def test_a_jump_to_a_chain_of_a_longer_name_is_another_one() -> None:
    saved = "*filter\n-A INPUT -j IPVS-SVCDNS-INPUT-OF-OTHERS\nCOMMIT\n"

    assert "-I INPUT 1 -j IPVS-SVCDNS-INPUT\n" in text.rules(PODS, socket.AF_INET, saved)


def test_taking_away_names_our_chains_and_jumps_alone() -> None:
    saved = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:IPVS-SVCDNS-MARK - [0:0]\n"
        "-A PREROUTING -j KUBE-SERVICES\n-A PREROUTING -j IPVS-SVCDNS-SERVICES\n"
        "-A IPVS-SVCDNS-SERVICES -j IPVS-SVCDNS-MARK\nCOMMIT\n"
    )

    assert text.no_rules(saved) == (
        "*mangle\nCOMMIT\n*nat\n:IPVS-SVCDNS-MARK - [0:0]\n-D PREROUTING -j IPVS-SVCDNS-SERVICES\n"
        "-X IPVS-SVCDNS-MARK\nCOMMIT\n*filter\nCOMMIT\n"
    )


def test_clients_of_the_pods_networks_are_spared_in_their_family() -> None:
    ipv4 = text.rules(PODS, socket.AF_INET, "")
    ipv6 = text.rules(PODS, socket.AF_INET6, "")

    assert "-A IPVS-SVCDNS-CLUSTER -s 10.1.0.0/16 -j RETURN" in ipv4
    assert "-A IPVS-SVCDNS-CLUSTER -s ::/64 -j RETURN" in ipv6
    assert "10.1.0.0" not in ipv6


def test_without_networks_the_nodes_own_packets_are_masqueraded() -> None:
    rules = text.rules(FilterOptions(), socket.AF_INET, "")

    assert "--match-set IPVS-SVCDNS-CLUSTER src,dst -j IPVS-SVCDNS-MARK" in rules


def test_masquerading_all_spares_nobody() -> None:
    rules = text.rules(PODS._replace(masquerade_all=True), socket.AF_INET, "")

    assert "-j RETURN" not in "".join(line for line in rules.splitlines() if "CLUSTER" in line)


def test_the_mark_is_the_one_asked_for() -> None:
    rules = text.rules(FilterOptions(mark=1 << 15), socket.AF_INET, "")

    assert "-j MARK --or-mark 0x8000" in rules
    assert "-m mark --mark 0x8000/0x8000 -j ACCEPT" in rules


@pytest.mark.parametrize("family", list(text.FAMILIES))
@pytest.mark.parametrize("purpose", list(Purpose))
def test_names_of_sets_are_ones_that_ipset_takes(purpose: Purpose, family: int) -> None:
    assert len(text.set_name(purpose, family)) <= 31


def test_every_set_is_made_in_both_families() -> None:
    lines = text.sets_made().splitlines()

    assert len(lines) == 2 * len(Purpose)
    assert any(
        line.startswith("create IPVS-SVCDNS-6-RANGE hash:ip,port,net family inet6")
        for line in lines
    )
    assert "create IPVS-SVCDNS-HEALTH bitmap:port range 0-65535" in lines


def test_a_row_is_held_by_the_sets_of_its_family() -> None:
    assert text.families(Row(Purpose.ADDRESS, bytes(4))) == (socket.AF_INET,)
    assert text.families(Row(Purpose.ADDRESS, bytes(16))) == (socket.AF_INET6,)
    assert text.families(Row(Purpose.HEALTH, port=80)) == (socket.AF_INET, socket.AF_INET6)
