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
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.parted import Parted
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual

AT_ONCE = 8000
"""Operations in one batch of many: they take two megabytes."""

_Servers = Mapping[VirtualKey, VirtualServer]
_NO_SERVERS: Mapping[RealServer, RealizedServer] = {}
_NEVER_DRAINED = frozenset(("dh",))
"""A server of weight 0 to which the address hashes makes the whole Service refuse."""


class _Batch:
    """Operations on some virtual servers and addresses, by when their time is."""

    def __init__(self, desired: Desired, realized: Realized, *, drains: bool = True) -> None:
        self._desired = desired
        self._realized = realized
        self._drains = drains
        self._added: list[Operation] = []
        self._removed: list[Operation] = []
        self._gone: list[VirtualKey] = []
        self.bound: list[bytes] = []
        self.unbound: list[bytes] = []

    def __len__(self) -> int:
        return len(self._added) + len(self._removed) + len(self._gone)

    def look(self, key: VirtualKey) -> None:
        """Take in what there is to be done at one place."""
        virtual = self._desired.virtual_servers.get(key)
        there = self._realized.virtual_servers.get(key)
        if virtual is None:
            if there is not None:
                self._gone.append(key)
            return
        if there is None:
            self._added.append(AddVirtual(virtual))
        elif _differs(virtual, there):
            self._added.append(SetVirtual(virtual))
        servers = there.servers if there is not None else _NO_SERVERS
        if isinstance(servers, PackedServers) and servers.rows == virtual.servers:
            return
        self._added += _missing(virtual, servers)
        self._removed += _superfluous(virtual, servers, drains=self._drains)

    def operations(self) -> tuple[Operation, ...]:
        """Return them in their order."""
        return (
            *self._added,
            *map(Bind, sorted(self.bound)),
            *self._removed,
            *map(Unbind, sorted(self.unbound)),
            *map(DeleteVirtual, self._gone),
        )


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
    batch = _Batch(desired, realized, drains=drains)
    for key in _all_keys(desired, realized) if only is None else only:
        batch.look(key)
    batch.bound += desired.addresses - realized.addresses
    batch.unbound += realized.addresses - desired.addresses
    return batch.operations()


def diff_in_batches(
    desired: Desired,
    realized: Realized,
    *,
    only: Collection[VirtualKey] | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[tuple[Operation, ...]]:
    """Yield the operations of `diff` in batches, at least one; each in the safe order.

    A node that has nothing yet needs an operation for each endpoint of the cluster: they need
    not all be there at the same time. What is at an address that is bound is in one batch with
    it, so that it never is local without its virtual servers.

    Args:
        desired: what there should be.
        realized: what there is.
        only: as for `diff`.
        at_once: a batch ends with the first address that makes it so many operations.
    """
    bound = set(desired.addresses - realized.addresses)
    unbound = set(realized.addresses - desired.addresses)
    places: dict[bytes | VirtualKey, list[VirtualKey]] = {}
    for key in _all_keys(desired, realized) if only is None else only:
        is_bound = key.address in desired.addresses or key.address in realized.addresses
        places.setdefault(key.address if is_bound else key, []).append(key)
    batch = _Batch(desired, realized)
    for keys in places.values():
        for key in keys:
            batch.look(key)
        for wanted, taken in ((bound, batch.bound), (unbound, batch.unbound)):
            if keys[0].address in wanted:
                wanted.remove(keys[0].address)
                taken.append(keys[0].address)
        if len(batch) >= at_once:
            yield batch.operations()
            batch = _Batch(desired, realized)
    batch.bound += bound
    batch.unbound += unbound
    yield batch.operations()


def _all_keys(desired: Desired, realized: Realized) -> Iterable[VirtualKey]:
    return dict.fromkeys((*desired.virtual_servers, *realized.virtual_servers))


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
