"""The proxy without its loop: objects in, plan, diff, backend, one step at a time."""

import asyncio
from pathlib import Path

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.cluster.state import State
from svcdns.dataplane.backend import Failure
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.proxy.diff import diff
from svcdns.proxy.model import Desired
from svcdns.proxy.operations import Operation
from svcdns.proxy.options import Network, ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized
from svcdns.wire.name import pack_address
from tests.support.proxied import events_of

NODE_ADDRESSES = ("192.0.2.1", "2001:db8::1")
PODS = (Network(pack_address("10.1.0.0"), 16), Network(pack_address("fd00:1::"), 32))


class Driven:
    """A backend `ipvs` with the iptables writer, and what is planned for it."""

    def __init__(self, journal: Path, options: ProxyOptions | None = None) -> None:
        """Set up; what an earlier one left in the kernel stays."""
        self.options = options or ProxyOptions(
            node="here",
            node_addresses=tuple(map(pack_address, NODE_ADDRESSES)),
            cluster_networks=PODS,
            external_ips=True,
        )
        self.state = State()
        self.plan = Plan(self.options)
        self.desired = Desired()
        self._runner = asyncio.Runner()
        self.backend = IpvsBackend(
            IpvsOptions(journal=journal, exclude=self.options.exclude),
            IptablesFilter(FilterOptions(cluster_networks=PODS)),
        )
        self.capabilities = self._runner.run(self.backend.probe())
        self._runner.run(self.backend.setup())

    def close(self) -> None:
        """Give sockets and thread back, as a program that ends; the kernel keeps everything."""
        self.backend.close()
        self._runner.close()

    def read(self) -> Realized:
        """Return what the kernel has of ours."""
        return self._runner.run(self.backend.read())

    def operations(self, *objects: Object, gone: tuple[Object, ...] = ()) -> tuple[Operation, ...]:
        """Return what has to be done after these objects came, and those went."""
        events = [*events_of(objects), *(WatchEvent(type(one), one.key, None) for one in gone)]
        self.state.apply(events, 1)
        self.desired = self.plan.rebuild(self.state)
        return diff(self.desired, self.read())

    def apply(self, *operations: Operation) -> tuple[Failure, ...]:
        """Do these; return what did not work."""
        return self._runner.run(self.backend.apply(operations, self.desired))

    def have(self, *objects: Object, gone: tuple[Object, ...] = ()) -> None:
        """Make the kernel have what these objects ask for besides the earlier ones."""
        failures = self.apply(*self.operations(*objects, gone=gone))
        assert not failures, failures

    def settle(self) -> None:
        """Take away drained real servers, as the clock would when their time is over."""
        failures = self.apply(*diff(self.desired, self.read(), drains=False))
        assert not failures, failures

    def cleanup(self) -> None:
        """Take everything of ours away."""
        self._runner.run(self.backend.cleanup())
