"""A real kube-apiserver with its etcd: what `make apiserver` builds, started as envtest does.

Each has its own folder, certificate authority and free ports, and keeps the ports over a restart.
There are no controllers: Services get no endpoints by themselves, and Namespaces stay.

Source: Kubernetes, kube-apiserver's command line; controller-runtime, envtest.
"""

import http.client
import json
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.authority import Authority
from tests.support.etcd import Etcd
from tests.support.fakeapi.collections import COLLECTIONS
from tests.support.process import free_port
from tests.support.program import PATIENCE_SECONDS, Program
from tests.support.tools import require, require_asset

HOST = "127.0.0.1"
ADMIN = "admin"

Rules = Mapping[str, Sequence[str]]
"""Verbs by resource, `endpointslices.discovery.k8s.io` and the like."""

SVCDNS: Rules = {
    "services": ("list", "watch"),
    "namespaces": ("list", "watch"),
    "endpointslices.discovery.k8s.io": ("list", "watch"),
}
"""The ClusterRole of docs/operations.md."""
USERS: Mapping[str, Rules] = {
    "svcdns": SVCDNS,
    "pods": {**SVCDNS, "pods": ("list", "watch")},
    "no-slices": {name: verbs for name, verbs in SVCDNS.items() if "slices" not in name},
    "no-watch": {**SVCDNS, "endpointslices.discovery.k8s.io": ("list",)},
    "no-list": dict.fromkeys(SVCDNS, ("watch",)),
    "weak": {},
}
"""Who may what; the name is the token too."""
SERVICE_ACCOUNT = ("kube-system", "svcdns")


class Member(NamedTuple):
    """One more kube-apiserver of a cluster."""

    url: str
    program: Program


