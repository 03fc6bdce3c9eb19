"""Texts become addresses, networks and times; a Node decides where node ports are."""

from collections.abc import Callable

import pytest

from svcdns.app import proxy_settings as settings
from svcdns.app.proxy_settings import EVERYWHERE, ProxySettings, proxy_options
from svcdns.cluster.model import Node
from svcdns.proxy.options import Network
from svcdns.wire.name import address_text, pack_address

NODE = Node(
    "node-a", "zone-1", tuple(map(pack_address, ("192.0.2.1", "198.51.100.1", "2001:db8::1")))
)
HERE = (pack_address("192.0.2.1"), pack_address("203.0.113.7"))
LAB = (Network(pack_address("198.51.100.0"), 24),)


@pytest.mark.parametrize(
    ("asked", "node", "here", "served"),
    [
        pytest.param(ProxySettings(), NODE, (), "192.0.2.1 2001:db8::1", id="primary"),
        pytest.param(ProxySettings(), None, HERE, "192.0.2.1", id="no Node: this machine"),
        pytest.param(ProxySettings(), None, (), "", id="nothing known"),
        pytest.param(
            ProxySettings(node_addresses=HERE), NODE, (), "192.0.2.1 203.0.113.7", id="named"
        ),
        pytest.param(ProxySettings(nodeport_networks=LAB), NODE, (), "198.51.100.1", id="networks"),
        pytest.param(
            ProxySettings(nodeport_networks=EVERYWHERE),
            NODE,
            HERE,
            "192.0.2.1 198.51.100.1 2001:db8::1 203.0.113.7",
            id="all",
        ),
        pytest.param(
            ProxySettings(nodeport_networks=LAB, node_addresses=HERE), NODE, (), "", id="none in it"
        ),
    ],
)
def test_node_ports_are_served_where_the_node_is(
    asked: ProxySettings, node: Node | None, here: tuple[bytes, ...], served: str
) -> None:
    options = proxy_options(asked, node, here)

    assert " ".join(map(address_text, options.node_addresses)) == served


def test_the_zone_is_the_nodes_unless_another_is_named() -> None:
    assert proxy_options(ProxySettings(), NODE).zone == "zone-1"
    assert proxy_options(ProxySettings(zone="zone-2"), NODE).zone == "zone-2"


def test_addresses_of_this_machine_are_never_bound() -> None:
    assert proxy_options(ProxySettings(), NODE, HERE).other_addresses == frozenset(HERE)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (settings.read_network, " 10.1.2.3/8", Network(bytes((10, 0, 0, 0)), 8)),
        (settings.read_address, "::1", bytes(15) + b"\1"),
        (settings.read_seconds, "1m30s", 90.0),
        (settings.read_seconds, 5, 5.0),
        (settings.read_scheduler, "lblc", "lblc"),
        (settings.read_bit, 0, 0),
        (settings.read_bit, "31", 31),
        (settings.read_mode, "", "ipvs"),
        (settings.read_mode, "auto", "auto"),
        (settings.read_listener, "", ""),
        (settings.read_listener, "[::]:10256", "[::]:10256"),
        (settings.read_nodeport_networks, ["primary"], ()),
        (settings.read_nodeport_networks, ["all"], EVERYWHERE),
        (settings.words_of, ["a, b", "", "c"], ("a", "b", "c")),
    ],
)
def test_what_is_written_has_a_value(
    read: Callable[[object], object], text: object, value: object
) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (settings.read_network, "10.0.0.0/33"),
        (settings.read_address, "host"),
        (settings.read_seconds, "-1s"),
        (settings.read_seconds, "1 h"),
        (settings.read_scheduler, ""),
        (settings.read_scheduler, "sixteen0letters0"),
        (settings.read_bit, "-1"),
        (settings.read_mode, "ebpf"),
        (settings.read_listener, "localhost:1"),
        (settings.read_listener, "127.0.0.1:http"),
        (settings.read_listener, "127.0.0.1:\N{SUPERSCRIPT TWO}"),
        (settings.read_listener, "127.0.0.1:\N{ARABIC-INDIC DIGIT TWO}"),
        (settings.read_nodeport_networks, ["primary", "10.0.0.0/8"]),
    ],
)
def test_what_has_no_value_is_refused(read: Callable[[object], object], text: object) -> None:
    with pytest.raises(ValueError, match="'"):
        read(text)
