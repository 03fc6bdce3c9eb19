"""The Pod that CoreDNS runs in: what of it goes into Helm values, and what of it is a risk.

Values are those of charts/svcdns, and only those that differ from its defaults.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.app.migration_sources import CUSTOM, FOLDER, Document, Found

WORKLOADS = ("Deployment", "DaemonSet")
MEMORY = 256 << 20
"""The chart's limit: twice what 10,000 Services with 150,000 endpoints take."""
STOP_SECONDS = 5
"""For answers on their way, behind `lameduck`."""

_COPIED = ("affinity", "nodeSelector", "topologySpreadConstraints", "priorityClassName")
_CHART = {
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "priorityClassName": "system-cluster-critical",
}
_TOLERATED = frozenset(("CriticalAddonsOnly", "node-role.kubernetes.io/control-plane"))
_FLAGS = frozenset(("conf", "dns.port", "p", "pidfile", "plugins", "quiet", "version"))
_NODE_CACHE = frozenset(("localip", "upstreamsvc", "setupinterface", "setupiptables"))
_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|k|M|G|)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pod:
    """How CoreDNS runs."""

    kind: str = ""
    """`Deployment` or `DaemonSet`; empty: nobody knows."""
    name: str = "coredns"
    replicas: int | None = None
    spec: Document = field(default_factory=dict)
    container: Document = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    metadata: Document = field(default_factory=dict)

    @property
    def flags(self) -> dict[str, str]:
        """The command line, values by flag."""
        words = [str(one) for one in self.container.get("args") or ()]
        found: dict[str, str] = {}
        while words:
            word = words.pop(0)
            name, equals, value = word.lstrip("-").partition("=")
            if word.startswith("-") and name:
                takes = not equals and words and not words[0].startswith("-")
                found[name] = words.pop(0) if takes else value
        return found

    @property
    def port(self) -> int:
        """The port of keys that name none."""
        text = self.flags.get("dns.port") or self.flags.get("p") or "53"
        return int(text) if text.isascii() and text.isdecimal() else 53

    @property
    def environment(self) -> dict[str, str]:
        """The variables whose values are written down."""
        listed = self.container.get("env") or ()
        return {str(one.get("name")): str(one.get("value") or "") for one in listed}


def pod_of(found: Found) -> Pod:
    """Return how CoreDNS runs: the workload with its ConfigMap, else the one of its name."""
    workloads = [one for one in found.objects if one.get("kind") in WORKLOADS]
    named = [one for one in workloads if name_of(one) == "coredns"]
    mounting = [one for one in workloads if _mounts(one, found.config_map)]
    for one in (*(one for one in mounting if one in named), *mounting, *named):
        template = at(one, "spec", "template")
        spec = at(template, "spec")
        containers = spec.get("containers") or [{}]
        chosen = next((c for c in containers if c.get("name") == "coredns"), containers[0])
        replicas = at(one, "spec").get("replicas")
        return Pod(
            str(one["kind"]),
            name_of(one),
            1 if replicas is None and one["kind"] == "Deployment" else replicas,
            spec,
            chosen,
            at(template, "metadata").get("labels") or {},
            at(one, "metadata"),
        )
    return Pod()


def name_of(document: Document) -> str:
    """Return the name of an object."""
    return str(at(document, "metadata").get("name", ""))


def values_of(pod: Pod, found: Found, lameduck: float) -> dict[str, Any]:
    """Return the values that keep what is special about a Pod."""
    values: dict[str, Any] = {}
    if pod.replicas is not None and pod.replicas != 2:
        values["replicaCount"] = max(pod.replicas, 2)
    if resources := _resources(pod):
        values["resources"] = resources
    grace = _grace(pod, lameduck)
    if grace != 30:
        values["terminationGracePeriodSeconds"] = grace
    values |= _placing(pod)
    labels = pod.labels.get("k8s-app", "kube-dns")
    if labels != "kube-dns":
        values["k8sAppLabelOverride"] = labels
    if env := [one for one in pod.container.get("env") or () if not _is_of_go(one)]:
        values["env"] = env
    if pod.port != 53:
        values["extraArgs"] = ["--port", str(pod.port)]
    return values | _volumes(pod, found)


def _placing(pod: Pod) -> dict[str, Any]:
    """Return where pods may run and whom they ask, as far as it is not the chart's own."""
    values = {
        name: value
        for name in _COPIED
        if (value := pod.spec.get(name)) and value != _CHART.get(name)
    }
    if any(one.get("key") not in _TOLERATED for one in pod.spec.get("tolerations") or ()):
        values["tolerations"] = pod.spec["tolerations"]
    if dns := pod.spec.get("dnsConfig"):
        none = {"dnsPolicy": "None"} if pod.spec.get("dnsPolicy") == "None" else {}
        values["deployment"] = {**none, "dnsConfig": dns}
    return values


def risks_of(pod: Pod, found: Found, lameduck: float) -> Iterator[Finding]:
    """Yield what about a Pod is to be known before it is replaced."""
    if not pod.kind:
        yield warn(
            "Deployment",
            "not known: replicas, resources, mounts and flags are the chart's",
            "name it: --deployment FILE, or ask the cluster: --context NAME",
        )
        return
    many = f", {pod.replicas} replicas" if pod.replicas is not None else ""
    yield ok(pod.kind, f"{pod.name}{many}, image {pod.container.get('image', 'unknown')}")
    if pod.replicas == 1:
        yield warn("replicas", "1: each restart is an outage", "the values have two")
    yield from _of_resources(pod)
    yield from _of_flags(pod)
    if pod.spec.get("dnsPolicy", "ClusterFirst") not in ("Default", "None"):
        yield warn(
            "dnsPolicy",
            "ClusterFirst: /etc/resolv.conf in the Pod names the cluster's own DNS, and forwarding "
            "there goes in a circle",
            "nothing to do for svcdns: its chart has dnsPolicy Default",
        )
    if pod.spec.get("hostNetwork"):
        yield warn(
            "hostNetwork",
            "CoreDNS has the node's ports: svcdns on the same node must wait for them",
            "svcdns doctor dns on the node; the chart's pods have a network of their own",
        )
    grace = pod.spec.get("terminationGracePeriodSeconds", 30)
    if lameduck + STOP_SECONDS > int(grace):
        yield warn(
            "lameduck",
            f"{lameduck:g} s and {STOP_SECONDS} s for answers are longer than "
            f"terminationGracePeriodSeconds {grace}: the server is killed on the way",
            f"the values have {_grace(pod, lameduck)}",
        )
    yield from _of_beside(pod, found)


