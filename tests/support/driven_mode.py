"""One mode of the proxy without its loop of retries: objects in, plan, diff, backend.

The backend's event loop runs in a thread of its own, so that a mode that serves by itself does
so while the test asks.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.cluster.state import State
from svcdns.dataplane.backend import Backend, Failure
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables import Iptables
from svcdns.dataplane.iptables_programs import find_programs
from svcdns.dataplane.nftables import Nftables
from svcdns.dataplane.reconcile import flows_that_go_on
from svcdns.dataplane.userspace import Userspace
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
OPTIONS = FilterOptions(cluster_networks=PODS)
MODES: dict[str, Callable[[], Nftables | Iptables | Userspace]] = {
    "nftables": lambda: Nftables(OPTIONS),
    "iptables-nft": lambda: Iptables(OPTIONS, find=lambda: find_programs(("-nft",))),
    "iptables-legacy": lambda: Iptables(OPTIONS, find=lambda: find_programs(("-legacy",))),
    "userspace": Userspace,
}

_Result = TypeVar("_Result")


class DrivenMode:
    """A backend, and what is planned for it."""

    def __init__(self, mode: str, scheduler: str = "rr") -> None:
        """Set up; what an earlier one left in the kernel stays."""
        self.state = State()
        self.plan = Plan(
            ProxyOptions(
                node="here",
                node_addresses=tuple(map(pack_address, NODE_ADDRESSES)),
                cluster_networks=PODS,
                external_ips=True,
                scheduler=scheduler,
            )
        )
        self.desired = Desired()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        made = MODES[mode]()
        self.backend: Backend = made
        self._close = made.close
        self._run(self.backend.probe())
        self._run(self.backend.setup())

    def close(self) -> None:
        """Give sockets and threads back, as a program that ends; the kernel keeps everything."""
        self._loop.call_soon_threadsafe(self._close)
        self._run(_nothing())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def read(self) -> Realized:
        """Return what there is of ours."""
        return self._run(self.backend.read())

    def operations(self, *objects: Object, gone: tuple[Object, ...] = ()) -> tuple[Operation, ...]:
        """Return what has to be done after these objects came, and those went."""
        events = [*events_of(objects), *(WatchEvent(type(one), one.key, None) for one in gone)]
        self.state.apply(events, 1)
        self.desired = self.plan.rebuild(self.state)
        return diff(self.desired, self.read(), drains=False)

    def have(self, *objects: Object, gone: tuple[Object, ...] = ()) -> None:
        """Make real what these objects ask for besides the earlier ones."""
        failures = self.apply(*self.operations(*objects, gone=gone))
        assert not failures, failures

    def apply(self, *operations: Operation) -> tuple[Failure, ...]:
        """Do these, as the reconciler does; return what did not work."""
        failures = self._run(self.backend.apply(operations, self.desired))
        serving = flows_that_go_on(self.desired.virtual_servers, self.desired)
        self._run(self.backend.forget_flows(serving))
        return failures

    def cleanup(self) -> None:
        """Take everything of ours away."""
        self._run(self.backend.cleanup())

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _nothing() -> None:
    pass
