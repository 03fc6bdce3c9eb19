"""In a network namespace of the test's own. Rules and sets together: test_filter_iptables."""

from collections.abc import Iterator

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.ipset import Sets
from svcdns.proxy.filter_rows import Purpose, Row
from tests.support.namespaces import Network
from tests.support.tools import require

ONE = Row(Purpose.SERVED, bytes((10, 96, 0, 1)), 6, 80)


@pytest.fixture
def sets() -> Iterator[Sets]:
    """Sets of a kernel that has none."""
    require("ipset", package="ipset")
    with Network() as network, network.inside():
        made = Sets()
        made.probe()
        yield made


def test_sets_that_are_not_there_are_nothing(sets: Sets) -> None:
    assert sets.read() is None


def test_making_them_again_keeps_what_they_hold(sets: Sets) -> None:
    sets.make()
    sets.change([ONE], [])
    sets.make()

    assert sets.read() == frozenset([ONE])


def test_a_row_for_a_set_that_is_not_there_is_refused(sets: Sets) -> None:
    with pytest.raises(DataplaneError, match="change sets"):
        sets.change([ONE], [])


def test_removed_sets_are_gone(sets: Sets) -> None:
    sets.make()
    sets.remove()

    assert sets.read() is None
