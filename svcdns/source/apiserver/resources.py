"""Which collections a `kubernetes` stanza needs, and where they are.

Services, EndpointSlices (unless `noendpoints`) and Namespaces; Pods only for `pods verified`.
Each of these is needed: without its first list a name that does not exist cannot be told from
one that is not known yet. Nodes are needed by no answer: the slices carry their zones. The
service proxy looks at the Services, EndpointSlices and Nodes of the whole cluster.

Source: CoreDNS, plugin kubernetes, which watches the same with the same selectors.
"""

from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Pod, Service
from svcdns.source.apiserver.protocol import Resource

SERVICES = Resource(Service, "Service", "/api/v1/services", "services")
SLICES = Resource(
    EndpointSlice,
    "EndpointSlice",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "endpointslices",
    "discovery.k8s.io",
)
NAMESPACES = Resource(Namespace, "Namespace", "/api/v1/namespaces", "namespaces")
PODS = Resource(Pod, "Pod", "/api/v1/pods", "pods")
NODES = Resource(Node, "Node", "/api/v1/nodes", "nodes")

_LIVING = "status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown"


def resources_for(settings: KubernetesSettings) -> tuple[Resource, ...]:
    """Return the collections that answers of this stanza, or the plan of a proxy, are made from."""
    if settings.for_proxy:
        return (SERVICES, SLICES, NODES)
    labels = settings.labels
    found = [SERVICES._replace(label_selector=labels)]
    if not settings.noendpoints:
        found.append(SLICES._replace(label_selector=labels))
    found.append(NAMESPACES._replace(label_selector=settings.namespace_labels))
    if settings.pods == "verified":
        found.append(PODS._replace(label_selector=labels, field_selector=_LIVING))
    return tuple(found)


def is_needed(resource: Resource) -> bool:
    """Return whether the cluster is not known before this collection is."""
    return resource.kind is not Node
