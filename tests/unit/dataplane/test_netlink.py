import errno
import socket

import pytest

from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.netlink import NetlinkSocket, Request

LOOPBACK = Request(messages.GET_LINK, messages.link_named("lo"))
NOBODY = Request(messages.GET_LINK, messages.link_named("nobody0"))


def test_one_request_has_one_answer() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        link = messages.read_link(sock.ask(LOOPBACK))

    assert link is not None
    assert link.name == "lo"


def test_a_refused_request_raises_with_the_kernels_number() -> None:
    with (
        NetlinkSocket(socket.NETLINK_ROUTE) as sock,
        pytest.raises(OSError, match="No such device") as caught,
    ):
        sock.ask(NOBODY)

    assert caught.value.errno == errno.ENODEV


def test_a_dump_has_everything() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        dumped = sock.dump(Request(messages.GET_ADDRESS, messages.addresses()))

    found = [one.packed for one in map(messages.read_address, dumped) if one is not None]
    assert socket.inet_aton("127.0.0.1") in found


def test_a_refused_dump_raises() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock, pytest.raises(OSError, match=r"."):
        sock.dump(Request(0x7F, b""))


def test_failures_of_a_batch_are_known_by_their_place() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        failed = sock.batch([LOOPBACK, NOBODY, LOOPBACK, NOBODY, LOOPBACK])

    assert {place: one.number for place, one in failed.items()} == {
        1: errno.ENODEV,
        3: errno.ENODEV,
    }


def test_a_batch_may_be_longer_than_one_send() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        failed = sock.batch([NOBODY] * 2500)
        again = sock.batch([NOBODY, LOOPBACK])

    assert sorted(failed) == list(range(2500))
    # Without CAP_NET_ADMIN the socket has too little room for a thousand answers.
    assert {one.number for one in failed.values()} <= {errno.ENODEV, errno.ENOBUFS}
    assert [*again] == [0]


def test_an_empty_batch_has_no_failure() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        assert sock.batch([]) == {}


def test_when_the_kernel_has_no_room_to_answer_the_outcome_is_not_known() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as sock:
        sock._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # noqa: SLF001 - the one way
        failed = sock.batch([NOBODY] * 200)
        again = sock.batch([NOBODY, LOOPBACK])

    assert errno.ENOBUFS in {one.number for one in failed.values()}
    assert {place: one.number for place, one in again.items()} == {0: errno.ENODEV}


def test_the_kernel_knows_a_socket_by_its_port() -> None:
    with NetlinkSocket(socket.NETLINK_ROUTE) as one, NetlinkSocket(socket.NETLINK_ROUTE) as two:
        assert one.port != two.port