class ControlPlane:
    """kube-apiserver and etcd."""

    def __init__(self, folder: Path, host: str = HOST) -> None:
        """Make keys and files; `start` follows.

        Args:
            folder: for them.
            host: address to serve at, which has to be there.
        """
        self.host = host
        self._path = require_asset("kube-apiserver")
        self.etcd = Etcd(folder)
        self.apiserver = Program("kube-apiserver", folder / "apiserver.log")
        self.port = free_port()
        self.folder = folder
        self.authority = Authority(folder / "authority")
        self._pair = self.authority.issue(f"IP:{host}", "DNS:localhost")
        self._key = folder / "sa.key"
        openssl = require("openssl", package="openssl")
        key = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]
        subprocess.run([openssl, *key, str(self._key)], check=True, capture_output=True)
        tokens = [f'{ADMIN},{ADMIN},{ADMIN},"system:masters"', *(f"{u},{u},{u}" for u in USERS)]
        (folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        self.tls = ssl.create_default_context(cafile=str(self.authority.certificate))

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def start(self) -> None:
        """Start both, and let everybody in."""
        self.etcd.start()
        self.start_apiserver()
        for user, rules in USERS.items():
            self._permit(user, rules, {"kind": "User", "name": user})
        namespace, name = SERVICE_ACCOUNT
        account = {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
        self.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        self._permit("account", SVCDNS, subject)
        self.put({"kind": "Namespace", "metadata": {"name": "shop"}})

    def stop(self) -> None:
        """Stop whatever runs."""
        self.apiserver.stop()
        self.etcd.stop()

    def start_apiserver(self, *, feature_gates: str = "") -> None:
        """Start kube-apiserver on its port.

        Args:
            feature_gates: as its option takes them, `WatchList=false`.
        """
        self.apiserver.start(self._line(self.port, feature_gates), self._is_up)

    @contextmanager
    def another_apiserver(self) -> Iterator["Member"]:
        """Run one more kube-apiserver on the same etcd, on a port of its own."""
        port = free_port()
        program = Program("kube-apiserver-2", self.folder / "apiserver-2.log")
        try:
            program.start(self._line(port), lambda: self._is_up(port))
            yield Member(f"https://{self.host}:{port}", program)
        finally:
            program.stop()

    def _line(self, port: int, feature_gates: str = "") -> list[str]:
        return [
            self._path,
            f"--etcd-servers={self.etcd.url}",
            f"--bind-address={self.host}",
            f"--advertise-address={self.host}",
            f"--secure-port={port}",
            "--endpoint-reconciler-type=none",  # loopback may not be an endpoint
            f"--tls-cert-file={self._pair.certificate}",
            f"--tls-private-key-file={self._pair.key}",
            f"--client-ca-file={self.authority.certificate}",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
            f"--service-account-issuer={self.url}/",
            f"--service-account-key-file={self._key}",
            f"--service-account-signing-key-file={self._key}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            "--shutdown-watch-termination-grace-period=1s",  # else it waits a minute for them
            *([f"--feature-gates={feature_gates}"] if feature_gates else []),
        ]

    def restart_apiserver(self, *, feature_gates: str = "") -> None:
        """End kube-apiserver as an operator would, and start it again."""
        self.apiserver.stop()
        self.start_apiserver(feature_gates=feature_gates)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        token: str = ADMIN,
        content_type: str = "application/json",
        port: int = 0,
    ) -> tuple[int, Any]:
        """Return status and body of a response; `port` is another server's."""
        connection = http.client.HTTPSConnection(
            self.host, port or self.port, timeout=PATIENCE_SECONDS, context=self.tls
        )
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        is_json = "json" in response.headers.get("Content-Type", "")
        return response.status, json.loads(answer) if is_json else answer

    def put(self, document: Mapping[str, Any]) -> None:
        """Create an object, or replace it; of a Pod and a Node also the status."""
        collection = COLLECTIONS[document["kind"]]
        namespace, name = collection.key(document)
        whole = {"apiVersion": collection.api_version, **document}
        folder = self._folder(document["kind"], namespace)
        status, answer = self.ask("PUT", f"{folder}/{name}", whole)
        if status == 404:
            status, answer = self.ask("POST", folder, whole)
        assert status in {200, 201}, answer
        if document["kind"] in {"Pod", "Node"} and "status" in document:
            part = {"status": document["status"]}
            merge = "application/merge-patch+json"
            path = f"{folder}/{name}/status"
            status, answer = self.ask("PATCH", path, part, content_type=merge)
            assert status == 200, answer

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object at once."""
        path = f"{self._folder(kind, namespace)}/{name}"
        status, answer = self.ask("DELETE", path, {"gracePeriodSeconds": 0})
        assert status == 200, answer

    def empty(self, namespace: str) -> None:
        """Delete all Services, slices and Pods of a namespace."""
        for kind in ("Service", "EndpointSlice", "Pod"):
            folder = self._folder(kind, namespace)
            _, listed = self.ask("GET", folder)
            for item in listed["items"]:
                self.delete(kind, namespace, item["metadata"]["name"])

    def wait_for(self, kind: str, namespace: str, count: int) -> None:
        """Wait until kube-apiserver itself has so many objects."""
        path = f"{self._folder(kind, namespace)}?resourceVersion=0"
        self.apiserver.wait_until(lambda: len(self.ask("GET", path)[1]["items"]) == count)

    def issue_token(self, secret: str) -> str:
        """Return a new token of the ServiceAccount that is good as long as a Secret exists."""
        namespace, name = SERVICE_ACCOUNT
        path = f"/api/v1/namespaces/{namespace}"
        self.ask("POST", f"{path}/secrets", {"metadata": {"name": secret}})
        bound = {"apiVersion": "v1", "kind": "Secret", "name": secret}
        body = {"spec": {"expirationSeconds": 3600, "boundObjectRef": bound}}
        status, answer = self.ask("POST", f"{path}/serviceaccounts/{name}/token", body)
        assert status == 201, answer
        return str(answer["status"]["token"])

    def revoke(self, secret: str) -> None:
        """Make the tokens that were issued for a Secret worthless."""
        status, _ = self.ask("DELETE", f"/api/v1/namespaces/{SERVICE_ACCOUNT[0]}/secrets/{secret}")
        assert status == 200

    def kubeconfig(self, name: str, **user: str) -> Path:
        """Write a kubeconfig with one user, `token="svcdns"` or `tokenFile="/path"`."""
        authority = str(self.authority.certificate)
        cluster = {"server": self.url, "certificate-authority": authority}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "a",
            "contexts": [{"name": "a", "context": {"cluster": "b", "user": "c"}}],
            "clusters": [{"name": "b", "cluster": cluster}],
            "users": [{"name": "c", "user": user}],
        }
        file = self.folder / f"kubeconfig-{name}"
        file.write_text(json.dumps(document))
        return file

    def _permit(self, name: str, rules: Rules, subject: Mapping[str, str]) -> None:
        """Bind a ClusterRole of these rules to a user or an account."""
        group = "rbac.authorization.k8s.io"
        path = f"/apis/{group}/v1"
        listed = []
        for resource, verbs in rules.items():
            plural, _, api_group = resource.partition(".")
            listed.append({"apiGroups": [api_group], "resources": [plural], "verbs": list(verbs)})
        role = {"metadata": {"name": name}, "rules": listed}
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [subject],
        }
        for kind, body in (("clusterroles", role), ("clusterrolebindings", binding)):
            status, answer = self.ask("POST", f"{path}/{kind}", body)
            assert status == 201, answer

    def _is_up(self, port: int = 0) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/readyz", port=port) == (200, b"ok")
        return False

    @staticmethod
    def _folder(kind: str, namespace: str) -> str:
        collection = COLLECTIONS[kind]
        inside = f"/namespaces/{namespace}" if collection.namespaced else ""
        return f"{collection.prefix}{inside}/{collection.name}"
