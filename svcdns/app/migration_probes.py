"""Where a Corefile has /health, /ready and /metrics, and what of that the chart has to be told.

Without a word the chart takes the ports that everybody has; it does not see an existing Corefile.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from svcdns.app.doctor_finding import Finding, warn
from svcdns.server.sockets import host_port


class Probe(NamedTuple):
    """A page that somebody outside of the Pod asks for."""

    path: str
    directive: str
    value: str
    """Name in the chart's values."""
    port: int


PROBES = (
    Probe("/health", "health", "livenessProbe", 8080),
    Probe("/ready", "ready", "readinessProbe", 8181),
)
_METRICS = 9153


def values_of(pages: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of pages that are not where the chart looks for them.

    Args:
        pages: `HOST:PORT` by path.
    """
    values: dict[str, Any] = {}
    for probe in PROBES:
        if _is_reached(pages.get(probe.path)):
            _, port = host_port(pages[probe.path])
            if port != probe.port:
                values[probe.value] = {"port": port}
        else:
            values[probe.value] = {"enabled": False}
    if "/metrics" in pages and (port := host_port(pages["/metrics"])[1]) != _METRICS:
        values["prometheus"] = {"port": port}
    return values


def risks_of(pages: Mapping[str, str]) -> Iterator[Finding]:
    """Yield which pages the kubelet cannot ask for."""
    for probe in PROBES:
        if probe.path not in pages:
            yield warn(
                probe.value,
                f"the Corefile has no '{probe.directive}': pods get no {probe.value}",
                f"add a line: {probe.directive}",
            )
        elif not _is_reached(pages[probe.path]):
            yield warn(
                probe.value,
                f"{probe.path} is at {pages[probe.path]}, where no kubelet reaches it",
                f"write: {probe.directive} :{probe.port}",
            )


def _is_reached(page: str | None) -> bool:
    if page is None:
        return False
    host, _ = host_port(page)
    try:
        return not (host and ip_address(host).is_loopback)
    except ValueError:
        return host != "localhost"
