import errno

import pytest

from svcdns.dataplane.kernel_error import described, explained, failure_of, no_scheduler
from svcdns.dataplane.netlink_wire import Verdict
from svcdns.proxy.model import Kind, RealServer, ServicePortName, VirtualKey, VirtualServer
from svcdns.proxy.operations import (
    AddServer,
    AddVirtual,
    Bind,
    DeleteServer,
    DeleteVirtual,
    Operation,
    SetVirtual,
    SetWeight,
    Unbind,
)

KEY, SERVER = VirtualKey(6, b"\n\0\0\1", 80), RealServer(b"\n\1\0\1", 8080)
SIX = RealServer(bytes(15) + b"\1", 8080)
NAME = ServicePortName("shop", "web", "http")
VIRTUAL = VirtualServer(KEY, Kind.CLUSTER, NAME)


@pytest.mark.parametrize(
    ("number", "name", "remedy"),
    [
        (errno.EPERM, "EPERM", "NET_ADMIN"),
        (errno.ENOBUFS, "ENOBUFS", "done again"),
        (errno.EEXIST, "EEXIST", "read back"),
        (errno.ENOENT, "ENOENT", "read back"),
        (errno.ENOMEM, "ENOMEM", "free memory"),
    ],
)
def test_an_error_names_operation_cause_and_remedy(number: int, name: str, remedy: str) -> None:
    error = explained("bind 10.0.0.1", number)

    assert error.operation == "bind 10.0.0.1"
    assert name in error.cause
    assert remedy in error.remedy


def test_the_kernels_own_words_are_kept() -> None:
    assert "(EINVAL: too long)" in explained("bind", errno.EINVAL, "too long").cause


def test_a_number_nobody_knows_is_still_said() -> None:
    assert "Unknown error 4104" in explained("bind", 4104).cause


def test_a_missing_scheduler_names_its_module() -> None:
    assert no_scheduler("add", "mh").remedy == "modprobe ip_vs_mh"


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (AddVirtual(VIRTUAL), "add virtual server 10.0.0.1:80/TCP of shop/web:http"),
        (SetVirtual(VIRTUAL), "change virtual server 10.0.0.1:80/TCP of shop/web:http"),
        (DeleteVirtual(KEY), "delete virtual server 10.0.0.1:80/TCP"),
        (
            AddServer(KEY, SERVER, NAME),
            "add real server 10.1.0.1:8080 of shop/web:http to 10.0.0.1:80/TCP",
        ),
        (SetWeight(KEY, SIX, 0), "give real server [::1]:8080 of 10.0.0.1:80/TCP weight 0"),
        (DeleteServer(KEY, SERVER), "delete real server 10.1.0.1:8080 of 10.0.0.1:80/TCP"),
        (Bind(KEY.address), "bind 10.0.0.1"),
        (Unbind(KEY.address), "unbind 10.0.0.1"),
    ],
)
def test_an_operation_is_described_with_its_object(operation: Operation, text: str) -> None:
    assert described(operation) == text


def test_a_failure_says_cause_and_remedy_and_whether_it_is_a_surprise() -> None:
    denied = failure_of(DeleteVirtual(KEY), Verdict(errno.EPERM, ""))
    gone = failure_of(AddServer(KEY, SERVER, NAME), Verdict(errno.ESRCH, ""))

    assert "CAP_NET_ADMIN" in denied.cause
    assert "NET_ADMIN" in denied.cause.split(";")[1]
    assert not denied.is_surprise
    assert gone.is_surprise


def test_a_refused_virtual_server_names_the_module_of_its_scheduler() -> None:
    failure = failure_of(AddVirtual(VIRTUAL), Verdict(errno.ENOENT, ""))

    assert "modprobe ip_vs_rr" in failure.cause
