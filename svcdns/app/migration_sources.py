"""What a CoreDNS in use is made of: its Corefile and files, its Deployment, what stands beside it.

Read from an API server or from files; what it comes to is `migration`'s business. Objects stay
plain values here, as Kubernetes has them: they are looked at once, and parts of them copied.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.files import read_text
from svcdns.app.start_error import StartError
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.protocol import LostError, Query, WatchExpiredError
from svcdns.source.apiserver.single import fetch
from svcdns.source.yaml_loader import YamlError, documents
from svcdns.wire.name import from_text

FOLDER = "/etc/coredns"
"""Where the Corefile is in a Pod."""
CUSTOM = "coredns-custom"

Document = Mapping[str, Any]
"""One object of Kubernetes, or a part of one."""

_FAILURES = (LostError, RefusedError, UnreadableError, WatchExpiredError)


@dataclass(frozen=True, slots=True)
class Request:
    """Where CoreDNS is."""

    corefile: str | None = None
    """Path of the Corefile, `-` for standard input; None: an API server is asked for all."""
    custom: str | None = None
    """Folder of what is in the ConfigMap `coredns-custom`."""
    workload: str | None = None
    """Path of manifests: the Deployment, and what else is known."""
    namespace: str = "kube-system"
    config_map: str = "coredns"
    kubeconfig: str = ""
    context: str = ""
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What was read."""

    corefile: str
    config_map: str = "coredns"
    namespace: str = "kube-system"
    files: Mapping[str, str] = field(default_factory=dict)
    """Beside the Corefile, by their paths in the Pod."""
    folder: str = ""
    """Where files that lie beside the Corefile are on this machine; empty: nowhere."""
    objects: tuple[Document, ...] = ()
    """Workloads, Services and what scales or protects them."""
    missing: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    services: int | None = None
    """How many the cluster has; None: nobody knows."""
    slices: int | None = None


def of_files(request: Request) -> Found:
    """Return what files say.

    Raises:
        StartError: one of them cannot be read.
    """
    name = request.corefile or "Corefile"
    files: dict[str, str] = {}
    try:
        text, _ = read_text(name)
        if request.custom is not None:
            for path in sorted(Path(request.custom).iterdir()):
                if path.is_file():
                    files[f"{FOLDER}/custom/{path.name}"], _ = read_text(str(path))
        octets = Path(request.workload).read_bytes() if request.workload is not None else b""
    except OSError as error:
        raise StartError(
            f"cannot read '{error.filename or name}': {error.strerror}\n"
            "  next  name a file that is there"
        ) from None
    return Found(
        text,
        request.config_map,
        request.namespace,
        files,
        "" if name in ("-", "stdin") else str(Path(name).parent),
        tuple(_objects(octets, request.workload or "")),
    )


def of_cluster(
    request: Request,
    done: Callable[[int, int], None] = lambda count, total: None,  # noqa: ARG005
) -> Found:
    """Return what an API server says.

    Args:
        request: which one, and where CoreDNS is in it.
        done: told how many questions are answered, and of how many.

    Raises:
        StartError: it does not answer, or has no such ConfigMap.
    """
    return asyncio.run(_of_cluster(request, done))


async def _of_cluster(request: Request, done: Callable[[int, int], None]) -> Found:
    from svcdns.source.apiserver.client import connect  # noqa: PLC0415  half a second

    access = Access.of(
        KubernetesSettings(zones=(from_text("cluster.local"),)),
        os.environ,
        kubeconfig=request.kubeconfig,
        context=request.context,
        servers=request.servers,
    )
    try:
        server = connect(access)
    except LostError as error:
        raise StartError(f"no cluster can be read: {error}") from None
    try:
        return await _Asking(server, request, done).found()
    finally:
        await server.close()


class _Asking:
    """All questions about one cluster."""

    def __init__(
        self, server: ApiServer, request: Request, done: Callable[[int, int], None]
    ) -> None:
        self._server = server
        self._request = request
        self._done = done
        self._missing: list[str] = []
        self._count = 0

    async def found(self) -> Found:
        """Return everything there is."""
        request = self._request
        core, apps = f"/api/v1/namespaces/{request.namespace}", "/apis/apps/v1"
        inside = f"namespaces/{request.namespace}"
        whole = await self._config_map(f"{core}/configmaps/{request.config_map}")
        custom = await self._ask(f"{core}/configmaps/{CUSTOM}", is_optional=True)
        objects: list[Document] = []
        for path in (
            f"{apps}/{inside}/deployments",
            f"{apps}/{inside}/daemonsets",
            f"{core}/services",
            f"/apis/autoscaling/v2/{inside}/horizontalpodautoscalers",
            f"/apis/policy/v1/{inside}/poddisruptionbudgets",
        ):
            objects += _items(await self._ask(path))
        services = _total(await self._ask("/api/v1/services", (("limit", "1"),)))
        slices = "/apis/discovery.k8s.io/v1/endpointslices"
        texts = _texts(whole)
        files = {f"{FOLDER}/{name}": text for name, text in texts.items() if name != "Corefile"}
        files |= {f"{FOLDER}/custom/{name}": text for name, text in _texts(custom).items()}
        return Found(
            texts["Corefile"],
            request.config_map,
            request.namespace,
            files,
            objects=tuple(objects),
            services=services,
            slices=_total(await self._ask(slices, (("limit", "1"),))),
            missing=tuple(self._missing),
        )

    async def _config_map(self, path: str) -> Document:
        request = self._request
        name = f"ConfigMap {request.namespace}/{request.config_map}"
        try:
            found = await fetch(self._server, path)
        except _FAILURES as error:
            is_missing = isinstance(error, RefusedError) and error.status.code == 404
            remedy = "name it with --config-map and --namespace, or a file with --corefile"
            if not is_missing:
                remedy = "svcdns doctor api says more; or name a file with --corefile"
            raise StartError(f"{name} cannot be read: {error}\n  next  {remedy}") from None
        if "Corefile" not in _texts(found):
            raise StartError(f"{name} has no key Corefile\n  next  name another: --config-map")
        return found

    async def _ask(self, path: str, query: Query = (), *, is_optional: bool = False) -> Document:
        self._count += 1
        try:
            return await fetch(self._server, path, query)
        except _FAILURES as error:
            if not (is_optional and isinstance(error, RefusedError) and error.status.code == 404):
                self._missing.append(f"{path.rpartition('/')[2]}: {error}")
            return {}
        finally:
            self._done(self._count, 8)


def _objects(octets: bytes, name: str) -> Iterator[Document]:
    """Yield the objects of a stream of documents, those of lists one by one."""
    try:
        for document in documents(octets):
            content = document.content
            if isinstance(content, dict):
                yield from _items(content) if "items" in content else (content,)
    except YamlError as error:
        raise StartError(f"{name}:{error.line}: no YAML: {error.problem}") from None


def _items(listed: Document) -> list[Document]:
    """Return the objects of a list, with the kind that only the list says."""
    kind = str(listed.get("kind", "")).removesuffix("List")
    items = listed.get("items") or []
    return [{"kind": kind, **item} for item in items if isinstance(item, dict)]


def _texts(config_map: Document) -> dict[str, str]:
    found = config_map.get("data")
    return {str(name): str(text) for name, text in (found or {}).items()}


def _total(listed: Document) -> int | None:
    """Return how many objects a list of one object says there are."""
    if "items" not in listed:
        return None
    rest = (listed.get("metadata") or {}).get("remainingItemCount") or 0
    return len(listed["items"] or ()) + int(rest)
