"""The API's objects, and what it wraps them in, as msgspec structs: only fields that are read.

Unknown fields are skipped while decoding and cost next to nothing. Every field may be missing
or null: the API server sends `endpoints: null` for an empty list, and hand-written manifests
leave out what they please. What a missing value means is `compact`'s business.

Names and meaning: Kubernetes API reference, core/v1 and discovery.k8s.io/v1.
"""

from typing import Generic, TypeVar

from msgspec import Raw, Struct, field

Labels = dict[str, str | None]


class _Part(Struct, gc=False, rename="camel"):
    """A piece of an API object: read once, never part of a cycle."""


class Annotations(_Part):
    """The annotations that mean something here; never all of them, some are as large as a file."""

    initial_events_end: str | None = field(default=None, name="k8s.io/initial-events-end")
    """`true` on the bookmark behind the last object of a streaming list."""
    trigger_time: str | None = field(
        default=None, name="endpoints.kubernetes.io/last-change-trigger-time"
    )
    """On an EndpointSlice: when its Pods or its Service changed last."""


class Metadata(_Part):
    """`metadata` of any object."""

    name: str | None = None
    namespace: str | None = None
    labels: Labels | None = None
    deletion_timestamp: str | None = None
    resource_version: str | int | None = None
    annotations: Annotations | None = None


class ServicePort(_Part):
    """One of `spec.ports` of a Service."""

    name: str | None = None
    protocol: str | None = None
    port: int | str | None = None
    target_port: int | str | None = None


class ServiceSpec(_Part):
    """`spec` of a Service."""

    type: str | None = None
    cluster_ip: str | None = field(default=None, name="clusterIP")
    cluster_ips: list[str] | None = field(default=None, name="clusterIPs")
    ip_families: list[str] | None = None
    ip_family_policy: str | None = None
    external_name: str | None = None
    ports: list[ServicePort] | None = None
    publish_not_ready_addresses: bool | None = None
    selector: Labels | None = None


class Service(_Part):
    """A Service."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: ServiceSpec | None = None


class Reference(_Part):
    """`targetRef`: the object behind an endpoint."""

    name: str | None = None


class EndpointConditions(_Part):
    """`conditions` of one endpoint."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(_Part):
    """One of `endpoints` of an EndpointSlice."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    hostname: str | None = None
    target_ref: Reference | None = None
    node_name: str | None = None
    zone: str | None = None


class EndpointPort(_Part):
    """A port of an EndpointSlice, or of a subset of Endpoints."""

    name: str | None = None
    protocol: str | None = None
    port: int | str | None = None


class EndpointSlice(_Part):
    """An EndpointSlice."""

    metadata: Metadata = field(default_factory=Metadata)
    address_type: str | None = None
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None


class EndpointAddress(_Part):
    """One address of a subset of Endpoints."""

    ip: str | None = None
    hostname: str | None = None
    node_name: str | None = None
    target_ref: Reference | None = None


class EndpointSubset(_Part):
    """One of `subsets` of Endpoints."""

    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(_Part):
    """An Endpoints object, the older form of EndpointSlices."""

    metadata: Metadata = field(default_factory=Metadata)
    subsets: list[EndpointSubset] | None = None


class ContainerPort(_Part):
    """A port that a container declares."""

    name: str | None = None
    container_port: int | str | None = None
    protocol: str | None = None


class Container(_Part):
    """A container; `restart_policy` is set on init containers that run along (sidecars)."""

    ports: list[ContainerPort] | None = None
    restart_policy: str | None = None


class PodSpec(_Part):
    """`spec` of a Pod."""

    node_name: str | None = None
    hostname: str | None = None
    subdomain: str | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None


class PodIP(_Part):
    """One of `status.podIPs`."""

    ip: str | None = None


class PodCondition(_Part):
    """One of `status.conditions` of a Pod."""

    type: str | None = None
    status: str | None = None


class PodStatus(_Part):
    """`status` of a Pod."""

    phase: str | None = None
    pod_ip: str | None = field(default=None, name="podIP")
    pod_ips: list[PodIP] | None = field(default=None, name="podIPs")
    conditions: list[PodCondition] | None = None


class Pod(_Part):
    """A Pod."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: PodSpec | None = None
    status: PodStatus | None = None


class Namespace(_Part):
    """A Namespace."""

    metadata: Metadata = field(default_factory=Metadata)


class NodeAddress(_Part):
    """One of `status.addresses` of a Node."""

    type: str | None = None
    address: str | None = None


class NodeStatus(_Part):
    """`status` of a Node."""

    addresses: list[NodeAddress] | None = None


class Node(_Part):
    """A Node."""

    metadata: Metadata = field(default_factory=Metadata)
    status: NodeStatus | None = None


ApiObject = Service | EndpointSlice | Endpoints | Pod | Namespace | Node


class Identity(_Part):
    """`metadata` as far as a message needs it."""

    name: str | None = None
    namespace: str | None = None
    resource_version: str | int | None = None


class Head(_Part):
    """What stands at the top of any document: its kind, and the items when it is a list."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Identity | None = None
    items: list[Raw] | None = None
    """Each item as the octets it was written in."""


T = TypeVar("T")


class _Line(_Part, tag_field="type"):
    """A line of a watch: its `type` says what `object` is, wherever in the line it stands."""


class Added(_Line, Generic[T], tag="ADDED"):
    """The object is new, or new to who watches."""

    object: T


class Modified(_Line, Generic[T], tag="MODIFIED"):
    """The object was changed."""

    object: T


class Deleted(_Line, Generic[T], tag="DELETED"):
    """The object is gone; this is how it was, with the resource version of its end."""

    object: T


class Bookmark(_Line, tag="BOOKMARK"):
    """Everything up to the resource version of this object, which is only metadata, was sent."""

    object: Namespace


class Cause(_Part):
    """One of `details.causes` of a Status."""

    reason: str | None = None


class Details(_Part):
    """`details` of a Status."""

    causes: list[Cause] | None = None
    retry_after_seconds: int | None = None


class Status(_Part):
    """Why the API server does not do what it was asked for."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: Details | None = None


class Error(_Line, tag="ERROR"):
    """The watch ends here."""

    object: Status


class Odd(_Part):
    """A line of no known type, or whose object is not what its type promises."""

    type: str
    object: Raw


class PageMetadata(_Part):
    """`metadata` of a list."""

    resource_version: str | int | None = None
    next: str | None = field(default=None, name="continue")
    remaining_item_count: int | None = None


class Page(_Part):
    """A list or one page of it, each item as the octets it was written in."""

    metadata: PageMetadata
    items: list[Raw] | None = None
