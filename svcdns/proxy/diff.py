"""Desired against realized -> operations, in an order in which nothing is missing on the way.

First virtual servers and real servers that are missing, then addresses; what is not wanted any
more goes last, addresses before virtual servers. So an address is never local without its
virtual server, and a Service that stays never loses its last real server before it has another.

Source: ipvsadm(8); docs/proxy.md on draining.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from svcdns.proxy.model import (
    TCP,
    Desired,
    RealServer,
    VirtualKey,
    VirtualServer,
)
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
from svcdns.proxy.parted import Parted
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual

_Servers = Mapping[VirtualKey, VirtualServer]
_NO_SERVERS: Mapping[RealServer, RealizedServer] = {}
_NEVER_DRAINED = frozenset(("dh",))
"""A server of weight 0 to which the address hashes makes the whole Service refuse."""


def diff(
    desired: Desired,
    realized: Realized,
    *,
    drains: bool = True,
    only: Collection[VirtualKey] | None = None,
) -> tuple[Operation, ...]:
    """Return the operations that make `realized` what `desired` says.

    Args:
        desired: what there should be.
        realized: what there is.
        drains: let TCP servers that are gone finish their connections: weight 0 first, whatever
            was counted, as clients may have come since; taken away by the first diff that finds
            weight 0 and no connection, or when the caller has waited long enough. False: take
            them away at once.
        only: virtual servers to look at, when it is known that the others agree; None: all.
    """
    added: list[Operation] = []
    removed: list[Operation] = []
    keys = only
    if keys is None:
        keys = dict.fromkeys((*desired.virtual_servers, *realized.virtual_servers))
    for key in keys:
        virtual = desired.virtual_servers.get(key)
        if virtual is None:
            continue
        there = realized.virtual_servers.get(key)
        if there is None:
            added.append(AddVirtual(virtual))
        elif _differs(virtual, there):
            added.append(SetVirtual(virtual))
        servers = there.servers if there is not None else _NO_SERVERS
        added += _missing(virtual, servers)
        removed += _superfluous(virtual, servers, drains=drains)
    gone = [
        key
        for key in keys
        if key in realized.virtual_servers and key not in desired.virtual_servers
    ]
    return (
        *added,
        *(Bind(address) for address in sorted(desired.addresses - realized.addresses)),
        *removed,
        *(Unbind(address) for address in sorted(realized.addresses - desired.addresses)),
        *(DeleteVirtual(key) for key in gone),
    )


def _differs(virtual: VirtualServer, there: RealizedVirtual) -> bool:
    wanted = (virtual.scheduler, virtual.flags, virtual.persistence_timeout)
    return wanted != (there.scheduler, there.flags, there.persistence_timeout)


def _missing(
    virtual: VirtualServer, servers: Mapping[RealServer, RealizedServer]
) -> Iterator[Operation]:
    for server in virtual.real_servers():
        there = servers.get(server)
        if there is None:
            yield AddServer(virtual.key, server, virtual.service)
        elif there.weight != 1:
            yield SetWeight(virtual.key, server, 1)


def _superfluous(
    virtual: VirtualServer, servers: Mapping[RealServer, RealizedServer], *, drains: bool
) -> Iterator[Operation]:
    if not servers:
        return
    wanted = set(virtual.real_servers())
    may_finish = drains and may_drain(virtual.key, virtual.scheduler)
    for server, there in servers.items():
        if server in wanted:
            continue
        if may_finish and there.weight:
            yield SetWeight(virtual.key, server, 0)
        elif not (may_finish and (there.active or there.inactive)):
            yield DeleteServer(virtual.key, server)


def changed_keys(before: Desired, after: Desired) -> list[VirtualKey]:
    """Return the virtual servers that are not the same in both.

    Of two states that a plan made one after the other only the parts that differ are looked at.
    """
    old, new = before.virtual_servers, after.virtual_servers
    pairs: Iterable[tuple[_Servers, _Servers]] = [(old, new)]
    if isinstance(old, Parted) and isinstance(new, Parted):
        pairs = old.apart_from(new)
    changed: list[VirtualKey] = []
    for was, becomes in pairs:
        changed += [key for key, virtual in becomes.items() if was.get(key) is not virtual]
        changed += [key for key in was if key not in becomes]
    return changed


def may_drain(key: VirtualKey, scheduler: str) -> bool:
    """Return whether servers there that are gone are to finish what they have first."""
    return key.protocol == TCP and scheduler not in _NEVER_DRAINED
