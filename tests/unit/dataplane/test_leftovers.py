"""Parts of ours go one by one, and nothing else. Virtual servers are tried in tests/kernel."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcdns.dataplane import filter_nftables_script, iptables_text
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.filter_nftables import NftablesFilter
from svcdns.dataplane.iptables_programs import find_programs
from svcdns.dataplane.iptables_rules import PREFIX
from svcdns.dataplane.leftovers import Part, Traces, parts_of, remove, remove_virtual_servers
from svcdns.dataplane.nftables_script import BRIDGE, TABLE
from tests.support.namespaces import Network
from tests.support.tools import require

FOREIGN = f"*filter\n:OTHERS - [0:0]\n:{PREFIX}SERVICES - [0:0]\n-A INPUT -j OTHERS\nCOMMIT\n"


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    return Traces("kube-ipvs0", tmp_path / "keys")


@pytest.fixture
def node() -> Iterator[None]:
    """A kernel with everything beside IPVS, what modes without it have, and somebody else's."""
    nft = require("nft", package="nftables")
    require("iptables-restore", package="iptables")
    require("ipset", package="ipset")
    with Network() as network, network.inside():
        for one in (NftablesFilter(FilterOptions()), IptablesFilter(FilterOptions())):
            one.setup()
            one.load(())
        find_programs().restore(4, FOREIGN)
        subprocess.run([nft, f"add table ip {TABLE}; add table ip others"], check=True)
        subprocess.run(["ipset", "create", "OTHERS", "hash:ip"], check=True)
        yield


def found() -> set[str]:
    """What is in the kernel of this thread's namespace."""
    said = "".join(
        subprocess.run(words, capture_output=True, text=True, check=True).stdout
        for words in (["nft", "list", "tables"], ["iptables-save"], ["ipset", "list", "-name"])
    )
    names = {
        f"table ip {filter_nftables_script.TABLE}\n": "filter table",
        f"table ip {TABLE}\n": "table",
        "table ip others\n": "others' table",
        f":{iptables_text.PREFIX}": "filter rules",
        f":{PREFIX}": "rules",
        ":OTHERS": "others' rules",
        f"\n{iptables_text.PREFIX}": "sets",
        "\nOTHERS": "others' set",
    }
    return {name for text, name in names.items() if text in said}


OTHERS = {"others' table", "others' rules", "others' set"}
EVERYTHING = OTHERS | {"filter table", "table", "filter rules", "rules", "sets"}


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("parts", "gone"),
    [
        ({Part.FILTER_TABLE}, {"filter table"}),
        ({Part.TABLE}, {"table"}),
        ({Part.FILTER_RULES}, {"filter rules"}),
        ({Part.FILTER_RULES, Part.SETS}, {"filter rules", "sets"}),
        ({Part.RULES}, {"rules"}),
        (frozenset(Part), EVERYTHING - OTHERS),
        (frozenset[Part](), set[str]()),
    ],
)
def test_a_part_goes_and_the_others_stay(
    parts: frozenset[Part], gone: set[str], traces: Traces
) -> None:
    assert found() == EVERYTHING

    removed = remove(parts, traces)

    assert removed.problems == ()
    assert found() == EVERYTHING - gone
    assert frozenset(removed.parts) <= frozenset(parts)
    assert len(removed.parts) == len(gone)


def test_a_table_goes_with_the_bridge_of_an_upgrade_that_ended_midway(traces: Traces) -> None:
    nft = require("nft", package="nftables")
    with Network() as network, network.inside():
        subprocess.run([nft, f"add table ip {TABLE}; add table ip {BRIDGE}"], check=True)

        assert remove({Part.TABLE}, traces) == ((Part.TABLE,), ())

        assert found() == set()
        assert subprocess.check_output([nft, "list", "tables"]) == b""


@pytest.mark.usefixtures("node")
def test_what_cannot_go_is_named_and_holds_up_nothing(traces: Traces) -> None:
    removed = remove({Part.SETS, Part.TABLE}, traces)  # the rules that use the sets are there

    (problem,) = removed.problems
    assert "Set cannot be destroyed: it is in use" in problem
    assert removed.parts == (Part.TABLE,)


def test_where_nothing_is_nothing_has_to_go(traces: Traces) -> None:
    with Network() as network, network.inside():
        assert remove(Part, traces) == ((), ())


@pytest.mark.skipif(Path("/proc/net/ip_vs").exists(), reason="this kernel has IPVS")
def test_a_kernel_without_ipvs_has_no_virtual_servers() -> None:
    assert not remove_virtual_servers(lambda _: True)


@pytest.mark.parametrize(
    ("mode", "packet_filter", "parts"),
    [
        ("ipvs", "nftables", {Part.VIRTUAL_SERVERS, Part.DEVICE, Part.FILTER_TABLE}),
        ("ipvs", "iptables", {Part.VIRTUAL_SERVERS, Part.DEVICE, Part.FILTER_RULES, Part.SETS}),
        ("nftables", "", {Part.TABLE}),
        ("iptables", "", {Part.RULES}),
        ("userspace", "", {Part.DEVICE}),
    ],
)
def test_a_mode_has_its_parts(mode: str, packet_filter: str, parts: set[Part]) -> None:
    assert parts_of(mode, packet_filter) == parts
