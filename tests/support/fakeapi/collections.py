"""The five collections that svcdns may watch, as kube-apiserver 1.37 serves them.

Names, paths, selectable fields, and what an object without content looks like (a bookmark is
one). Objects themselves: `objects`, `store`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
"""One API object, as JSON has it. Never changed once it is stored."""

Key = tuple[str, str]
"""Namespace (empty for cluster-wide objects) and name."""


@dataclass(frozen=True)
class Collection:
    """All objects of one kind."""

    kind: str
    name: str
    fields: frozenset[str]
    """What a field selector may name."""
    blank: Mapping[str, Any]
    """What an empty object says besides kind, version and metadata."""
    group: str = ""
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """What objects say: `v1`, `discovery.k8s.io/v1`."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def prefix(self) -> str:
        """Path of its API group and version."""
        return f"/apis/{self.api_version}" if self.group else "/api/v1"

    @property
    def path(self) -> str:
        """Path of all objects, in all namespaces."""
        return f"{self.prefix}/{self.name}"

    @property
    def qualified_name(self) -> str:
        """How messages call it: `endpointslices.discovery.k8s.io`."""
        return f"{self.name}.{self.group}" if self.group else self.name

    def key(self, document: Mapping[str, Any]) -> Key:
        """Return the key of an object; one without a namespace is in `default`."""
        metadata = document["metadata"]
        namespace = metadata.get("namespace", "default") if self.namespaced else ""
        return (namespace, metadata["name"])


_NODE_FACTS = (
    "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion"
    " kubeletVersion kubeProxyVersion operatingSystem architecture"
)
_EVERY = {"metadata.name"}

COLLECTIONS: Mapping[str, Collection] = {
    collection.kind: collection
    for collection in (
        Collection(
            "Service",
            "services",
            frozenset(_EVERY | {"metadata.namespace", "spec.clusterIP", "spec.type"}),
            {"spec": {}, "status": {"loadBalancer": {}}},
        ),
        Collection(
            "EndpointSlice",
            "endpointslices",
            frozenset(_EVERY | {"metadata.namespace"}),
            {"addressType": "", "endpoints": None, "ports": None},
            group="discovery.k8s.io",
        ),
        Collection(
            "Namespace",
            "namespaces",
            frozenset(_EVERY | {"name", "status.phase"}),
            {"spec": {}, "status": {}},
            namespaced=False,
        ),
        Collection(
            "Pod",
            "pods",
            frozenset(
                _EVERY
                | {"metadata.namespace", "spec.nodeName", "spec.restartPolicy"}
                | {"spec.schedulerName", "spec.serviceAccountName", "status.phase"}
                | {"status.podIP", "status.nominatedNodeName"}
            ),
            {"spec": {"containers": None}, "status": {}},
        ),
        Collection(
            "Node",
            "nodes",
            frozenset(_EVERY | {"spec.unschedulable"}),
            {
                "spec": {},
                "status": {
                    "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
                    "nodeInfo": dict.fromkeys(_NODE_FACTS.split(), ""),
                },
            },
            namespaced=False,
        ),
    )
}
"""By kind."""


def find(path: str) -> tuple[Collection, str] | None:
    """Return the collection behind a path and the namespace it is narrowed to, if any."""
    for collection in COLLECTIONS.values():
        if path == collection.path:
            return collection, ""
        head, _, rest = path.partition(f"{collection.prefix}/namespaces/")
        namespace, slash, name = rest.partition("/")
        if not head and collection.namespaced and slash and name == collection.name:
            return collection, namespace
    return None
