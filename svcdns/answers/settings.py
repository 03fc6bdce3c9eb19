"""What a `kubernetes` or a `k8s_external` stanza of the Corefile says, as a value.

It lives here and not in the plugin because every answer depends on it. How the words of the
Corefile become these fields is the plugins' business.
"""

from dataclasses import dataclass, field
from typing import Literal

from svcdns.wire.name import ROOT, OwnerName, from_text, is_within

PodMode = Literal["disabled", "insecure", "verified"]

_REVERSE = (from_text("in-addr.arpa"), from_text("ip6.arpa"))


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """One stanza; a default is what a stanza without that option means."""

    zones: tuple[OwnerName, ...]
    """Lower case, forward and reverse zones in the order of the Corefile; at least one."""
    ttl: int = 5
    """Seconds a client may keep a record."""
    pods: PodMode = "disabled"
    namespaces: frozenset[str] = field(default_factory=frozenset)
    """The only Namespaces that exist here; empty for all."""
    labels: str = ""
    """Selector for Services, EndpointSlices and Pods; empty for all."""
    namespace_labels: str = ""
    """Selector for Namespaces; empty for all."""
    endpoint_pod_names: bool = False
    """An endpoint without a hostname is named after its Pod."""
    noendpoints: bool = False
    """No endpoint is known: headless Services do not resolve."""
    zonal: bool = False
    """Names `ZONE.pin._zone.SERVICE…` and `ZONE.prefer._zone.SERVICE…` exist."""
    ignore_empty_service: bool = False
    """A Service with a ClusterIP but without a ready endpoint does not exist."""
    fallthrough: tuple[OwnerName, ...] | None = None
    """Zones in which a name that does not exist is passed on; None: passed on nowhere."""
    startup_timeout: float = 5.0
    """Seconds to wait for the first lists before queries are taken."""
    endpoint: tuple[str, ...] = ()
    """URLs of API servers; only the first is used. Empty: the cluster we run in."""
    tls: tuple[str, str, str] | None = None
    """Files: client certificate, its key, certificate authority."""
    kubeconfig: tuple[str, str] | None = None
    """File and context; an empty context is the file's current one."""
    apiserver_qps: float = 0.0
    """Requests a second to the API server; 0: no limit of ours."""
    apiserver_burst: int = 0
    apiserver_max_inflight: int = 0
    for_proxy: bool = False
    """No stanza at all: what the service proxy has to see."""

    @property
    def primary_zone(self) -> OwnerName:
        """The first forward zone: the names that PTR records point to end in it."""
        return next((zone for zone in self.zones if not is_reverse(zone)), self.zones[0])

    def passes_on(self, owner: OwnerName) -> bool:
        """Return whether `owner` (lower case) goes to the next directive if it does not exist."""
        zones = self.fallthrough
        if zones is None:
            return False
        return any(zone == ROOT or is_within(owner, zone) for zone in zones)


@dataclass(frozen=True, slots=True)
class ExternalSettings:
    """One `k8s_external` stanza; a default is what a stanza without that option means."""

    zones: tuple[OwnerName, ...]
    """Lower case, in the order of the Corefile; PTR records point into the first."""
    apex: tuple[str, ...] = ("dns",)
    """Labels between the zone and the name of its name server."""
    ttl: int = 5
    """Seconds a client may keep a record."""
    headless: bool = False
    """Services without external addresses are their endpoints."""
    fallthrough: tuple[OwnerName, ...] | None = None
    """Zones in which a name that does not exist is passed on; None: passed on nowhere."""


def is_reverse(zone: OwnerName) -> bool:
    """Return whether a lower-case zone holds the names of addresses."""
    return any(is_within(zone, reverse) for reverse in _REVERSE)
