"""A real kube-apiserver that has the whole world: 10,000 Services, 150,000 endpoints.

The objects are written into etcd, as twenty thousand requests would take minutes. The API server
then sees to their ClusterIPs by itself; what is measured begins when it has come to rest.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from tests.bench import files
from tests.bench.world import World
from tests.support.apiserver import ControlPlane
from tests.support.fakeapi.objects import endpoint_slice, service
from tests.support.tools import find_asset

NAMESPACE = "shop"
PROBE = f"probe.{NAMESPACE}.svc.cluster.local."
"""A headless Service whose only endpoint is what an experiment makes it."""
FIRST_ADDRESS = int(IPv4Address("10.250.0.2"))
"""Of the probe; each later one is greater."""

_SERVERS = ("kube-apiserver", "etcd")
_PROGRAMS = {"openssl": "openssl", "setpriv": "util-linux", "cc": "gcc"}
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 1.0
_IDLE_SHARE = 0.93
_IDLE_LOOKS = 2


def missing() -> str:
    """Return what is not here and what brings it; empty: everything is here."""
    if lacking := [name for name in _SERVERS if find_asset(name) is None]:
        return f"no {' and no '.join(lacking)} here; make apiserver builds it, once, in minutes"
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            return f"{program} is not installed; apt-get install {package} brings it"
    return ""


def start(folder: Path, world: World) -> ControlPlane:
    """Start a control plane and put the world into it."""
    folder.mkdir()
    plane = ControlPlane(folder)
    try:
        plane.start()
        for namespace in world.namespaces:
            plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        documents = [stored(one) for one in files.objects(world) if one["kind"] != "Namespace"]
        plane.etcd.put_objects(documents)
        last = world.services[-1].namespace
        count = sum(one.namespace == last for one in world.services)
        for kind in ("Service", "EndpointSlice"):
            plane.wait_for(kind, last, count)
        plane.put(service("probe", NAMESPACE, addresses=()))
        plane.put(probe_slice("10.250.0.1"))
        wait_until_quiet()
    except BaseException:
        plane.stop()
        raise
    return plane


def probe_slice(address: str) -> dict[str, Any]:
    """Return the slice of the probe with one endpoint."""
    return endpoint_slice("probe-1", "probe", [address], NAMESPACE)


def stored(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as the API server would have written it into etcd, owners included."""
    metadata = {**document["metadata"]}
    del metadata["resourceVersion"]
    owner = {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": document["apiVersion"],
        "time": metadata["creationTimestamp"],
        "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{part}": {} for part in document if part not in {"kind", "apiVersion"}},
    }
    return {**document, "metadata": {**metadata, "managedFields": [owner]}}


def wait_until_quiet() -> None:
    """Return when the machine has little to do, or after two minutes in which it never had."""
    deadline, quiet = time.monotonic() + _PATIENCE_SECONDS, 0
    while quiet < _IDLE_LOOKS and time.monotonic() < deadline:
        before = _idle_and_all()
        time.sleep(_LOOK_SECONDS)
        idle, whole = (after - then for after, then in zip(_idle_and_all(), before, strict=True))
        quiet = quiet + 1 if idle >= _IDLE_SHARE * whole else 0


def _idle_and_all() -> Iterator[int]:
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return iter((ticks[3] + ticks[4], sum(ticks)))
