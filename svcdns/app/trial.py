"""Ask a configuration a few questions before it is taken into use.

Only what is answered at once is looked at: nothing is sent anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from svcdns.answers.later import LATER, discard
from svcdns.app.build import Configuration
from svcdns.route.inner import begin
from svcdns.route.offers import Fault
from svcdns.wire.codes import RRType, type_text
from svcdns.wire.edns import SERVER_SIZE, Edns
from svcdns.wire.name import to_text
from svcdns.wire.question import Query, Question


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The client of a question that came over no network."""

    address: str = "127.0.0.1"
    port: int = 0
    local_address: str = "127.0.0.1"
    local_port: int = 53
    stream: bool = True
    lane: int = 6


def refusal(configuration: Configuration, running: Configuration | None) -> str:
    """Return why a configuration must not take the place of the running one; empty if it may."""
    if problem := try_out(configuration):
        return f"the new configuration fails at its first question: {problem}"
    if lost := zones_lost(configuration, running):
        return (
            f"the file of {lost} cannot be read, see above; mend it and send SIGUSR1: "
            "until then everything is served as before"
        )
    if broken := upstreams_lost(configuration, running):
        return f"{broken}; mend it and send SIGUSR1: until then everything is forwarded as before"
    return ""


def zones_lost(configuration: Configuration, running: Configuration | None) -> str:
    """Return which zones of files cannot be read that are being served; empty if none.

    At a start the names beside them are served all the same; here nothing need be lost.
    """
    zones = () if running is None else running.zones
    served = {zone.name for zone in zones if zone.notifies and zone.serial()}
    lost = (zone.name for zone in configuration.zones if zone.notifies and not zone.serial())
    return ", ".join(sorted(to_text(name) for name in served.intersection(lost)))


def upstreams_lost(configuration: Configuration, running: Configuration | None) -> str:
    """Return where and why upstreams could not be asked that can be now; empty if all could.

    At a start names of the cluster are served all the same; here nothing need be lost.
    """
    if running is None:
        return ""
    known = {fault.problem for fault in _faults(running)}
    new = (fault for fault in _faults(configuration) if fault.problem not in known)
    return next((f"{fault.where}: {fault.problem}" for fault in new), "")


def _faults(configuration: Configuration) -> Iterator[Fault]:
    return (fault for faults in configuration.faults for fault in faults())


_TYPES = (RRType.SOA, RRType.NS, RRType.A, RRType.PTR)


def try_out(configuration: Configuration) -> str:
    """Return what went wrong when each zone was asked for its apex; empty if nothing did."""
    for exchange in configuration.exchanges.values():
        for route in exchange.router.routes:
            for rrtype in _TYPES:
                question = Question.of(route.name, rrtype)
                query = Query(0, 0, question, Edns(SERVER_SIZE, 0, False, False), 0)  # noqa: FBT003
                begin(exchange.router, query, _Nobody())
                try:
                    outcome = route.answer(query, _Nobody())
                except Exception as error:  # noqa: BLE001  whatever it is, it is a reason
                    return f"{route.zone} {type_text(rrtype)}: {type(error).__name__}: {error}"
                if isinstance(outcome, LATER):
                    discard(outcome)
    return ""
