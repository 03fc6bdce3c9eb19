"""Fields of a Service in the API -> its `Traffic`; what cannot be used is left out and named.

Nearly all Services have none of it and share one value, `PLAIN`: a process that is only a DNS
server pays a pointer for each.

Source: Kubernetes API reference, core/v1, ServiceSpec and ServiceStatus.
"""

from collections.abc import Iterable

from svcdns.cluster import structs
from svcdns.cluster.model import PLAIN, Traffic
from svcdns.cluster.object_error import Flaw
from svcdns.cluster.sharing import shared_text
from svcdns.wire.name import pack_address

PROXY_NAME = "service.kubernetes.io/service-proxy-name"
"""Label of a Service that another proxy looks after; its value is that proxy's name."""
HEADLESS = "service.kubernetes.io/headless"
"""Label of a Service that no proxy looks after."""
SCHEDULER = "svcdns.io/scheduler"
"""Annotation: how clients are spread; `kube-router.io/service.scheduler` is read too."""

DEFAULT_AFFINITY_SECONDS = 10_800
_LONGEST_AFFINITY_SECONDS = 86_400


def traffic_of(
    document: structs.Service,
    outside: tuple[bytes, ...],
    node_ports: tuple[int, ...],
    flaws: list[Flaw],
) -> Traffic:
    """Return what the proxy needs of a Service; `PLAIN` when that is nothing.

    Args:
        document: the Service.
        outside: packed addresses at which it is reached from outside, of either origin.
        node_ports: see `Traffic`.
        flaws: what was left out is appended.
    """
    spec = document.spec or structs.ServiceSpec()
    labels, marks = document.metadata.labels or {}, document.metadata.annotations
    scheduler = (marks.scheduler or marks.router_scheduler or "") if marks else ""
    external_local = spec.external_traffic_policy == "Local"
    has_check = spec.type == "LoadBalancer" and external_local
    traffic = Traffic(
        node_ports,
        _among(outside, spec.external_ips or ()) if outside else (),
        _among(outside, _balancer_texts(document)) if outside else (),
        tuple(map(str.strip, spec.load_balancer_source_ranges or ())),
        _port(spec.health_check_node_port, "spec.healthCheckNodePort", flaws) if has_check else 0,
        _affinity(spec, flaws),
        spec.internal_traffic_policy == "Local",
        external_local,
        shared_text(scheduler),
        PROXY_NAME in labels or HEADLESS in labels,
    )
    return PLAIN if traffic == PLAIN else traffic


def node_port(value: int | str | None, index: int, flaws: list[Flaw]) -> int:
    """Return the node port of the port at `index`; 0 when there is none, or none of use."""
    return _port(value, f"spec.ports[{index}].nodePort", flaws)


def _balancer_texts(document: structs.Service) -> list[str]:
    balancer = document.status.load_balancer if document.status else None
    ingress = (balancer.ingress or ()) if balancer else ()
    return [one.ip for one in ingress if one.ip and (one.ip_mode or "VIP") == "VIP"]


def _among(outside: tuple[bytes, ...], texts: Iterable[str]) -> tuple[bytes, ...]:
    """Return those that are written in `texts`; what is no address was named before."""
    named = set()
    for text in texts:
        try:
            named.add(pack_address(text))
        except ValueError:
            continue
    return tuple([address for address in outside if address in named])


def _affinity(spec: structs.ServiceSpec, flaws: list[Flaw]) -> int:
    if spec.session_affinity != "ClientIP":
        return 0
    config = spec.session_affinity_config
    seconds = config.client_ip.timeout_seconds if config and config.client_ip else None
    if seconds is None:
        return DEFAULT_AFFINITY_SECONDS
    if 0 < seconds <= _LONGEST_AFFINITY_SECONDS:
        return seconds
    problem = f"{seconds} is not a number of seconds from 1 to {_LONGEST_AFFINITY_SECONDS}"
    flaws.append(Flaw("spec.sessionAffinityConfig.clientIP.timeoutSeconds", problem))
    return DEFAULT_AFFINITY_SECONDS


def _port(value: int | str | None, path: str, flaws: list[Flaw]) -> int:
    if value is None or value == 0:
        return 0
    if isinstance(value, int) and 0 < value < 1 << 16:
        return value
    flaws.append(Flaw(path, f"{value!r} is not a port number (1 to 65535)"))
    return 0
