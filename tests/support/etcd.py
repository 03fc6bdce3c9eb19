"""A real etcd, driven over its JSON gateway: compaction, copies, and objects by the thousand.

Source: etcd 3.6, "API reference: concurrency, kv"; keys and values as kube-apiserver stores them.
"""

import base64
import http.client
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support.fakeapi.collections import COLLECTIONS
from tests.support.process import free_ports
from tests.support.program import PATIENCE_SECONDS, Program
from tests.support.tools import require_asset

_HOST = "127.0.0.1"
_MOST_AT_ONCE = 128
"""Operations of one transaction."""
_PREFIXES = {"Service": "services/specs", "EndpointSlice": "endpointslices", "Pod": "pods"}


class Etcd:
    """One member, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = require_asset("etcd")
        self._program = Program("etcd", folder / "etcd.log")
        self._folder = folder / "etcd"
        self._kept = folder / "etcd-kept"
        self._port, self._peers = free_ports(2)

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self._port}"

    @property
    def is_running(self) -> bool:
        return self._program.is_running

    def start(self) -> None:
        peers = f"http://{_HOST}:{self._peers}"
        line = [
            self._path,
            f"--data-dir={self._folder}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync=true",
            "--log-level=warn",
        ]
        self._program.start(line, self._is_up)

    def stop(self) -> None:
        self._program.stop()

    def keep(self) -> None:
        """Copy all it has, to `restore` it later."""
        self._program.freeze()
        try:
            shutil.copytree(self._folder, self._kept, dirs_exist_ok=False)
        finally:
            self._program.thaw()

    def restore(self) -> None:
        """Put back what was kept; it must have been stopped."""
        assert not self._program.is_running
        shutil.rmtree(self._folder)
        self._kept.rename(self._folder)

    def compact(self) -> None:
        """Forget the history before now."""
        revision = self._ask("kv/range", {"key": _coded("/"), "limit": 1})["header"]["revision"]
        self._ask("kv/compaction", {"revision": revision, "physical": True})

    def put_objects(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Write objects past kube-apiserver.

        It takes for granted that no two objects of a kind share a revision, as these do: let it
        have them all (`ControlPlane.wait_for`) before anybody watches.
        """
        operations = [
            {"requestPut": {"key": _coded(_key(one)), "value": _coded(json.dumps(one))}}
            for one in documents
        ]
        self._transact(operations)

    def delete_namespace(self, kind: str, namespace: str) -> None:
        """Delete all objects of a kind in a namespace."""
        prefix = f"/registry/{_PREFIXES[kind]}/{namespace}/"
        end = prefix[:-1] + chr(ord("/") + 1)
        self._ask("kv/deleterange", {"key": _coded(prefix), "range_end": _coded(end)})

    def _transact(self, operations: list[dict[str, Any]]) -> None:
        for start in range(0, len(operations), _MOST_AT_ONCE):
            self._ask("kv/txn", {"success": operations[start : start + _MOST_AT_ONCE]})

    def _is_up(self) -> bool:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/health")
            return b'"true"' in connection.getresponse().read()
        except OSError:
            return False
        finally:
            connection.close()

    def _ask(self, call: str, body: Mapping[str, Any]) -> Any:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", f"/v3/{call}", json.dumps(body))
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer
            return json.loads(answer)
        finally:
            connection.close()


def _key(document: Mapping[str, Any]) -> str:
    namespace, name = COLLECTIONS[document["kind"]].key(document)
    return f"/registry/{_PREFIXES[document['kind']]}/{namespace}/{name}"


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
