"""The API's objects as msgspec structs: only fields that are read.

Unknown fields are skipped while decoding and cost next to nothing. Every field may be missing
or null: the API server sends `endpoints: null` for an empty list, and hand-written manifests
leave out what they please. What a missing value means is `compact`'s business.

Names and meaning: Kubernetes API reference, core/v1 and discovery.k8s.io/v1.
"""

from msgspec import Struct, field

Labels = dict[str, str | None]


class Part(Struct, gc=False, rename="camel"):
    """A piece of an API object: read once, never part of a cycle."""


class Annotations(Part):
    """The annotations that mean something here; never all of them, some are as large as a file."""

    initial_events_end: str | None = field(default=None, name="k8s.io/initial-events-end")
    """`true` on the bookmark behind the last object of a streaming list."""
    trigger_time: str | None = field(
        default=None, name="endpoints.kubernetes.io/last-change-trigger-time"
    )
    """On an EndpointSlice: when its Pods or its Service changed last."""
    scheduler: str | None = field(default=None, name="svcdns.io/scheduler")
    """On a Service: how the proxy chooses an endpoint."""
    router_scheduler: str | None = field(default=None, name="kube-router.io/service.scheduler")


class Metadata(Part):
    """`metadata` of any object."""

    name: str | None = None
    namespace: str | None = None
    labels: Labels | None = None
    deletion_timestamp: str | None = None
    resource_version: str | int | None = None
    annotations: Annotations | None = None


class ServicePort(Part):
    """One of `spec.ports` of a Service."""

    name: str | None = None
    protocol: str | None = None
    port: int | str | None = None
    target_port: int | str | None = None
    node_port: int | str | None = None


class ClientAffinity(Part):
    """`sessionAffinityConfig.clientIP` of a Service."""

    timeout_seconds: int | None = None


class AffinityConfig(Part):
    """`sessionAffinityConfig` of a Service."""

    client_ip: ClientAffinity | None = field(default=None, name="clientIP")


class ServiceSpec(Part):
    """`spec` of a Service."""

    type: str | None = None
    cluster_ip: str | None = field(default=None, name="clusterIP")
    cluster_ips: list[str] | None = field(default=None, name="clusterIPs")
    ip_families: list[str] | None = None
    ip_family_policy: str | None = None
    external_name: str | None = None
    external_ips: list[str] | None = field(default=None, name="externalIPs")
    ports: list[ServicePort] | None = None
    publish_not_ready_addresses: bool | None = None
    selector: Labels | None = None
    session_affinity: str | None = None
    session_affinity_config: AffinityConfig | None = None
    external_traffic_policy: str | None = None
    internal_traffic_policy: str | None = None
    load_balancer_source_ranges: list[str] | None = None
    health_check_node_port: int | None = None


class Reference(Part):
    """`targetRef`: the object behind an endpoint."""

    name: str | None = None


class EndpointConditions(Part):
    """`conditions` of one endpoint."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Hint(Part):
    """A zone or a node that an endpoint is meant for."""

    name: str | None = None


class Hints(Part):
    """`hints` of one endpoint."""

    for_zones: list[Hint] | None = None
    for_nodes: list[Hint] | None = None


class Endpoint(Part):
    """One of `endpoints` of an EndpointSlice."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    hostname: str | None = None
    target_ref: Reference | None = None
    node_name: str | None = None
    zone: str | None = None
    hints: Hints | None = None


class EndpointPort(Part):
    """A port of an EndpointSlice, or of a subset of Endpoints."""

    name: str | None = None
    protocol: str | None = None
    port: int | str | None = None


class EndpointSlice(Part):
    """An EndpointSlice."""

    metadata: Metadata = field(default_factory=Metadata)
    address_type: str | None = None
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None


class EndpointAddress(Part):
    """One address of a subset of Endpoints, or of a load balancer."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None
    node_name: str | None = None
    target_ref: Reference | None = None


class EndpointSubset(Part):
    """One of `subsets` of Endpoints."""

    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(Part):
    """An Endpoints object, the older form of EndpointSlices."""

    metadata: Metadata = field(default_factory=Metadata)
    subsets: list[EndpointSubset] | None = None


class ContainerPort(Part):
    """A port that a container declares."""

    name: str | None = None
    container_port: int | str | None = None
    protocol: str | None = None


class Container(Part):
    """A container; `restart_policy` is set on init containers that run along (sidecars)."""

    ports: list[ContainerPort] | None = None
    restart_policy: str | None = None


class PodSpec(Part):
    """`spec` of a Pod."""

    node_name: str | None = None
    hostname: str | None = None
    subdomain: str | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None


class PodIP(Part):
    """One of `status.podIPs`."""

    ip: str | None = None


class PodCondition(Part):
    """One of `status.conditions` of a Pod."""

    type: str | None = None
    status: str | None = None


class PodStatus(Part):
    """`status` of a Pod."""

    phase: str | None = None
    pod_ip: str | None = field(default=None, name="podIP")
    pod_ips: list[PodIP] | None = field(default=None, name="podIPs")
    conditions: list[PodCondition] | None = None


class Pod(Part):
    """A Pod."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: PodSpec | None = None
    status: PodStatus | None = None


class Namespace(Part):
    """A Namespace."""

    metadata: Metadata = field(default_factory=Metadata)


class NodeAddress(Part):
    """One of `status.addresses` of a Node."""

    type: str | None = None
    address: str | None = None


class LoadBalancer(Part):
    """`status.loadBalancer` of a Service."""

    ingress: list[EndpointAddress] | None = None


class ObservedStatus(Part):
    """`status` of a Service or a Node."""

    load_balancer: LoadBalancer | None = None
    addresses: list[NodeAddress] | None = None


class Service(Part):
    """A Service."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: ServiceSpec | None = None
    status: ObservedStatus | None = None


class Taint(Part):
    """One of `spec.taints` of a Node."""

    key: str | None = None


class NodeSpec(Part):
    """`spec` of a Node."""

    taints: list[Taint] | None = None


class Node(Part):
    """A Node."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: NodeSpec | None = None
    status: ObservedStatus | None = None


ApiObject = Service | EndpointSlice | Endpoints | Pod | Namespace | Node
