import pytest

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables_input import Input
from svcdns.dataplane.iptables_listing import Found, read_saved
from svcdns.dataplane.iptables_rules import (
    JUMPS,
    PREFIX,
    SHARED,
    address_rule,
    fixed_chains,
    rules_of,
)
from svcdns.proxy.model import (
    PERSISTENT,
    TCP,
    Kind,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)
from tests.support.iptables_memory import IptablesMemory

WEB = ServicePortName("shop", "web", "")
PODS = FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),))
KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
ROWS = bytes((10, 1, 0, 1, 31, 144, 10, 1, 0, 2, 31, 144))


def saved(*some: VirtualServer, near: str = "") -> str:
    made = Input()
    for table, chains in fixed_chains(4, PODS).items():
        for chain in SHARED[table]:
            made.put_chain(table, f"{PREFIX}{chain}")
        for chain, rules in chains.items():
            made.put_chain(table, f"{PREFIX}{chain}", rules)
    for jump in JUMPS:
        made.put_jump(jump)
    for one in some:
        made.put_virtual(
            rules_of(one, "", PODS)._replace(chains={}, shared=()), rules_of(one, near, PODS)
        )
    made.put_shared(address_rule(KEY.address))
    kernel = IptablesMemory()
    kernel.restore(4, made.text())
    return kernel.save(4)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("rows", [b"", ROWS[:6], ROWS])
@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("ranges", [(), ((bytes((192, 0, 2, 0)), 24),)])
def test_rules_are_read_as_what_they_were_made_of(
    kind: Kind,
    rows: bytes,
    local: bool,  # noqa: FBT001 - a table
    ranges: tuple[tuple[bytes, int], ...],
) -> None:
    one = VirtualServer(
        KEY, kind, WEB, "rr", PERSISTENT, 30, rows, external_local=local, source_ranges=ranges
    )

    found = read_saved(saved(one))

    count = sum(map(len, rules_of(one, "", PODS).chains.values()))
    assert found.virtual == {KEY: Found("rr", PERSISTENT, 30, rows, count)}
    assert found.addresses == {KEY.address}
    assert found.is_whole(4, PODS)


def test_servers_of_the_short_cut_are_not_those_of_policy_local() -> None:
    cluster = VirtualServer(KEY._replace(port=81), Kind.CLUSTER, WEB, servers=ROWS)
    node = VirtualServer(KEY, Kind.NODE, WEB, servers=ROWS[:6], external_local=True)
    near = next(name for name in rules_of(cluster, "", PODS).chains if "-SVC-" in name)

    found = read_saved(saved(cluster, node, near=near))

    assert found.virtual[KEY].servers == ROWS[:6]


def test_rules_that_lack_a_jump_or_a_fixed_rule_are_not_whole() -> None:
    text = saved()

    assert not read_saved("").is_whole(4, PODS)
    assert not read_saved(
        text.replace("-A INPUT -m conntrack --ctstate NEW -j SVCDNS-CLOSED\n", "")
    ).is_whole(4, PODS)
    assert not read_saved(
        text.replace("-A SVCDNS-MARK-MASQ -j MARK --or-mark 0x4000\n", "")
    ).is_whole(4, PODS)
    assert not read_saved(text.replace(":SVCDNS-NODEPORTS - [0:0]\n", "")).is_whole(4, PODS)


def test_rules_of_others_are_not_read() -> None:
    text = "*nat\n:KUBE-SVC-X - [0:0]\n-A KUBE-SVC-X -d 10.0.0.1/32 -p tcp -j OTHER\nCOMMIT\n"

    assert not read_saved(text).virtual
    assert not any(read_saved(text).chains["nat"])