def _of_resources(pod: Pod) -> Iterator[Finding]:
    limits = at(pod.container, "resources", "limits")
    memory = octets_of(str(limits.get("memory", "")))
    if memory is not None and memory < MEMORY:
        yield warn(
            "memory",
            f"limit {limits['memory']}: enough for CoreDNS; in a large cluster more is needed here",
            "the values leave the chart's 256Mi, measured with 10,000 Services; docs/sizing.md",
        )
    if "cpu" in limits:
        yield warn(
            "processor",
            f"limit {limits['cpu']}: a server that is throttled answers late, not less",
            "the values have no limit",
        )


def _of_flags(pod: Pod) -> Iterator[Finding]:
    flags = pod.flags
    if cache := sorted(_NODE_CACHE & flags.keys()):
        yield fail(
            "flags",
            f"-{', -'.join(cache)}: this is NodeLocal DNSCache, not the cluster's DNS",
            "name the ConfigMap and Deployment of the cluster's DNS: --config-map coredns",
        )
    elif unknown := sorted(flags.keys() - _FLAGS):
        yield warn(
            "flags",
            f"-{', -'.join(unknown)}: not known to svcdns, and not in the values",
            "svcdns serve --help",
        )
    path = flags.get("conf", f"{FOLDER}/Corefile")
    if path != f"{FOLDER}/Corefile":
        yield warn(
            "Corefile",
            f"CoreDNS reads {path}, svcdns {FOLDER}/Corefile: absolute paths in it may differ",
            "mount what it imports there too: extraVolumes, extraVolumeMounts",
        )


def _of_beside(pod: Pod, found: Found) -> Iterator[Finding]:
    others = [c.get("name") for c in pod.spec.get("containers") or () if c is not pod.container]
    others += [c.get("name") for c in pod.spec.get("initContainers") or ()]
    if others:
        yield warn(
            "containers",
            f"beside CoreDNS there are {', '.join(map(str, others))}: not in the values",
            "add those that are needed: extraContainers, initContainers",
        )
    for one in _volumes(pod, found).get("extraVolumes", ()):
        if "hostPath" in one:
            yield warn(
                f"volume {one['name']}",
                f"hostPath {one['hostPath'].get('path')}: the Pod Security level restricted "
                "forbids it",
                "keep it if the Corefile needs it",
            )
    if any("valueFrom" in one for one in pod.container.get("env") or ()):
        yield warn("env", "some values are taken from elsewhere: they were not seen here")


def _resources(pod: Pod) -> dict[str, Any]:
    """Return requests and limits, the memory at least the chart's; no limit of the processor."""
    found = at(pod.container, "resources")
    limits = octets_of(str(at(found, "limits").get("memory", "")))
    if limits is None or limits <= MEMORY:
        return {}
    return {
        "requests": dict(at(found, "requests")),
        "limits": {"memory": at(found, "limits")["memory"]},
    }


def octets_of(quantity: str) -> int | None:
    """Return how many octets `170Mi` are; None for what is no quantity of memory."""
    match = _QUANTITY.fullmatch(quantity)
    return round(float(match[1]) * _UNITS[match[2]]) if match else None


def _volumes(pod: Pod, found: Found) -> dict[str, Any]:
    """Return volumes beside those that the chart mounts itself, and where they are mounted."""
    volumes, mounts = [], []
    by_name = {str(one.get("name")): one for one in pod.spec.get("volumes") or ()}
    custom = ""
    for mount in pod.container.get("volumeMounts") or ():
        volume = by_name.get(str(mount.get("name")))
        source = at(volume or {}, "configMap").get("name")
        if volume is None or source == found.config_map or _is_token(mount):
            continue
        if source and mount.get("mountPath") == f"{FOLDER}/custom":
            custom = str(source)
            continue
        mounts.append(mount)
        if volume not in volumes:
            volumes.append(volume)
    values: dict[str, Any] = {}
    if custom and custom != CUSTOM:
        values["customConfigMap"] = custom
    if volumes:
        values |= {"extraVolumes": volumes, "extraVolumeMounts": mounts}
    return values


def _grace(pod: Pod, lameduck: float) -> int:
    seconds = int(pod.spec.get("terminationGracePeriodSeconds", 30))
    return max(seconds, int(lameduck) + STOP_SECONDS + 1)


def _mounts(workload: Document, config_map: str) -> bool:
    volumes: Sequence[Document] = at(workload, "spec", "template", "spec").get("volumes") or ()
    return any(at(one, "configMap").get("name") == config_map for one in volumes)


def _is_token(mount: Document) -> bool:
    return str(mount.get("mountPath", "")).startswith("/var/run/secrets/kubernetes.io")


def _is_of_go(variable: Document) -> bool:
    return str(variable.get("name", "")).startswith(("GOMEMLIMIT", "GOMAXPROCS", "GOGC", "GODEBUG"))


def at(document: Document, *path: str) -> Document:
    """Return a part of an object; an empty one where there is none."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
