"""A plan to put svcdns in CoreDNS's place: what is there, what is a risk, values, and the way back.

Nothing of a cluster is changed here, or anywhere below. The Corefile is used as it is: the values
name its ConfigMap, so what it means is what it meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from svcdns.app import migration_beside, migration_pod, migration_probes
from svcdns.app.doctor_finding import Finding, Level, fail, warn
from svcdns.app.migration_corefile import lameduck_seconds, needs_pods, pages, ports, understood
from svcdns.app.migration_pod import at, pod_of
from svcdns.app.migration_sources import Found, Request
from svcdns.app.migration_steps import Step, back, steps, tools_of

MODES = ("replace", "canary", "standalone")
_PORT_NAMES = ("dns", "dns-tcp")
"""Of the chart's container."""


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


def plan(found: Found, mode: str = "replace", request: Request = Request()) -> Plan:  # noqa: B008
    """Return the plan for what was found.

    Args:
        found: CoreDNS as it is.
        mode: one of `MODES`.
        request: how it was asked for: commands name the same cluster.
    """
    pod = pod_of(found)
    corefile = understood(found, pod.environment, pod.port)
    lameduck = lameduck_seconds(corefile.plans)
    values: dict[str, Any] = {"mode": mode, "existingConfigMap": found.config_map}
    values |= migration_pod.values_of(pod, found, lameduck)
    if mode == "canary":
        values.pop("replicaCount", None)  # the chart's is 1, and goes with the mode
    if needs_pods(corefile.plans):
        values["rbac"] = {"podsVerified": True}
    where = pages(corefile.plans)
    if corefile.plans:
        values |= migration_probes.values_of(where)
    values |= _of_service(found, mode)
    served = ports(corefile.plans, pod.port)
    if served - {53}:
        values["dnsPorts"] = sorted(served)
    findings = [
        *corefile.findings,
        *_of_ports(served, found),
        *(migration_probes.risks_of(where) if corefile.plans else ()),
        *migration_pod.risks_of(pod, found, lameduck),
        *migration_beside.risks_of(found, pod),
    ]
    if mode == "standalone" and (service := migration_beside.dns_service(found)):
        findings.append(
            warn(
                "Service",
                f"Helm does not take over a Service {migration_pod.name_of(service)} that is there",
                "mode standalone is for a cluster that is made without it; here: --mode replace",
            )
        )
    tools = tools_of(request, found.namespace, mode)
    stopped = migration_beside.scalers(found, pod)
    return Plan(
        tuple(findings),
        values,
        tuple(steps(pod, mode, tools, stopped)),
        tuple(back(pod, mode, tools, stopped)),
    )


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
        if one.get("port") != 53 or not served:
            continue
        if isinstance(target, str) and target not in _PORT_NAMES:
            yield fail(
                "ports",
                f"the Service sends queries to the port named {target}; the chart's are named "
                f"{' and '.join(_PORT_NAMES)}",
                f"write its number, {min(served)}, into the Service before",
            )
        elif isinstance(target, int) and target not in served:
            listed = ", ".join(map(str, sorted(served)))
            yield warn(
                "ports",
                f"the Service sends queries to port {target}, the Corefile serves {listed}",
                "change one of them before",
            )
