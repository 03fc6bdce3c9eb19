import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.proxy.model import RealServer, pack_servers
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import RealizedServer

SERVERS = st.sets(
    st.builds(RealServer, st.binary(min_size=4, max_size=4), st.integers(0, 65535)), max_size=8
)


@given(SERVERS, SERVERS)
def test_it_is_a_mapping_of_what_was_packed(some: set[RealServer], others: set[RealServer]) -> None:
    mapping = PackedServers(pack_servers(some), 4)

    assert set(mapping) == some
    assert len(mapping) == len(some)
    assert all((one in mapping) == (one in some) for one in others)
    assert dict(mapping) == dict.fromkeys(some, RealizedServer())


def test_rows_that_only_look_alike_across_a_border_are_not_there() -> None:
    mapping = PackedServers(bytes(range(12)), 4)

    with pytest.raises(KeyError):
        mapping[RealServer(bytes((1, 2, 3, 4)), 0x0506)]
