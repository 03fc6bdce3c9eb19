import pytest

from svcdns.proxy.model import Kind
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.refused import why_refused
from svcdns.wire.name import pack_address

OPTIONS = ProxyOptions(node_addresses=(pack_address("192.0.2.1"),))


@pytest.mark.parametrize(
    ("kind", "address", "is_refused"),
    [
        (Kind.CLUSTER, "10.96.0.1", False),
        (Kind.CLUSTER, "fd00::1", False),
        (Kind.CLUSTER, "127.1.2.3", True),
        (Kind.EXTERNAL, "fd00:ec2::254", True),
        (Kind.EXTERNAL, "ff02::1", True),
        (Kind.EXTERNAL, "192.0.2.1", True),
        (Kind.BALANCER, "192.0.2.1", False),
        (Kind.BALANCER, "fe80::1", True),
        (Kind.NODE, "192.0.2.1", False),
    ],
)
def test_a_service_takes_nothing_away_from_the_node(
    kind: Kind,
    address: str,
    is_refused: bool,  # noqa: FBT001  a table
) -> None:
    assert bool(why_refused(kind, pack_address(address), OPTIONS)) == is_refused
