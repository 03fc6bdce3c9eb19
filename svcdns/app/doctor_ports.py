"""Can the ports be had: those that a Corefile asks for, and the proxy's.

Each is opened as a server would open it, and closed at once. A port that svcdns itself has is as
it should be: the check-up may run beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from svcdns.app.build import Surroundings, places_of
from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.app.feed import Feed
from svcdns.app.local_addresses import addresses_by_interface
from svcdns.app.start_error import StartError
from svcdns.route.compile import Plan
from svcdns.route.stages import HealthListener, MetricsListener, ReadyListener
from svcdns.server.holders import Holder, holders
from svcdns.server.listen_error import ListenError
from svcdns.server.sockets import host_port, open_listener, open_streams

_OURS = "svcdns"
_ALL = "0.0.0.0"  # noqa: S104  who holds any address of the port is meant


class Port(NamedTuple):
    """One port that is wanted."""

    name: str
    address: str
    number: int
    is_dns: bool = False
    """UDP too."""
    successor: str = ""
    """Program whose place is taken: `coredns`, `kube-proxy`."""


def wanted(plans: Iterable[Plan], port: int, bind: str = "") -> Iterator[Port]:
    """Yield every port that server blocks ask for, each once.

    Args:
        plans: the server blocks.
        port: of keys that name none.
        bind: address of blocks that name none.

    Raises:
        StartError: an interface that a block names is not there.
    """
    around = Surroundings(Feed(), port, bind, interfaces=addresses_by_interface)
    seen: dict[Port, None] = {}
    for plan in plans:
        for place in places_of(plan, around):
            seen[Port(f"port {place.port}", place.address, place.port, True, "coredns")] = None  # noqa: FBT003
        for listener in _listeners(plan):
            host, number = host_port(listener.address)
            name = f"port {number}"
            seen[Port(name, host, number, successor="coredns")] = None
    yield from seen


def of_proxy(addresses: Iterable[str]) -> Iterator[Port]:
    """Yield the ports of the proxy's pages."""
    for address in filter(None, addresses):
        host, number = host_port(address)
        yield Port(f"port {number}", host, number, successor="kube-proxy")


def look(port: Port) -> Iterator[Finding]:
    """Yield whether a port can be had."""
    try:
        _try(port)
    except ListenError as error:
        yield _held(port, error)
    else:
        yield ok(port.name, f"free ({'udp, tcp' if port.is_dns else 'tcp'}{_at(port)})")


def look_at_wanted(plans: Sequence[Plan], port: int, bind: str) -> Iterator[Finding]:
    """Yield whether the ports of server blocks can be had."""
    try:
        ports = list(wanted(plans, port, bind))
    except (StartError, ValueError) as error:
        yield fail("ports", str(error).splitlines()[0], "name addresses this machine has in 'bind'")
        return
    for one in ports:
        yield from look(one)


def _listeners(plan: Plan) -> Iterator[HealthListener | ReadyListener | MetricsListener]:
    for _, settings in plan.settings:
        for one in settings if isinstance(settings, tuple) else (settings,):
            if isinstance(one, HealthListener | ReadyListener | MetricsListener):
                yield one


def _try(port: Port) -> None:
    if port.is_dns:
        open_listener(port.address, port.number).close()
        return
    for stream in open_streams(port.address, port.number):
        stream.close()


def _held(port: Port, error: ListenError) -> Finding:
    found = _holders(port)
    names = ", ".join(f"{one.command} (pid {one.pid})" for one in found)
    if found and all(one.command.startswith(_OURS) for one in found):
        return ok(port.name, f"{names} has it")
    if port.successor and found and all(one.command == port.successor for one in found):
        return warn(
            port.name,
            f"{names} has it",
            f"it has to end before svcdns can take its place: {error.hint}",
        )
    return fail(port.name, error.problem, error.hint)


def _holders(port: Port) -> tuple[Holder, ...]:
    protocols = ("udp", "tcp") if port.is_dns else ("tcp",)
    found = [one for name in protocols for one in holders(name, port.address or _ALL, port.number)]
    return tuple(dict.fromkeys(found))


def _at(port: Port) -> str:
    return f", {port.address}" if port.address else ""
