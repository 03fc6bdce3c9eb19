from collections.abc import Iterable

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.filter_keeper import FilterKeeper
from svcdns.proxy.filter_rows import Row, all_rows
from svcdns.proxy.model import (
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)

SERVERS = pack_servers([RealServer(b"\n\1\0\1", 8080)])


class Rows:
    """A packet filter that remembers its rows and every step."""

    name = "rows"

    def __init__(self) -> None:
        self.rows: frozenset[Row] | None = None
        self.steps: list[str] = []
        self.is_broken = False

    def probe(self) -> None:
        """Work."""

    def setup(self) -> None:
        """Need nothing."""

    def load(self, rows: Iterable[Row]) -> None:
        self._step("load")
        self.rows = frozenset(rows)

    def change(self, added: Iterable[Row], removed: Iterable[Row]) -> None:
        self._step("change")
        assert self.rows is not None
        self.rows = (self.rows | frozenset(added)) - frozenset(removed)

    def read(self) -> frozenset[Row] | None:
        return self.rows

    def remove(self) -> None:
        self.rows = None

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if self.is_broken:
            raise DataplaneError("try", "it is broken")


def virtual(number: int, servers: bytes = SERVERS) -> VirtualServer:
    key = VirtualKey(6, bytes((10, 96, 0, number)), 80)
    return VirtualServer(
        key, Kind.CLUSTER, ServicePortName("shop", f"s{number}", ""), servers=servers
    )


def desired(*servers: VirtualServer) -> Desired:
    by_key = {one.key: one for one in servers}
    return Desired(by_key, frozenset(key.address for key in by_key))


ONE, TWO = virtual(1), virtual(2)


def test_the_first_time_everything_is_loaded() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)

    assert keeper.before(desired(ONE)) is None
    assert rows.steps == ["load"]
    assert rows.rows == frozenset(all_rows(desired(ONE)))


def test_later_what_is_new_comes_before_and_what_is_old_goes_after() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    keeper.before(desired(ONE))
    keeper.before(desired(TWO))
    both = rows.rows
    keeper.after()

    assert both == frozenset((*all_rows(desired(ONE)), *all_rows(desired(TWO))))
    assert rows.rows == frozenset(all_rows(desired(TWO)))
    assert rows.steps == ["load", "change", "change"]


def test_the_same_state_again_is_no_step() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    state = desired(ONE)
    keeper.before(state)
    keeper.after()
    keeper.before(state)
    keeper.after()

    assert rows.steps == ["load"]


def test_what_is_old_stays_however_many_batches_there_are() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    keeper.before(desired(ONE))
    state = desired(TWO)
    for _ in range(3):
        keeper.before(state)
    both = rows.rows
    keeper.after()

    assert both == frozenset((*all_rows(desired(ONE)), *all_rows(state)))
    assert rows.rows == frozenset(all_rows(state))


def test_another_address_of_the_node_loads_everything() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    state = desired(ONE)
    keeper.before(state)
    keeper.before(Desired(state.virtual_servers, state.addresses, node_addresses=(b"\n\0\0\1",)))

    assert rows.steps == ["load", "load"]


def test_after_a_failure_everything_is_loaded_again() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    keeper.before(desired(ONE))
    rows.is_broken = True
    refused = keeper.before(desired(ONE, TWO))
    rows.is_broken = False
    again = keeper.before(desired(ONE, TWO))

    assert isinstance(refused, DataplaneError)
    assert again is None
    assert rows.steps == ["load", "change", "load"]


def test_a_failure_of_a_removal_is_told_too() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    keeper.before(desired(ONE, TWO))
    keeper.before(desired(ONE))
    rows.is_broken = True

    assert isinstance(keeper.after(), DataplaneError)


def test_an_audit_mends_what_somebody_changed() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    keeper.before(desired(ONE))
    whole = rows.rows
    assert keeper.audit()
    rows.rows = frozenset()

    assert not keeper.audit()
    assert rows.rows == whole


def test_an_audit_that_cannot_mend_leaves_it_to_the_next_change() -> None:
    rows = Rows()
    keeper = FilterKeeper(rows)
    assert keeper.audit()
    state = desired(ONE)
    keeper.before(state)
    rows.rows, rows.is_broken = None, True
    assert not keeper.audit()
    rows.is_broken = False

    assert keeper.before(state) is None
    assert rows.rows == frozenset(all_rows(state))
