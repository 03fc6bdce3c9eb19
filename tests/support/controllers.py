"""A real kube-controller-manager with the controllers that make Pods and EndpointSlices.

There is no scheduler: `kubelet.py` takes every Pod for its own node.

Source: Kubernetes, kube-controller-manager's command line.
"""

import socket
from contextlib import suppress
from pathlib import Path

from tests.support.apiserver import ADMIN, ControlPlane
from tests.support.process import free_port
from tests.support.program import Program
from tests.support.tools import require_asset

_CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "endpointslice-controller",
    "namespace-controller",
    "garbage-collector-controller",
)


class Controllers:
    """kube-controller-manager beside a kube-apiserver."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        """Skip the calling test if there is none."""
        self._path = require_asset("kube-controller-manager")
        self._plane = plane
        self._folder = folder
        self._port = free_port(plane.host)
        self._program = Program("kube-controller-manager", folder / "controllers.log")

    def start(self) -> None:
        """Start it, and return when it has its port."""
        kubeconfig = self._plane.kubeconfig("controllers", token=ADMIN)
        line = [
            self._path,
            f"--kubeconfig={kubeconfig}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--leader-elect=false",
            f"--bind-address={self._plane.host}",
            f"--secure-port={self._port}",
            f"--cert-dir={self._folder}",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]
        self._program.start(line, self._is_up)

    def stop(self) -> None:
        """Stop it if it runs."""
        self._program.stop()

    def _is_up(self) -> bool:
        with suppress(OSError):
            socket.create_connection((self._plane.host, self._port), 1).close()
            return True
        return False
