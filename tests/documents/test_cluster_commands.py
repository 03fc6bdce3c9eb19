"""Commands of documents that need a cluster, typed before a real kube-apiserver.

Deployments have Pods, made by a real kube-controller-manager and taken by a kubelet without
containers. What runs in a Pod, or waits for a DaemonSet, is left to `make e2e` (`elsewhere.py`).
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.conftest import copied_project
from tests.documents.elsewhere import CLUSTER, commands_for
from tests.support import kubeadm_cluster
from tests.support.apiserver import ControlPlane
from tests.support.controllers import Controllers
from tests.support.process import Output, free_port
from tests.support.puppets import Puppets
from tests.support.shown import Command
from tests.support.tools import require_asset
from tests.support.tree import ROOT, relative
from tests.support.typed import Shell
from tests.support.workloads import Workloads

PAGES = re.compile(r"^ *(health|ready|prometheus)\b.*\n", re.MULTILINE)
WITHOUT_DNS = re.compile(r"mode=standalone|overlays/(standalone|kind)\b")
"""Commands for a cluster that was made without DNS."""


class ClusterShell(Shell):
    """A shell with kubectl, helm and a kubeconfig."""

    def __init__(self, folder: Path, cluster: Workloads) -> None:
        super().__init__(folder, replacing={"5300": str(free_port())})
        self._cluster = cluster
        tools = folder / "tools"
        tools.mkdir()
        (tools / "kubectl").symlink_to(require_asset("kubectl"))
        helm = tools / "helm"
        helm.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.support.helm_command "$@"\n')
        helm.chmod(0o755)
        self.variables["PATH"] = f"{tools}:{self.variables['PATH']}"
        self.variables["PYTHONPATH"] = str(ROOT)
        kubeadm_cluster.write_kubeconfig(cluster.plane, folder, "kind-kind", "prod")

    def finished(self, child: subprocess.Popen[str]) -> str:
        """Return all that a command prints; the kubelet works meanwhile."""
        assert child.stdout is not None
        output = Output(child.stdout)
        self._cluster.until(lambda: child.poll() is not None, lambda: output)
        output.end()
        return str(output)


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workloads]:
    """An API server that knows all kinds there may be, with controllers and a kubelet."""
    kubeadm_cluster.make_kinds(plane)
    folder = tmp_path_factory.mktemp("controllers")
    controllers = Controllers(plane, folder)
    try:
        controllers.start()
        yield Workloads(plane, folder, Puppets().start)
    finally:
        controllers.stop()


@pytest.fixture
def shell(cluster: Workloads, tmp_path: Path) -> Shell:
    """A shell before a cluster as kubeadm leaves it."""
    kubeadm_cluster.reset(cluster.plane)
    folder = copied_project(tmp_path)
    corefile = folder / "examples/Corefile"
    corefile.write_text(PAGES.sub("", corefile.read_text()))  # ports that others may have
    return ClusterShell(folder, cluster)


@pytest.mark.parametrize("commands", commands_for(CLUSTER), ids=lambda it: relative(it[0].path))
def test_what_a_document_types_before_a_cluster_works(
    shell: Shell, plane: ControlPlane, commands: list[Command]
) -> None:
    for command in commands:
        if WITHOUT_DNS.search(command.text):
            kubeadm_cluster.remove_dns(plane)
        shell.type(command)
