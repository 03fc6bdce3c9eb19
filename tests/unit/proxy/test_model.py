from hypothesis import given
from hypothesis import strategies as st

from svcdns.proxy.model import TCP, RealServer, VirtualKey, pack_servers, unpack_servers

SERVERS = st.builds(RealServer, st.binary(min_size=4, max_size=4), st.integers(1, 65_535))


@given(st.lists(SERVERS))
def test_rows_hold_each_server_once_in_order(servers: list[RealServer]) -> None:
    assert list(unpack_servers(pack_servers(servers), 4)) == sorted(set(servers))


def test_a_key_is_written_as_people_write_it() -> None:
    assert str(VirtualKey(TCP, bytes((10, 0, 0, 1)), 80)) == "10.0.0.1:80/TCP"
    assert str(VirtualKey(TCP, bytes(15) + b"\1", 80)) == "[::1]:80/TCP"
