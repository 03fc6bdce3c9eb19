from svcdns.dataplane.near_servers import NearServers
from svcdns.proxy.model import (
    TCP,
    UDP,
    Desired,
    Kind,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)

WEB = ServicePortName("shop", "web", "")
ROW = bytes((10, 1, 0, 1, 31, 144))


def virtual(last: int, kind: Kind, servers: bytes = b"", protocol: int = TCP) -> VirtualServer:
    key = VirtualKey(protocol, bytes((10, 96, 0, last)), 80)
    local = kind is not Kind.CLUSTER
    return VirtualServer(key, kind, WEB, servers=servers, external_local=local)


def followed(*some: VirtualServer) -> NearServers:
    near = NearServers()
    near.follow(Desired({one.key: one for one in some}))
    return near


def test_policy_local_has_the_servers_of_the_cluster_address() -> None:
    cluster, node = virtual(1, Kind.CLUSTER, ROW), virtual(2, Kind.NODE)

    near = followed(cluster, node)

    assert near.of(node) == ROW
    assert near.key_of(node) == cluster.key


def test_a_cluster_address_needs_none() -> None:
    cluster = virtual(1, Kind.CLUSTER, ROW)

    near = followed(cluster, virtual(2, Kind.NODE))

    assert near.of(cluster) == b""
    assert near.key_of(cluster) is None


def test_another_protocol_or_a_service_without_servers_has_none() -> None:
    node = virtual(2, Kind.NODE)

    assert followed(virtual(1, Kind.CLUSTER, ROW, UDP), node).of(node) == b""
    assert followed(virtual(1, Kind.CLUSTER), node).of(node) == b""


def test_the_last_state_counts() -> None:
    node = virtual(2, Kind.NODE)
    near = followed(virtual(1, Kind.CLUSTER, ROW), node)

    near.follow(Desired({node.key: node}))

    assert near.of(node) == b""
