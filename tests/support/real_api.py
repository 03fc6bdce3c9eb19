"""The real kube-apiserver behind the seam that scenarios use (`api_server.ApiServer`)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from svcdns.source.apiserver.protocol import Connection
from tests.support.api_server import Scenario
from tests.support.apiserver import ADMIN, HOST, ControlPlane
from tests.support.http_connection import HttpConnection


class RealApi:
    """Scenarios run one after the other on one cluster."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def run(self, scenario: Scenario) -> None:
        self._plane.empty("shop")
        cluster = _RealCluster(self._plane)
        try:
            asyncio.run(scenario(cluster))
        finally:
            if cluster.is_changed:
                self._plane.restart_apiserver()


class _RealCluster:
    """`api_server.Cluster` of a control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self.is_changed = False
        """Whether kube-apiserver runs with other options than it should."""

    def connection(self, *, is_weak: bool = False) -> Connection:
        plane = self._plane
        token = "weak" if is_weak else ADMIN
        return HttpConnection(HOST, plane.port, token=token, tls=plane.tls)

    async def put(self, document: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self._plane.put, document)

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        await asyncio.to_thread(self._plane.delete, kind, namespace, name)

    async def forget_history(self) -> None:
        self._plane.etcd.compact()
        self._plane.restart_apiserver()

    async def turn_watch_list_off(self) -> None:
        self.is_changed = True
        self._plane.restart_apiserver(feature_gates="WatchList=false")
