"""A kubelet without containers: it takes every Pod for its node and reports what runs in its place.

`puppets.py` has Pods that are nothing but an address, `pod_programs.py` those that are programs.
There is no clock and no thread in here: `look` is one look at all Pods.

Source: Kubernetes, "Pod Lifecycle": conditions, termination of Pods.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.support.apiserver import ControlPlane

NODE = "node-1"
_GONE = {404, 409}
"""A controller was faster."""


class Running(Protocol):
    """What runs in a Pod's place."""

    @property
    def address(self) -> str: ...
    @property
    def is_ready(self) -> bool: ...
    @property
    def has_ended(self) -> bool: ...
    def stop(self) -> None:
        """Ask it to end; it may be asked again."""


class Kubelet:
    """The kubelet of a cluster's only node."""

    def __init__(self, plane: ControlPlane) -> None:
        """Make the node."""
        self._plane = plane
        self._reported: dict[str, tuple[str, bool]] = {}
        self.running: dict[str, Running] = {}
        """By the UID of the Pod."""
        plane.put({"kind": "Node", "metadata": {"name": NODE}})

    def look(self, start: Callable[[Mapping[str, Any]], Running]) -> None:
        """Do for each Pod what is to be done now; `start` makes one run."""
        _, listed = self._plane.ask("GET", "/api/v1/pods")
        for pod in listed["items"]:
            self._tend(pod, start)
        for uid in self.running.keys() - {pod["metadata"]["uid"] for pod in listed["items"]}:
            self.running.pop(uid).stop()

    def _tend(self, pod: Mapping[str, Any], start: Callable[[Mapping[str, Any]], Running]) -> None:
        metadata, uid = pod["metadata"], pod["metadata"]["uid"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        is_leaving = "deletionTimestamp" in metadata
        if not pod["spec"].get("nodeName"):
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            body = {"metadata": {"name": metadata["name"]}, "target": target}
            self._ask("POST", f"{path}/binding", body)
            return
        one = self.running.get(uid)
        if one is None and not is_leaving:
            one = self.running[uid] = start(pod)
        if is_leaving:
            if one is not None:
                one.stop()
            if one is None or one.has_ended:
                self.running.pop(uid, None)
                self._ask("DELETE", path, {"gracePeriodSeconds": 0})
                return
        assert one is not None
        now = one.address, one.is_ready
        if self._reported.get(uid) != now:
            self._ask("PATCH", f"{path}/status", {"status": _status(*now)})
            self._reported[uid] = now

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        merge = "application/merge-patch+json"
        content_type = merge if method == "PATCH" else "application/json"
        status, answer = self._plane.ask(method, path, body, content_type=content_type)
        assert status < 300 or status in _GONE, answer


def _status(address: str, is_ready: bool) -> dict[str, Any]:  # noqa: FBT001 - unpacked
    ready = "True" if is_ready else "False"
    conditions = {"PodScheduled": "True", "Initialized": "True"}
    conditions |= {"ContainersReady": ready, "Ready": ready}
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": name, "status": value} for name, value in conditions.items()],
    }
