"""Every command means the cluster that was read, and the plan that was shown."""

import shlex

import pytest

from svcdns.app.migration import MODES
from svcdns.app.migration_pod import Pod
from svcdns.app.migration_sources import Request
from svcdns.app.migration_steps import Step, back, steps, tools_of

USUAL = Request()
ELSEWHERE = Request(
    namespace="dns",
    config_map="their map",
    kubeconfig="/tmp/a b",  # noqa: S108
    context="prod",
    servers=("https://192.0.2.1:6443", "https://192.0.2.2:6443"),
)


def made(request: Request, mode: str = "replace", pod: Pod = Pod()) -> list[Step]:  # noqa: B008
    tools = tools_of(request, request.namespace, mode)
    return [*steps(pod, mode, tools, ["scaler"]), *back(pod, mode, tools, ["scaler"])]


@pytest.mark.parametrize("mode", MODES)
def test_every_command_names_the_cluster_that_was_read(mode: str) -> None:
    server = "https://192.0.2.1:6443"
    named = {
        "svcdns": ["--context", "prod", "--apiserver", f"{server},https://192.0.2.2:6443"],
        "kubectl": ["--context", "prod", "--server", server, "-n", "dns"],
        "helm": ["--kube-context", "prod", "--kube-apiserver", server, "-n", "dns"],
    }

    for step in made(ELSEWHERE, mode):
        program, *words = shlex.split(step.command.partition(" > ")[0])
        options = ["--kubeconfig", "/tmp/a b", *named[program]]  # noqa: S108
        start = words.index("--kubeconfig")
        assert words[start : start + len(options)] == options


def test_the_values_that_are_kept_are_those_of_the_plan() -> None:
    (kept, *_) = made(ELSEWHERE, "canary")

    assert kept.command.endswith(
        "--namespace dns --config-map 'their map' --mode canary --values > svcdns.yaml"
    )
    assert made(USUAL)[0].command == "svcdns migrate --values > svcdns.yaml"


def test_what_was_read_from_files_is_read_from_them_again() -> None:
    request = Request("Corefile", custom="custom/", workload="coredns.yaml")

    (kept, *_) = made(request)

    assert kept.command == (
        "svcdns migrate --corefile Corefile --custom custom/ --deployment coredns.yaml "
        "--values > svcdns.yaml"
    )


def test_coredns_is_there_again_before_svcdns_goes() -> None:
    commands = [one.command.removeprefix("kubectl -n kube-system ") for one in made(USUAL)]

    assert commands[commands.index("scale deploy/coredns --replicas=0") :] == [
        "scale deploy/coredns --replicas=0",
        "scale deploy/coredns --replicas=2",
        "rollout status deploy/coredns",
        "scale deploy/scaler --replicas=1",
        "helm -n kube-system uninstall svcdns",
    ]


@pytest.mark.parametrize("mode", ["canary", "standalone"])
def test_coredns_rests_only_where_it_is_replaced(mode: str) -> None:
    assert not any("--replicas=" in one.command for one in made(USUAL, mode))


def test_a_daemon_set_is_sent_to_no_node_and_back() -> None:
    pod = Pod("DaemonSet", "dns-default")

    patches = [one.command for one in made(USUAL, pod=pod) if " patch ds/" in one.command]

    assert [shlex.split(one)[-1] for one in patches] == [
        '{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/nowhere":"true"}}}}}',
        '{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/nowhere":null}}}}}',
    ]
