"""A plan to put svcdns in CoreDNS's place: what is there, what is a risk, values, and the way back.

Nothing of a cluster is changed here, or anywhere below. The Corefile is used as it is: the values
name its ConfigMap, so what it means is what it meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from svcdns.app import migration_beside, migration_pod, migration_probes
from svcdns.app.doctor_finding import Finding, Level, warn
from svcdns.app.migration_beside import scaled
from svcdns.app.migration_corefile import lameduck_seconds, needs_pods, pages, ports, understood
from svcdns.app.migration_pod import Pod, at, pod_of
from svcdns.app.migration_sources import Found

MODES = ("replace", "canary", "standalone")
RELEASE = "svcdns"
CHART = "charts/svcdns"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and what to know before."""

    findings: tuple[Finding, ...]
    values: Mapping[str, Any]
    steps: tuple[Step, ...]
    back: tuple[Step, ...]
    """The way back."""

    @property
    def is_possible(self) -> bool:
        """Whether nothing stands in the way."""
        return all(one.level is not Level.FAIL for one in self.findings)


def plan(found: Found, mode: str = "replace") -> Plan:
    """Return the plan for what was found.

    Args:
        found: CoreDNS as it is.
        mode: one of `MODES`.
    """
    pod = pod_of(found)
    corefile = understood(found, pod.environment, pod.port)
    lameduck = lameduck_seconds(corefile.plans)
    values: dict[str, Any] = {"mode": mode, "existingConfigMap": found.config_map}
    values |= migration_pod.values_of(pod, found, lameduck)
    if mode == "canary":
        values["replicaCount"] = 1
    if needs_pods(corefile.plans):
        values["rbac"] = {"podsVerified": True}
    where = pages(corefile.plans)
    if corefile.plans:
        values |= migration_probes.values_of(where)
    values |= _of_service(found, mode)
    findings = [
        *corefile.findings,
        *_of_ports(ports(corefile.plans, pod.port), found),
        *(migration_probes.risks_of(where) if corefile.plans else ()),
        *migration_pod.risks_of(pod, found, lameduck),
        *migration_beside.risks_of(found, pod),
    ]
    return Plan(tuple(findings), values, _steps(found, pod, mode), _back(found, pod, mode))


def _of_service(found: Found, mode: str) -> dict[str, Any]:
    service = migration_beside.dns_service(found)
    if mode == "standalone":
        spec = at(service, "spec")
        names = ("clusterIP", "ipFamilyPolicy")
        kept: dict[str, Any] = {name: spec[name] for name in names if spec.get(name)}
        if len(spec.get("clusterIPs") or ()) > 1:
            kept["clusterIPs"] = list(spec["clusterIPs"])
        return {"service": kept} if kept else {}
    selector = at(service, "spec").get("selector") or {}
    labels = {name: value for name, value in selector.items() if name != "k8s-app"}
    values: dict[str, Any] = {"podLabels": labels} if labels else {}
    if selector.get("k8s-app", "kube-dns") != "kube-dns":
        values["k8sAppLabelOverride"] = selector["k8s-app"]
    return values


def _of_ports(served: set[int], found: Found) -> Iterator[Finding]:
    """Yield whether the Service sends queries where they are served."""
    for one in at(migration_beside.dns_service(found), "spec").get("ports") or ():
        target = one.get("targetPort", one.get("port"))
        number = target if isinstance(target, int) else 53  # as the chart's ports are named
        if one.get("port") == 53 and served and number not in served:
            listed = ", ".join(map(str, sorted(served)))
            yield warn(
                "ports",
                f"the Service sends queries to port {target}, the Corefile serves {listed}",
                "change one of them before",
            )


def _steps(found: Found, pod: Pod, mode: str) -> tuple[Step, ...]:
    kubectl = f"kubectl -n {found.namespace}"
    address = migration_beside.address_of(migration_beside.dns_service(found)) or "10.96.0.10"
    steps = [
        Step(
            f"keep the values above as {RELEASE}.yaml", f"svcdns migrate --values > {RELEASE}.yaml"
        ),
    ]
    if mode != "canary":
        steps += [
            Step("stop what would scale CoreDNS up again", scaled(one, found.namespace, 0))
            for one in migration_beside.scalers(found, pod)
        ]
    steps += [
        Step(
            "install",
            f"helm upgrade --install {RELEASE} {CHART} -n {found.namespace} -f {RELEASE}.yaml",
        ),
        Step("wait until it answers", f"{kubectl} rollout status deploy/{RELEASE}"),
        Step(
            "ask it, from a Pod or a node",
            f"svcdns query kubernetes.default.svc.cluster.local @{address}",
        ),
    ]
    if mode == "replace":
        if pod.kind == "DaemonSet":
            pause = '{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/nowhere":"true"}}}}}'
            stop = f"{kubectl} patch ds/{pod.name} --type merge -p '{pause}'"
        else:
            stop = f"{kubectl} scale deploy/{pod.name} --replicas=0"
        steps.append(Step("let CoreDNS rest", stop))
    return tuple(steps)


def _back(found: Found, pod: Pod, mode: str) -> tuple[Step, ...]:
    kubectl = f"kubectl -n {found.namespace}"
    steps = []
    if mode == "replace":
        if pod.kind == "DaemonSet":
            undo = '{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/nowhere":null}}}}}'
            start, wait = f"{kubectl} patch ds/{pod.name} --type merge -p '{undo}'", "ds"
        else:
            start = f"{kubectl} scale deploy/{pod.name} --replicas={pod.replicas or 2}"
            wait = "deploy"
        steps += [
            Step("start CoreDNS", start),
            Step("wait until it answers", f"{kubectl} rollout status {wait}/{pod.name}"),
        ]
        steps += [
            Step("let CoreDNS be scaled again", scaled(one, found.namespace, 1))
            for one in migration_beside.scalers(found, pod)
        ]
    steps.append(Step("take svcdns away", f"helm uninstall {RELEASE} -n {found.namespace}"))
    return tuple(steps)
