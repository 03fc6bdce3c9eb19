from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.errors import WordError
from svcdns.corefile.networks import Network, Networks, parse_network
from svcdns.wire.name import pack_address

MAPPED = IPv6Network("::ffff:0:0/96")

addresses = st.one_of(
    st.ip_addresses(),
    st.ip_addresses(v=4).map(lambda address: IPv6Address(f"::ffff:{address}")),
    st.ip_addresses(network="10.0.0.0/28"),
    st.ip_addresses(network="fd00::/124"),
)
networks = st.builds(
    lambda address, bits: f"{address}/{min(bits, address.max_prefixlen)}",
    addresses,
    st.integers(0, 128),
)


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address without a mapping into IPv6."""
    return getattr(address, "ipv4_mapped", None) or address


def plain_network(text: str) -> IPv4Network | IPv6Network:
    """The network without a mapping into IPv6."""
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        return ip_network((network.network_address.packed[12:], network.prefixlen - 96))
    return network


@given(st.lists(networks, max_size=8), addresses)
def test_an_address_is_in_the_networks_that_python_says(
    texts: list[str], address: IPv4Address | IPv6Address
) -> None:
    held = Networks(parse_network(text) for text in texts)

    expected = any(plain(address) in plain_network(text) for text in texts)
    assert (address.packed in held) == expected


@given(networks)
def test_the_first_and_the_last_address_are_held_and_none_beside(text: str) -> None:
    held = Networks([parse_network(text)])
    network = plain_network(text)
    kind = IPv4Address if network.version == 4 else IPv6Address

    for address in (int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1):
        if 0 <= address < 1 << network.max_prefixlen:
            beside = kind(address)
            assert (beside.packed in held) == (plain(beside) in network)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3", Network(0x0A010203, 32, 32)),
        ("10.1.2.3/8", Network(10, 8, 32)),
        ("0.0.0.0/0", Network(0, 0, 32)),
        ("::1", Network(1, 128, 128)),
        ("fd00::/8", Network(0xFD, 8, 128)),
        ("::/0", Network(0, 0, 128)),
        ("::ffff:10.0.0.0/104", Network(10, 8, 32)),
        ("::ffff:10.0.0.1", Network(0x0A000001, 32, 32)),
        ("::ffff:0:0/95", Network(0x7FFF, 95, 128)),
        ("10.0.0.0/08", Network(10, 8, 32)),
    ],
)
def test_networks_are_read(text: str, network: Network) -> None:
    assert parse_network(text) == network


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "write an address, or a network as in 10.0.0.0/8 and fd00::/8"),
        ("local", "write an address, or a network as in 10.0.0.0/8 and fd00::/8"),
        ("10.0.0/8", "write an address, or a network as in 10.0.0.0/8 and fd00::/8"),
        ("127.00.0.1", "write an address, or a network as in 10.0.0.0/8 and fd00::/8"),
        ("fe80::1%eth0", "write an address, or a network as in 10.0.0.0/8 and fd00::/8"),
        ("10.0.0.0/", "write a length from 0 to 32: 10.0.0.0/32"),
        ("10.0.0.0/33", "write a length from 0 to 32: 10.0.0.0/32"),
        ("10.0.0.0/-1", "write a length from 0 to 32: 10.0.0.0/32"),
        ("10.0.0.0/255.0.0.0", "write a length from 0 to 32: 10.0.0.0/32"),
        ("fd00::/129", "write a length from 0 to 128: fd00::/128"),
    ],
)
def test_what_is_no_network_is_a_mistake(text: str, hint: str) -> None:
    with pytest.raises(WordError) as caught:
        parse_network(text)

    assert caught.value.problem == f"illegal CIDR notation '{text}'"
    assert caught.value.hint == hint


@given(st.text("0123456789abcdef:./-", max_size=20))
def test_any_text_is_a_network_or_a_mistake(text: str) -> None:
    try:
        prefix, length, width = parse_network(text)
    except WordError:
        return

    assert 0 <= prefix < 1 << length <= 1 << width
    assert pack_address(text.partition("/")[0])


def test_no_network_holds_nobody() -> None:
    assert ip_address("10.0.0.1").packed not in Networks([])
