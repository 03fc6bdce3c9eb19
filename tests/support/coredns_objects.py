"""CoreDNS as kubeadm and others install it: documents for tests of `svcdns migrate`."""

from typing import Any

COREFILE = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""
"""kubeadm's."""

NAMESPACE = "/api/v1/namespaces/kube-system"
APPS = "/apis/apps/v1/namespaces/kube-system"
LABEL = {"k8s-app": "kube-dns"}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def workload(
    kind: str = "Deployment",
    name: str = "coredns",
    *,
    replicas: int | None = 2,
    container: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    **pod: Any,
) -> dict[str, Any]:
    """A Deployment as kubeadm makes it; `container` and `pod` are what is different."""
    one = {
        "name": "coredns",
        "image": "registry.k8s.io/coredns/coredns:v1.15.0",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "170Mi"}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns"}],
        **(container or {}),
    }
    spec = {
        "containers": [one],
        "volumes": [{"name": "config-volume", "configMap": {"name": "coredns"}}],
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "priorityClassName": "system-cluster-critical",
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "terminationGracePeriodSeconds": 30,
        **pod,
    }
    template = {"metadata": {"labels": LABEL}, "spec": spec}
    whole: dict[str, Any] = {"template": template}
    if replicas is not None:
        whole["replicas"] = replicas
    return {"kind": kind, "metadata": {"name": name, **(metadata or {})}, "spec": whole}


def service(**spec: Any) -> dict[str, Any]:
    """The Service of the cluster's DNS."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53}]
    whole = {"clusterIP": "10.96.0.10", "selector": LABEL, "ports": ports, **spec}
    return {"kind": "Service", "metadata": {"name": "kube-dns"}, "spec": whole}


def listed(kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    """A list as an API server gives it: items without a kind."""
    return {
        "kind": f"{kind}List",
        "metadata": {"resourceVersion": "1"},
        "items": [
            {name: value for name, value in item.items() if name != "kind"} for item in items
        ],
    }


def places(*workloads: dict[str, Any], corefile: str = COREFILE) -> dict[str, dict[str, Any]]:
    """Everything of a cluster that is read, by path."""
    deployments = [one for one in workloads if one["kind"] == "Deployment"] or [workload()]
    daemons = [one for one in workloads if one["kind"] == "DaemonSet"]
    return {
        f"{NAMESPACE}/configmaps/coredns": config_map("coredns", Corefile=corefile),
        f"{APPS}/deployments": listed("Deployment", *deployments),
        f"{APPS}/daemonsets": listed("DaemonSet", *daemons),
        f"{NAMESPACE}/services": listed("Service", service()),
        "/apis/autoscaling/v2/namespaces/kube-system/horizontalpodautoscalers": listed(
            "HorizontalPodAutoscaler"
        ),
        "/apis/policy/v1/namespaces/kube-system/poddisruptionbudgets": listed(
            "PodDisruptionBudget"
        ),
    }


AUTOSCALER = workload(
    name="dns-autoscaler",
    volumes=[],
    container={"command": ["/cpa", "--target=Deployment/coredns"]},
)
"""What gives CoreDNS as many pods as the cluster has nodes."""
