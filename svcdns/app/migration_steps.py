"""The commands that put svcdns in CoreDNS's place, and those of the way back.

Each of them names the cluster that was read: whoever reads one cluster may have another in use.
"""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from svcdns.app.migration_pod import Pod
from svcdns.app.migration_sources import Request

RELEASE = "svcdns"
CHART = "charts/svcdns"

_USUAL = Request()
_NOWHERE = '{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/nowhere":%s}}}}}'
"""Stops a DaemonSet, which has no number of pods; and starts it again, with null."""


class Step(NamedTuple):
    """One thing to do."""

    what: str
    command: str


class Tools(NamedTuple):
    """How each program is started."""

    kubectl: str
    helm: str
    values: str
    """Prints the values of the plan."""


def tools_of(request: Request, namespace: str, mode: str) -> Tools:
    """Return the programs with the options that say which cluster is meant.

    Args:
        request: how CoreDNS was asked for.
        namespace: where it is.
        mode: of the plan.
    """
    options = (
        # of svcdns, its value, and what the other two call it
        ("--kubeconfig", request.kubeconfig, "--kubeconfig", "--kubeconfig"),
        ("--context", request.context, "--context", "--kube-context"),
        ("--apiserver", ",".join(request.servers), "--server", "--kube-apiserver"),
    )
    ours, kubectl, helm = ["svcdns", "migrate"], ["kubectl"], ["helm"]
    for name, value, of_kubectl, of_helm in options:
        if value:
            first = value.partition(",")[0] if name == "--apiserver" else value
            ours += [name, value]
            kubectl += [of_kubectl, first]
            helm += [of_helm, first]
    for name, text, usual in (
        ("--corefile", request.corefile, None),
        ("--custom", request.custom, None),
        ("--deployment", request.workload, None),
        ("--namespace", request.namespace, _USUAL.namespace),
        ("--config-map", request.config_map, _USUAL.config_map),
        ("--mode", mode, "replace"),
    ):
        if text is not None and text != usual:
            ours += [name, text]
    inside = ["-n", namespace]
    return Tools(*map(shlex.join, ([*kubectl, *inside], [*helm, *inside], [*ours, "--values"])))


def steps(pod: Pod, mode: str, tools: Tools, scalers: Sequence[str] = ()) -> Iterator[Step]:
    """Yield what to do, in order.

    Args:
        pod: how CoreDNS runs.
        mode: what svcdns is to be.
        tools: how programs are started.
        scalers: Deployments that would give CoreDNS pods again.
    """
    yield Step(
        f"keep the values above as {RELEASE}.yaml; add image.repository, where nodes get it",
        f"{tools.values} > {RELEASE}.yaml",
    )
    if mode == "replace":
        for name in scalers:
            yield Step("stop what would scale CoreDNS up again", _scaled(tools, name, 0))
    yield Step("install", f"{tools.helm} upgrade --install {RELEASE} {CHART} -f {RELEASE}.yaml")
    yield Step("wait until it answers", f"{tools.kubectl} rollout status deploy/{RELEASE}")
    yield Step("ask its pods alone", f"{tools.helm} test {RELEASE}")
    if mode == "replace":
        yield Step("let CoreDNS rest", _stopped(pod, tools))


def back(pod: Pod, mode: str, tools: Tools, scalers: Sequence[str] = ()) -> Iterator[Step]:
    """Yield the way back, in order. Arguments are those of `steps`."""
    if mode == "replace":
        yield Step("start CoreDNS", _started(pod, tools))
        kind = "ds" if pod.kind == "DaemonSet" else "deploy"
        yield Step("wait until it answers", f"{tools.kubectl} rollout status {kind}/{pod.name}")
        for name in scalers:
            yield Step("let CoreDNS be scaled again", _scaled(tools, name, 1))
    yield Step("take svcdns away", f"{tools.helm} uninstall {RELEASE}")


def _stopped(pod: Pod, tools: Tools) -> str:
    if pod.kind == "DaemonSet":
        return _patched(pod, tools, '"true"')
    return _scaled(tools, pod.name, 0)


def _started(pod: Pod, tools: Tools) -> str:
    if pod.kind == "DaemonSet":
        return _patched(pod, tools, "null")
    return _scaled(tools, pod.name, pod.replicas or 2)


def _patched(pod: Pod, tools: Tools, value: str) -> str:
    return f"{tools.kubectl} patch ds/{pod.name} --type merge -p '{_NOWHERE % value}'"


def _scaled(tools: Tools, name: str, replicas: int) -> str:
    return f"{tools.kubectl} scale deploy/{name} --replicas={replicas}"
