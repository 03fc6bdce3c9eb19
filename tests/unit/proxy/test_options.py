from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from svcdns.proxy.options import Network


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 32))
def test_what_lies_in_a_network_is_what_the_library_says(
    address: object, other: object, prefix: int
) -> None:
    inside = (
        ip_network((int(ip_address(str(other))), prefix), strict=False)
        if (ip_address(str(other)).version == 4)
        else ip_network(f"{other}/{prefix}", strict=False)
    )
    network = Network(inside.network_address.packed, inside.prefixlen)
    one = ip_address(str(address))

    expected = one.version == inside.version and one in inside
    assert network.holds(one.packed) == expected
