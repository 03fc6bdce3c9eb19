"""What an errno of the kernel means for one operation, and what helps.

Source: errno(3), net/netfilter/ipvs/ip_vs_ctl.c, net/core/rtnetlink.c.
"""

import errno
import os

from svcdns.dataplane.backend import DataplaneError, Failure
from svcdns.dataplane.netlink_wire import Verdict
from svcdns.proxy.model import RealServer
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
from svcdns.wire.name import address_text

NOT_THERE = frozenset({errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENODEV})
"""Deleting or changing what has gone already."""
SURPRISES = frozenset({errno.EEXIST, errno.ENOBUFS}) | NOT_THERE
"""The kernel does not hold what we took it to hold: read everything back."""

_NOT_KNOWN = "the kernel had no room for its answer, so the outcome is not known"
_CAUSES = {
    errno.EPERM: ("only CAP_NET_ADMIN may", "add the capability NET_ADMIN"),
    errno.EACCES: ("it is not allowed here", "sysctl net.ipv6.conf.all.disable_ipv6 has to be 0"),
    errno.ENOBUFS: (_NOT_KNOWN, "it is read back and done again"),
    errno.EEXIST: ("it is there already", "somebody else made it; it is read back"),
    errno.ESRCH: ("its virtual server is not there", "somebody else deleted it; it is read back"),
    errno.ENOENT: ("it is not there", "somebody else deleted it; it is read back"),
    errno.ENODEV: ("the device is not there", "somebody else deleted it; it is made again"),
    errno.EADDRNOTAVAIL: ("the address is not there", "somebody else deleted it; it is read back"),
    errno.ENOMEM: ("the kernel has no memory left", "free memory on this node; it is tried again"),
    errno.EINVAL: ("the kernel takes it for invalid", ""),
    errno.EAFNOSUPPORT: ("this kernel has no such address family", "modprobe ipv6"),
    errno.EOPNOTSUPP: ("this kernel cannot do it", ""),
}


def explained(operation: str, number: int, text: str = "") -> DataplaneError:
    """Return the error that names operation, cause and remedy.

    Args:
        operation: what was asked, with its object: `add TCP 10.0.0.1:80`.
        number: an errno.
        text: the kernel's own words, if it had any.
    """
    cause, remedy = _CAUSES.get(number, (os.strerror(number), ""))
    name = errno.errorcode.get(number, str(number))
    words = f"{cause} ({name}{f': {text}' if text else ''})"
    return DataplaneError(operation, words, remedy)


def no_scheduler(operation: str, scheduler: str) -> DataplaneError:
    """Return the error of a virtual server whose scheduler this kernel does not have."""
    return DataplaneError(
        operation,
        f"this kernel has no scheduler {scheduler} (ENOENT)",
        f"modprobe ip_vs_{scheduler}",
    )


def failure_of(operation: Operation, verdict: Verdict) -> Failure:
    """Return the failure of one operation that the kernel refused."""
    what = described(operation)
    error = explained(what, *verdict)
    if isinstance(operation, AddVirtual | SetVirtual) and verdict.number == errno.ENOENT:
        error = no_scheduler(what, operation.virtual.scheduler)
    words = f"{error.cause}; {error.remedy}" if error.remedy else error.cause
    return Failure(operation, words, is_surprise=verdict.number in SURPRISES)


def described(operation: Operation) -> str:
    """Return what an operation does, with its object: the first words of its error."""
    match operation:
        case AddVirtual(virtual):
            text = f"add virtual server {virtual.key} of {virtual.service}"
        case SetVirtual(virtual):
            text = f"change virtual server {virtual.key} of {virtual.service}"
        case DeleteVirtual(key):
            text = f"delete virtual server {key}"
        case AddServer(key, server, service):
            text = f"add real server {_place(server)} of {service} to {key}"
        case SetWeight(key, server, weight):
            text = f"give real server {_place(server)} of {key} weight {weight}"
        case DeleteServer(key, server):
            text = f"delete real server {_place(server)} of {key}"
        case Bind(address):
            text = f"bind {address_text(address)}"
        case Unbind(address):
            text = f"unbind {address_text(address)}"
    return text


def _place(server: RealServer) -> str:
    host = address_text(server.address)
    return f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
