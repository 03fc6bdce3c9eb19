from svcdns.dataplane.backend import Failure
from svcdns.dataplane.written import failures_of
from svcdns.proxy.model import TCP, Kind, RealServer, ServicePortName, VirtualKey, VirtualServer
from svcdns.proxy.operations import AddServer, AddVirtual, Bind, DeleteVirtual, SetVirtual, Unbind

WEB = ServicePortName("shop", "web", "")
KEY, OTHER = (VirtualKey(TCP, bytes((10, 96, 0, n)), 80) for n in (1, 2))
ONE = VirtualServer(KEY, Kind.CLUSTER, WEB)


def test_operations_fail_with_their_virtual_server_or_their_address() -> None:
    mine = (AddVirtual(ONE), SetVirtual(ONE), AddServer(KEY, RealServer(b"\0" * 4, 1), WEB))
    addresses = (Bind(KEY.address), Unbind(KEY.address))

    found = failures_of((*mine, *addresses, DeleteVirtual(OTHER)), {KEY: "why"}, "why not")

    assert found == (
        *(Failure(one, "why") for one in mine),
        *(Failure(one, "why not") for one in addresses),
    )


def test_nothing_fails_without_a_cause() -> None:
    assert failures_of((AddVirtual(ONE), Bind(KEY.address)), {}, "") == ()
