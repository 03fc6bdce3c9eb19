"""Pods that are programs: each has a network and a root folder of its own, and no container.

Of a Pod's spec counts what such a program sees: its arguments, ConfigMaps, empty folders and its
ServiceAccount. Users and capabilities are what tests/image is about.

Source: Kubernetes, "Accessing the Kubernetes API from a Pod", "Pod Lifecycle".
"""

import http.client
import shutil
import socket
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import program
from tests.support.apiserver import ControlPlane
from tests.support.namespaces import Network, join
from tests.support.process import environment

_ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount"
_LINKER = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d")
"""What a program needs of /etc."""
_SECONDS = 5


class PodProgram:
    """One Pod that runs."""

    def __init__(
        self,
        name: str,
        line: Sequence[str],
        variables: Mapping[str, str],
        log: Path,
        address: str,
        *,
        listens_late: bool = False,
    ) -> None:
        """Start it.

        Args:
            name: of the Pod.
            line: what to start.
            variables: of its environment.
            log: file for what it prints.
            address: it will have.
            listens_late: it says that it is ready before it listens at port 53.
        """
        self.name = name
        self.address = address
        self._is_listening = not listens_late
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=variables
            )
        program.running[name] = log
        self._is_asked = False

    @property
    def is_ready(self) -> bool:
        """Whether /ready says so, and it listens."""
        if self.has_ended or self.page(8181, "/ready")[0] != 200:
            return False
        self._is_listening = self._is_listening or self._accepts(53)
        return self._is_listening

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, once."""
        if not self._is_asked:
            self._is_asked = True
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()
        program.running.pop(self.name, None)

    def page(self, port: int, path: str) -> tuple[int, str]:
        """Return status and body of a page; with status 0 nobody is there."""
        connection = http.client.HTTPConnection(self.address, port, timeout=_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def _accepts(self, port: int) -> bool:
        try:
            socket.create_connection((self.address, port), _SECONDS).close()
        except OSError:
            return False
        return True


class PodPrograms:
    """All such Pods of a cluster."""

    def __init__(
        self,
        plane: ControlPlane,
        hub: Network,
        folder: Path,
        commands: Mapping[str, Sequence[str]],
        resolver: str,
        listen_late: Collection[str] = (),
    ) -> None:
        """Prepare for them.

        Args:
            plane: of the cluster.
            hub: where the API server is, and through which they reach each other.
            folder: for files.
            commands: what a container's name stands for.
            resolver: the node's.
            listen_late: containers that say that they are ready before they listen. A kubelet
                that looks every 10 s seldom sees that; the one of these tests looks all the time.
        """
        self.all: list[PodProgram] = []
        self._plane = plane
        self._hub = hub
        self._folder = folder
        self._commands = commands
        self._resolver = resolver
        self._listen_late = listen_late
        self._networks: list[Network] = []

    def knows(self, pod: Mapping[str, Any]) -> bool:
        """Whether it can start a Pod."""
        return _container(pod)["name"] in self._commands

    def running(self, container: str) -> list[PodProgram]:
        """Return those with a container of that name that have not ended."""
        return [one for one in self.all if one.name.startswith(container) and not one.has_ended]

    def network(self) -> tuple[Network, str]:
        """Return one more network that is joined to the hub, and its address."""
        network = Network()
        self._networks.append(network)
        number = len(self._networks)
        join(network, self._hub, number)
        return network, f"198.18.{number}.2"

    def start(self, pod: Mapping[str, Any]) -> PodProgram:
        """Start what a Pod consists of."""
        metadata, container = pod["metadata"], _container(pod)
        network, address = self.network()
        root = self._folder / metadata["name"]
        self._furnish(root, pod)
        words = [*self._commands[container["name"]], *container.get("args", ())]
        variables = {
            **environment(),
            "KUBERNETES_SERVICE_HOST": self._plane.host,
            "KUBERNETES_SERVICE_PORT": str(self._plane.port),
        }
        line = network.program(words, root)
        log = self._folder / f"{metadata['name']}.log"
        late = container["name"] in self._listen_late
        one = PodProgram(metadata["name"], line, variables, log, address, listens_late=late)
        self.all.append(one)
        return one

    def close(self) -> None:
        """End all of them, and take their networks away."""
        for one in self.all:
            one.kill()
        for network in self._networks:
            network.close()

    def _furnish(self, root: Path, pod: Mapping[str, Any]) -> None:
        """Put into a new root folder what a Pod finds there."""
        namespace, spec = pod["metadata"]["namespace"], pod["spec"]
        volumes = {one["name"]: one for one in spec.get("volumes", ())}
        mounts = _container(pod).get("volumeMounts", ())
        for mount in sorted(mounts, key=lambda one: str(one["mountPath"])):
            folder = root / str(mount["mountPath"]).lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
            if "configMap" in (volume := volumes[mount["name"]]):
                name = volume["configMap"]["name"]
                where = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
                for key, text in (self._plane.ask("GET", where)[1].get("data") or {}).items():
                    (folder / key).write_text(text)
        etc = root / "etc"
        (etc / "resolv.conf").write_text(f"nameserver {self._resolver}\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n")
        for name in _LINKER:
            if (path := Path("/etc") / name).is_dir():
                shutil.copytree(path, etc / name)
            elif path.exists():
                shutil.copy(path, etc / name)
        account = root / _ACCOUNT
        account.mkdir(parents=True)
        shutil.copy(self._plane.authority.certificate, account / "ca.crt")
        where = f"/api/v1/namespaces/{namespace}/serviceaccounts/{spec['serviceAccountName']}"
        status, answer = self._plane.ask(
            "POST", f"{where}/token", {"spec": {"expirationSeconds": 3600}}
        )
        assert status == 201, answer
        (account / "token").write_text(answer["status"]["token"])
        (account / "namespace").write_text(namespace)


def _container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    (container,) = pod["spec"]["containers"]
    assert isinstance(container, Mapping)
    return container
