import pytest

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables_rules import (
    address_rule,
    can_serve,
    chain_name,
    cluster_chain,
    fixed_chains,
    rules_of,
)
from svcdns.proxy.model import (
    PERSISTENT,
    TCP,
    UDP,
    Kind,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)

WEB = ServicePortName("shop", "web", "http")
KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
ROWS = bytes((10, 1, 0, 1, 31, 144, 10, 1, 0, 2, 31, 144))
PODS = FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),))
PLACE = "-d 10.96.0.1/32 -p tcp -m tcp --dport 80"


def virtual(
    kind: Kind = Kind.CLUSTER, scheduler: str = "random", rows: bytes = ROWS, **more: object
) -> VirtualServer:
    return VirtualServer(KEY, kind, WEB, scheduler, servers=rows, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["SVC", "SVL", "EXT", "FW", "SEP"])
def test_names_are_as_long_as_iptables_takes_them(kind: str) -> None:
    assert len(chain_name(kind, KEY)) <= 28
    assert chain_name(kind, KEY) != chain_name(kind, KEY._replace(port=81))


def test_a_cluster_address_is_balanced_by_chance_and_each_server_hides_itself() -> None:
    rules = rules_of(virtual(), "", PODS)

    (dispatch,) = rules.shared
    assert (dispatch.table, dispatch.chain) == ("nat", "SERVICES")
    assert dispatch.text.startswith(f'{PLACE} -m comment --comment "shop/web:http random 0x0 0"')
    outside, first, last = rules.chains[cluster_chain(KEY)]
    assert outside == "-j SVCDNS-OUTSIDE"
    assert "--mode random --probability 0.50000000000 -j SVCDNS-SEP-" in first
    assert last.startswith("-j SVCDNS-SEP-")
    servers = [chain for name, chain in rules.chains.items() if "-SEP-" in name]
    assert servers[0] == (
        "-s 10.1.0.1/32 -j SVCDNS-MARK-MASQ",
        "-p tcp -m tcp -j DNAT --to-destination 10.1.0.1:8080",
    )


def test_turns_are_counted() -> None:
    rules = rules_of(virtual(scheduler="rr"), "", FilterOptions())

    first, last = rules.chains[cluster_chain(KEY)]
    assert first.startswith("-m statistic --mode nth --every 2 --packet 0 ")
    assert "statistic" not in last


def test_affinity_is_looked_for_first_and_kept_by_the_server() -> None:
    one = virtual(flags=PERSISTENT, persistence_timeout=30)

    rules = rules_of(one, "", FilterOptions())

    lines = rules.chains[cluster_chain(KEY)]
    assert ["--rcheck --seconds 30 --reap" in line for line in lines] == [True, True, False, False]
    assert (
        sum("--set --rsource" in chain[1] for chain in rules.chains.values() if len(chain) == 2)
        == 2
    )


def test_all_are_masqueraded_if_asked_for() -> None:
    rules = rules_of(virtual(), "", FilterOptions(masquerade_all=True))

    assert rules.chains[cluster_chain(KEY)][0] == "-j SVCDNS-MARK-MASQ"


def test_an_address_from_outside_is_masqueraded_unless_policy_is_local() -> None:
    ext = chain_name("EXT", KEY)

    everywhere = rules_of(virtual(Kind.EXTERNAL), "", PODS).chains[ext]
    local = rules_of(virtual(Kind.EXTERNAL, external_local=True), "SVCDNS-SVC-X", PODS).chains[ext]

    assert everywhere == ("-j SVCDNS-MARK-MASQ", f"-j {chain_name('SVC', KEY)}")
    assert local == (
        "-s 10.1.0.0/16 -j SVCDNS-SVC-X",
        "-m addrtype --src-type LOCAL -j SVCDNS-MARK-MASQ",
        "-m addrtype --src-type LOCAL -j SVCDNS-SVC-X",
        f"-j {chain_name('SVL', KEY)}",
    )


def test_source_ranges_let_in_and_what_falls_through_is_dropped() -> None:
    one = virtual(Kind.BALANCER, source_ranges=((bytes((192, 0, 2, 0)), 24),))

    rules = rules_of(one, "", PODS)

    assert rules.chains[chain_name("FW", KEY)] == (f"-s 192.0.2.0/24 -j {chain_name('EXT', KEY)}",)
    assert [(one.chain, one.text.rpartition("-j ")[2]) for one in rules.shared] == [
        ("FIREWALL", "DROP"),
        ("SERVICES", chain_name("FW", KEY)),
    ]


@pytest.mark.parametrize(
    ("key", "drops", "target"),
    [
        (KEY, False, "REJECT --reject-with tcp-reset"),
        (KEY._replace(protocol=UDP), False, "REJECT --reject-with icmp-port-unreachable"),
        (KEY, True, "DROP"),
        (VirtualKey(UDP, bytes(16), 53), False, "REJECT --reject-with icmp6-port-unreachable"),
    ],
)
def test_nobody_serving_is_a_rule_of_the_filter(
    key: VirtualKey,
    drops: bool,  # noqa: FBT001 - a table
    target: str,
) -> None:
    rules = rules_of(VirtualServer(key, Kind.CLUSTER, WEB, drops=drops), "", PODS)

    (rule,) = rules.shared
    assert rules.chains == {}
    assert (rule.table, rule.chain) == ("filter", "REFUSED")
    assert rule.text.endswith(f"-j {target}")


def test_without_a_server_here_only_the_node_and_its_pods_are_served() -> None:
    one = virtual(Kind.NODE, rows=b"", external_local=True, drops=True)

    rules = rules_of(one, "SVCDNS-SVC-X", PODS)

    assert rules.chains.keys() == {chain_name("EXT", KEY)}
    assert [(one.chain, one.text.rpartition("-j ")[2]) for one in rules.shared] == [
        ("REFUSED", "DROP"),
        ("NODEPORTS", chain_name("EXT", KEY)),
    ]


def test_an_address_is_closed_by_the_family_s_refusal() -> None:
    assert address_rule(KEY.address).text == (
        "-d 10.96.0.1/32 -j REJECT --reject-with icmp-port-unreachable"
    )
    assert "-d ::/128" in address_rule(bytes(16)).text


def test_the_mark_is_set_and_taken_off() -> None:
    nat = fixed_chains(4, PODS)["nat"]

    assert nat["MARK-MASQ"] == ("-j MARK --or-mark 0x4000",)
    assert nat["OUTSIDE"] == ("-s 10.1.0.0/16 -j RETURN", "-j SVCDNS-MARK-MASQ")
    assert fixed_chains(16, PODS)["nat"]["OUTSIDE"] == ()


def test_what_rules_cannot_do_is_told() -> None:
    assert can_serve(virtual(scheduler="rr")) == ""
    assert "sh" in can_serve(virtual(scheduler="sh"))
    odd = VirtualServer(KEY._replace(protocol=1), Kind.CLUSTER, WEB)
    assert "protocol 1" in can_serve(odd)
