"""What one node should have, computed once: for `svcdns proxy --dry-run` and comparisons.

Nothing here needs a right, or a machine that is the node.
"""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from svcdns.app.following import read_some
from svcdns.app.listing import Done, listed, silent
from svcdns.app.local_addresses import local_addresses
from svcdns.app.proxy_settings import ProxySettings, proxy_options
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service
from svcdns.cluster.state import State
from svcdns.dataplane import balancer, iptables_rules, nftables_entry
from svcdns.proxy.model import Desired, Skipped
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.source.apiserver.resources import NODES, SERVICES, SLICES
from svcdns.source.problem import Problem

SCHEDULERS: Mapping[str, frozenset[str]] = {
    "nftables": nftables_entry.SCHEDULERS,
    "iptables": iptables_rules.SCHEDULERS,
    "userspace": frozenset(balancer.SCHEDULERS),
}
"""Those of modes that need not ask the kernel."""
_PROXIED = ("Service ", "EndpointSlice ", "Endpoints ", "Node ")
_KINDS = (Namespace, Node, Service, EndpointSlice, Pod)


class Gathered(NamedTuple):
    """A cluster at one moment."""

    state: State
    problems: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    flawed: tuple[Skipped, ...] = ()
    """Objects, or parts of them, that cannot be used."""


class Planned(NamedTuple):
    """What a node should have, and what that was made of."""

    desired: Desired
    options: ProxyOptions
    state: State
    problems: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    warnings: tuple[str, ...] = ()
    """What is surely not meant, with what to do."""


def planned(settings: ProxySettings, done: Done = silent) -> Planned:
    """Return what the node of `settings` should have.

    Args:
        settings: of the proxy.
        done: told how far reading is.

    Raises:
        StartError: no objects can be read.
    """
    gathered = gather(settings, done)
    node = gathered.state.nodes.get(settings.node)
    options = proxy_options(settings, node, _of_this_machine(settings))
    if settings.mode in SCHEDULERS:
        options = replace(options, schedulers=SCHEDULERS[settings.mode])
    desired = Plan(options).rebuild(gathered.state)
    if gathered.flawed:
        desired = replace(desired, skipped=(*gathered.flawed, *desired.skipped))
    warnings = tuple(_warnings(settings, options, gathered.state))
    return Planned(desired, options, gathered.state, gathered.problems, warnings)


def gather(settings: ProxySettings, done: Done = silent) -> Gathered:
    """Return the cluster that `settings` name.

    Raises:
        StartError: no objects can be read.
    """
    if settings.manifests is not None:
        snapshot = read_some(settings.manifests)
        problems = [one for one in snapshot.problems if not one.is_warning]
        return Gathered(
            _state(snapshot.objects()),
            tuple(str(one) for one in problems if not one.subject),
            tuple(_flawed(one) for one in problems if one.subject.startswith(_PROXIED)),
        )
    found = listed(
        os.environ,
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        servers=settings.servers,
        resources=(SERVICES, SLICES, NODES),
        done=done,
    )
    flawed = [Skipped(*_apart(line)) for line in found.missing if line.startswith(_PROXIED)]
    missing = tuple(line for line in found.missing if not line.startswith(_PROXIED))
    return Gathered(_state([one.value for one in found.objects]), missing, tuple(flawed))


def _flawed(problem: Problem) -> Skipped:
    where = f"{problem.field}: " if problem.field else ""
    return Skipped(problem.subject, f"{where}{problem.problem}")


def _apart(line: str) -> tuple[str, str]:
    """Return the object that a sentence is about, and the rest of it."""
    subject, _, reason = line.partition(": ")
    return subject, reason


def _state(objects: list[Object]) -> State:
    state = State()
    now = int(time.time())
    for kind in _KINDS:
        state.replace(kind, [one for one in objects if isinstance(one, kind)], now)
    state.synced = True
    return state


def _of_this_machine(settings: ProxySettings) -> tuple[bytes, ...]:
    """Return this machine's addresses if it is the node; manifests describe another one."""
    is_node = settings.manifests is None and settings.node == platform.node().lower()
    return local_addresses() if is_node else ()


def _warnings(settings: ProxySettings, options: ProxyOptions, state: State) -> list[str]:
    found: list[str] = []
    if settings.node not in state.nodes:
        names = ", ".join(sorted(state.nodes)[:3])
        which = f": there are {names}" if names else ""
        found.append(
            f"there is no Node '{settings.node}'{which}; name one with --node NAME, or no endpoint "
            "is local and no zone known"
        )
    if not options.node_addresses and any(one.traffic.node_ports for one in state.services):
        found.append(
            "no address of the node is known, so node ports are left out: give it with "
            "--node-address IP"
        )
    if not options.cluster_networks and not options.masquerade_all:
        found.append(
            "without --cluster-cidr clients outside the cluster cannot be told from pods: those "
            "that use a cluster address are not masqueraded"
        )
    return found
