"""What stands beside CoreDNS and has a say when it is replaced: who scales, caches, owns it.

Most of it is known by labels and names that distributions give.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.app.migration_pod import Pod, at, name_of
from svcdns.app.migration_sources import Document, Found

_LARGE = 10_000
_OWNERS = (
    (
        "eks.amazonaws.com/component",
        "the EKS add-on",
        "first: aws eks delete-addon --cluster-name NAME --addon-name coredns --preserve",
    ),
    (
        "addonmanager.kubernetes.io/mode",
        "an add-on manager (AKS, kube-up): it scales CoreDNS up again",
        "take a share only: --mode canary; ask the provider how the add-on is turned off",
    ),
    (
        "objectset.rio.cattle.io/id",
        "k3s or RKE2: it writes CoreDNS again at each start of a server",
        "k3s server --disable=coredns; RKE2: disable: rke2-coredns in config.yaml",
    ),
    (
        "dns.operator.openshift.io/owning-dns",
        "OpenShift's DNS operator: it takes every change back",
        "oc edit dns.operator default: spec.managementState Unmanaged",
    ),
)
"""Label or annotation, who has set it, and how CoreDNS is taken from it."""


def scalers(found: Found, pod: Pod) -> list[str]:
    """Return the Deployments that make CoreDNS larger again after it was scaled to zero.

    A HorizontalPodAutoscaler is none: it leaves alone what somebody has scaled to zero.
    """
    return [
        name_of(one)
        for one in found.objects
        if one.get("kind") == "Deployment" and name_of(one) != pod.name and _scales(one, pod.name)
    ]


def dns_service(found: Found) -> Document:
    """Return the Service that Pods have in their resolv.conf; an empty one if it is not known.

    Where it has none of the usual names, it is known by the label that distributions give it.
    """
    services = [one for one in found.objects if one.get("kind") == "Service"]
    for name in ("kube-dns", "coredns", "dns-default"):
        for one in services:
            if name_of(one) == name:
                return one
    for one in services:
        ports = [port.get("port") for port in at(one, "spec").get("ports") or ()]
        is_marked = at(one, "metadata", "labels").get("k8s-app") == "kube-dns"
        if is_marked and 53 in ports and address_of(one):
            return one
    return {}


def address_of(service: Document) -> str:
    """Return the ClusterIP of a Service; empty if it has none."""
    text = str(at(service, "spec").get("clusterIP") or "")
    return "" if text == "None" else text


def risks_of(found: Found, pod: Pod) -> Iterator[Finding]:
    """Yield what is to be known of everything beside the Pod."""
    yield from _of_service(found, pod)
    yield from _of_neighbours(pod)
    for name in scalers(found, pod):
        yield warn(
            "autoscaler",
            f"Deployment {name} scales {pod.name}: it brings CoreDNS back from zero",
            "scale it to zero before CoreDNS",
        )
    for one in found.objects:
        if one.get("kind") == "HorizontalPodAutoscaler" and _is_target(one, pod):
            yield warn(
                "autoscaler",
                f"HorizontalPodAutoscaler {name_of(one)} rests while CoreDNS is at zero; svcdns "
                "has none of its own",
                "hpa.enabled, where the number of pods has to follow the load",
            )
    if cache := _node_local(found):
        yield warn(
            "NodeLocal DNS",
            f"DaemonSet {cache} caches in front of it: for up to 30 s old answers, and no reasons, "
            "come from there",
            "leave it: it asks the same Service; svcdns needs no cache in front of it",
        )
    marks = {**_marks(pod.metadata), **_marks(at(dns_service(found), "metadata"))}
    for mark, owner, remedy in _OWNERS:
        if mark in marks:
            yield warn("owner", f"CoreDNS belongs to {owner}", remedy)
    if release := marks.get("meta.helm.sh/release-name"):
        yield warn(
            "owner",
            f"CoreDNS belongs to the Helm release {release}: its next upgrade scales it up again",
            "set replicaCount 0 in that release too",
        )
    if any(_budgets(found, pod)):
        yield warn(
            "PodDisruptionBudget",
            "one covers the label of CoreDNS's pods, and so svcdns's pods too",
            "leave podDisruptionBudget empty: two over one pod forbid every eviction",
        )
    yield from _of_size(found)
    for sentence in found.missing:
        yield warn("not read", sentence, "kubectl auth can-i get, as the user of the kubeconfig")


def _of_service(found: Found, pod: Pod) -> Iterator[Finding]:
    service = dns_service(found)
    if not service:
        if found.objects:
            yield warn(
                "Service",
                "none is known as the cluster's DNS: nothing points Pods to a DNS server",
                "--mode standalone makes it: --set service.clusterIP=ADDRESS",
            )
        return
    selector = at(service, "spec").get("selector") or {}
    text = ",".join(f"{name}={value}" for name, value in selector.items())
    yield ok("Service", f"{name_of(service)} {address_of(service)}, pods with {text or 'no label'}")
    if selector and set(selector) != {"k8s-app"}:
        yield warn(
            "Service",
            f"it selects by {text}: pods without these labels get no query",
            "the values have them",
        )
    elif not selector and pod.kind:
        yield fail("Service", "it has no selector: its EndpointSlices are written by somebody")


def _of_neighbours(pod: Pod) -> Iterator[Finding]:
    """Yield whether pods of both can be side by side; the scheduler asks both ways."""
    terms = at(pod.spec, "affinity", "podAntiAffinity")
    if terms.get("requiredDuringSchedulingIgnoredDuringExecution"):
        yield warn(
            "affinity",
            "CoreDNS's pods must not share a node with pods of their labels, and svcdns's have "
            "them: without free nodes pods wait, on the way back too",
            "have free nodes; or scale to one pod what goes, and go on once one of the other is "
            "ready",
        )


def _of_size(found: Found) -> Iterator[Finding]:
    if found.services is None or found.slices is None:
        return
    text = f"Services: {found.services:,}, EndpointSlices: {found.slices:,}"
    if found.services > _LARGE:
        yield warn(
            "size",
            f"{text}: larger than what was measured",
            "watch the memory of the first pod: kubectl top pod; docs/sizing.md",
        )
    else:
        yield ok("size", text)


def _node_local(found: Found) -> str:
    for one in found.objects:
        labels = at(one, "metadata").get("labels") or {}
        names = (str(labels.get("k8s-app", "")), name_of(one))
        if one.get("kind") == "DaemonSet" and any(
            name.replace("-", "") in ("nodelocaldns", "nodelocaldnscache") for name in names
        ):
            return name_of(one)
    return ""


def _is_target(scaler: Document, pod: Pod) -> bool:
    return bool(at(scaler, "spec", "scaleTargetRef").get("name") == pod.name)


def _scales(deployment: Document, target: str) -> bool:
    """Whether this is a cluster-proportional-autoscaler of CoreDNS."""
    containers = at(deployment, "spec", "template", "spec").get("containers") or ()
    words = [
        str(w) for c in containers for w in (*(c.get("command") or ()), *(c.get("args") or ()))
    ]
    text = " ".join(words).lower()
    return f"--target=deployment/{target}" in text or f"--target deployment/{target}" in text


def _budgets(found: Found, pod: Pod) -> Iterator[Document]:
    for one in found.objects:
        if one.get("kind") == "PodDisruptionBudget":
            wanted = at(one, "spec", "selector").get("matchLabels") or {}
            if wanted and all(
                pod.labels.get(name) == value or (name, value) == ("k8s-app", "kube-dns")
                for name, value in wanted.items()
            ):
                yield one


def _marks(metadata: Document) -> Mapping[str, Any]:
    return {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
