"""A cluster in which Deployments and StatefulSets make Pods, driven by kubectl.

Its parts are a real kube-apiserver, a real kube-controller-manager and the kubelet of
`kubelet.py`, which works whenever somebody waits for something.
"""

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.apiserver import ADMIN, ControlPlane
from tests.support.kubelet import Kubelet, Running
from tests.support.tools import require_asset

PATIENCE_SECONDS = 60.0


class Workloads:
    """The cluster."""

    def __init__(
        self, plane: ControlPlane, folder: Path, start: Callable[[Mapping[str, Any]], Running]
    ) -> None:
        """Take it over; `start` makes a Pod run."""
        self.plane = plane
        self._start = start
        self._kubelet = Kubelet(plane)
        kubeconfig = plane.kubeconfig("kubectl", token=ADMIN)
        self._kubectl = [
            *(require_asset("kubectl"), f"--kubeconfig={kubeconfig}"),
            f"--cache-dir={folder / 'kubectl'}",
        ]

    def until(self, is_so: Callable[[], object], what: Callable[[], object] = str) -> None:
        """Wait for something to become true; `what` is shown if it does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._kubelet.look(self._start)
            if is_so():
                return
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what()}"
            time.sleep(0.05)

    def kubectl(self, words: str, manifest: str = "", namespace: str = "") -> str:
        """Return what kubectl prints; fail if it does.

        Args:
            words: of the command line, quoted as in a shell.
            manifest: its standard input.
            namespace: of the command line; empty: objects say their own.
        """
        where = [f"--namespace={namespace}"] if namespace else []
        with subprocess.Popen(
            [*self._kubectl, *where, *shlex.split(words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(manifest)
            program.stdin.close()
            try:
                self.until(lambda: program.poll() is not None, lambda: f"kubectl {words}")
            finally:
                program.kill()
            said = program.stdout.read()
        assert program.returncode == 0, said
        return said

    def apply(self, manifest: str, namespace: str = "") -> None:
        """Have `kubectl apply` what is in the text."""
        self.kubectl("apply -f -", manifest, namespace)
