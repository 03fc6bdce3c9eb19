from svcdns.dataplane.backend import Failure
from svcdns.dataplane.written import Once, Outcome, failures_of
from svcdns.proxy.model import (
    TCP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)
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


def test_a_state_is_written_with_its_first_batch_and_fails_in_each() -> None:
    written: list[Desired] = []

    def write(desired: Desired) -> Outcome:
        written.append(desired)
        return Outcome({OTHER: "why"}, "")

    once, state = Once(write), Desired()

    assert once.failures([AddVirtual(ONE)], state, rest=True) == ()
    assert once.failures([DeleteVirtual(OTHER)], state, rest=True) == (
        Failure(DeleteVirtual(OTHER), "why"),
    )
    assert once.failures([], state, rest=False) == ()
    assert len(written) == 1


def test_another_state_and_the_same_one_after_its_end_are_written() -> None:
    written: list[Desired] = []

    def write(desired: Desired) -> Outcome:
        written.append(desired)
        return Outcome({}, "")

    once, one, other = Once(write), Desired(), Desired()
    once.failures([], one, rest=True)
    once.failures([], other, rest=False)
    once.failures([], other, rest=False)

    assert [state is one for state in written] == [True, False, False]
