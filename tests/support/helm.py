"""Our chart as Helm renders it, and as Helm installs it.

The programs behind it are in `helm_program.py`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.tree import ROOT

CHART = ROOT / "charts/svcdns"
RELEASE = "svcdns"
NAMESPACE = "kube-system"

Values = Mapping[str, Any]
Manifest = dict[str, Any]

MODES: Mapping[str, Values] = {
    "replace": {"mode": "replace"},
    "canary": {"mode": "canary"},
    "standalone": {"mode": "standalone", "service": {"clusterIP": "10.96.0.10"}},
    "proxy": {"mode": "proxy", "proxy": {"apiServer": {"host": "192.0.2.1"}}},
}
"""The fewest values of each mode."""
DNS_MODES = tuple(mode for mode in MODES if mode != "proxy")
EVERYTHING: Values = {
    "podDisruptionBudget": {"minAvailable": 1},
    "networkPolicy": {"enabled": True},
    "prometheus": {
        "service": {"enabled": True},
        "monitor": {"enabled": True},
        "rules": {"enabled": True},
    },
    "dashboards": {"enabled": True},
}
"""What can be switched on in every mode."""


class HelmError(Exception):
    """Helm has refused something."""


class Rendered(NamedTuple):
    """What a release is made of."""

    objects: tuple[Manifest, ...]
    notes: str

    def of(self, kind: str) -> list[Manifest]:
        """Return the objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str = "") -> Manifest:
        """Return the only object of a kind, or of this name."""
        (found,) = (one for one in self.of(kind) if name in ("", one["metadata"]["name"]))
        return found

    @property
    def workload(self) -> Manifest:
        """The Deployment or DaemonSet."""
        (found,) = self.of("Deployment") + self.of("DaemonSet")
        return found

    @property
    def pod(self) -> Manifest:
        """The pod's template."""
        template = self.workload["spec"]["template"]
        assert isinstance(template, dict)
        return template

    @property
    def container(self) -> Manifest:
        """The container that runs svcdns."""
        (found,) = (one for one in self.pod["spec"]["containers"] if one["name"] == "svcdns")
        assert isinstance(found, dict)
        return found

    @property
    def mounted(self) -> dict[str, Manifest]:
        """Path in the container -> the volume there."""
        volumes = {one["name"]: one for one in self.pod["spec"]["volumes"]}
        return {one["mountPath"]: volumes[one["name"]] for one in self.container["volumeMounts"]}

    @property
    def corefile(self) -> str:
        """The Corefile of the ConfigMap."""
        (found,) = (one["data"] for one in self.of("ConfigMap") if "Corefile" in one["data"])
        return str(found["Corefile"])


class Helm:
    """A Helm that runs; `stop` ends it."""

    def __init__(self) -> None:
        """Start it."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.helm_program"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> None:
        """End it."""
        self._child.terminate()
        self._child.communicate()

    def ask(self, what: str, **request: Any) -> Any:
        """Return the answer to one request.

        Raises:
            HelmError: what Helm said instead.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"what": what, "chart": str(CHART), **request}) + "\n")
        self._child.stdin.flush()
        said = json.loads(self._child.stdout.readline())
        if "error" in said:
            raise HelmError(said["error"])
        return said["is"]

    def render(
        self, values: Values, *, name: str = RELEASE, namespace: str = NAMESPACE
    ) -> Rendered:
        """Return what the chart comes to, without a cluster.

        Raises:
            HelmError: the values are refused.
        """
        return parsed(self.ask("render", values=values, name=name, namespace=namespace))

    def look(self, values: Values, kubeconfig: Path, *, name: str, namespace: str) -> Rendered:
        """Return what the chart comes to in a cluster, of which nothing is changed."""
        asked = {"values": values, "kubeconfig": str(kubeconfig), "name": name}
        return parsed(self.ask("look", namespace=namespace, **asked))


def parsed(files: Mapping[str, str]) -> Rendered:
    """Return the objects of rendered templates; each must be complete."""
    objects: list[Manifest] = []
    for name, text in sorted(files.items()):
        if name.endswith(".yaml"):
            objects += [one for one in yaml.safe_load_all(text) if one is not None]
    assert all({"apiVersion", "kind", "metadata"} <= one.keys() for one in objects)
    (notes,) = (text for name, text in files.items() if name.endswith("NOTES.txt"))
    return Rendered(tuple(objects), notes)


def merged(*layers: Values) -> dict[str, Any]:
    """Return values of which later ones win, as with `helm -f a -f b`."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            before = result.get(key)
            both = isinstance(before, Mapping) and isinstance(value, Mapping)
            result[key] = merged(before or {}, value) if both else value
    return result
