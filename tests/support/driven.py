"""The proxy without its loop: objects in, plan, diff, backend, one step at a time.

The writer of the packet filter is iptables, or what SVCDNS_FILTER names: see tests/kernel.
"""

import asyncio
import os
from pathlib import Path

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.cluster.state import State
from svcdns.dataplane.backend import Failure
from svcdns.dataplane.filter import FilterOptions, PacketFilter
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.filter_nftables import NftablesFilter
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.dataplane.reconcile import flows_that_go_on
from svcdns.proxy.diff import diff
from svcdns.proxy.model import Desired
from svcdns.proxy.operations import Operation
from svcdns.proxy.options import Network, ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized
from svcdns.wire.name import pack_address
from tests.support.ipvs_world import shell
from tests.support.proxied import events_of

NODE_ADDRESSES = ("192.0.2.1", "2001:db8::1")
PODS = (Network(pack_address("10.1.0.0"), 16), Network(pack_address("fd00:1::"), 32))
FILTER = os.environ.get("SVCDNS_FILTER", "iptables")


def packet_filter(options: FilterOptions) -> PacketFilter:
    """Return what stands beside IPVS in this run."""
    return NftablesFilter(options) if FILTER == "nftables" else IptablesFilter(options)


def flush_filter() -> None:
    """Take what the packet filter has away, as somebody else would: rules and entries of sets."""
    if FILTER == "nftables":
        shell("nft flush chain ip svcdns-ipvs services", "nft flush set ip svcdns-ipvs served")
    else:
        shell("iptables-legacy -t nat -F IPVS-SVCDNS-SERVICES", "ipset flush IPVS-SVCDNS-SERVED")


def shown_filter() -> str:
    """Return what the kernel says of the packet filter."""
    if FILTER == "nftables":
        return shell("nft list tables", "nft list ruleset")
    return shell("iptables-legacy-save", "ip6tables-legacy-save", "ipset save")


class Driven:
    """A backend `ipvs` with its packet filter, and what is planned for it."""

    def __init__(
        self, journal: Path, options: ProxyOptions | None = None, *, binding: str = "device"
    ) -> None:
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
            IpvsOptions(
                journal=journal,
                exclude=self.options.exclude,
                strict_arp=self.options.strict_arp,
                binding=binding,
            ),
            packet_filter(FilterOptions(cluster_networks=PODS)),
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
        """Do these, as the reconciler does; return what did not work."""
        failures = self._runner.run(self.backend.apply(operations, self.desired))
        serving = flows_that_go_on(self.desired.virtual_servers, self.desired)
        self._runner.run(self.backend.forget_flows(serving))
        return failures

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
