"""All objects of an API server at one moment, with their labels.

For a copy, not for answers: nothing is followed, each resource is listed once. What cannot be
had or used is a sentence, and the rest is there all the same.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.start_error import StartError
from svcdns.cluster.compact import compact
from svcdns.cluster.model import EndpointSlice, Namespace, Service
from svcdns.cluster.object_error import ObjectError
from svcdns.cluster.parse import Skipped, decode
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.protocol import (
    Connection,
    LostError,
    Resource,
    WatchExpiredError,
)
from svcdns.source.apiserver.requests import ask_page, page
from svcdns.source.apiserver.resources import resources_for
from svcdns.source.assembly import Labelled
from svcdns.wire.name import from_text

_ATTEMPTS = 3
_ANSWERED_FROM = frozenset((Service, EndpointSlice, Namespace))
Done = Callable[[int, int | None, str], None]
"""Told how many objects of a resource are there, and of how many if that is known."""

_FAILURES = (LostError, RefusedError, UnreadableError, WatchExpiredError)


class Listed(NamedTuple):
    """What an API server has."""

    objects: tuple[Labelled, ...]
    missing: tuple[str, ...] = ()
    """What it did not give, or what of it cannot be used, a sentence each."""


def silent(count: int, total: int | None, what: str) -> None:
    """Tell nobody how far it is."""


def listed(
    environment: Mapping[str, str],
    *,
    kubeconfig: str = "",
    context: str = "",
    servers: tuple[str, ...] = (),
    resources: Sequence[Resource] = (),
    whole: bool = False,
    done: Done = silent,
) -> Listed:
    """Return every object that answers could be made of.

    Args:
        environment: `os.environ`.
        kubeconfig: path; empty: as for `svcdns serve` without a Corefile.
        context: of the kubeconfig; empty: its current one.
        servers: URLs, instead of the one in the kubeconfig.
        resources: to list instead of those.
        whole: whether one of Services, EndpointSlices and Namespaces alone is as good as nothing:
            an answer made without them is wrong.
        done: told how far it is.

    Raises:
        StartError: nothing can be read, or, with `whole`, not what it takes.
    """
    # The stanza that needs the most.
    settings = KubernetesSettings(zones=(from_text("cluster.local"),), pods="verified")
    access = Access.of(
        settings, environment, kubeconfig=kubeconfig, context=context, servers=servers
    )
    return asyncio.run(_listed(access, resources or resources_for(settings), done, whole=whole))


async def _listed(
    access: Access, resources: Sequence[Resource], done: Done, *, whole: bool
) -> Listed:
    from svcdns.source.apiserver.client import connect  # noqa: PLC0415  half a second

    try:
        connection = connect(access)
    except LostError as error:
        raise _nothing(str(error)) from None
    objects: list[Labelled] = []
    missing: list[str] = []
    failed = 0
    try:
        for resource in resources:
            try:
                found = await _objects(connection, resource, done)
            except _FAILURES as error:
                failed += 1
                missing.append(f"{resource.name}: {error}")
                if whole and resource.kind in _ANSWERED_FROM:
                    raise _nothing(missing[-1]) from None
            else:
                for item in found:
                    _take(item, resource, objects, missing)
    finally:
        await connection.close()
    if failed == len(resources):
        raise _nothing(missing[0])
    return Listed(tuple(objects), tuple(missing))


async def _objects(connection: Connection, resource: Resource, done: Done) -> list[bytes]:
    """Return the octets of every object; a list that became too old on the way is begun anew."""
    for attempt in range(1, _ATTEMPTS + 1):
        items: list[bytes] = []
        token = ""
        try:
            while True:
                found = await ask_page(connection, resource, page(resource, token=token))
                items.extend(map(bytes, found.items))
                left = found.remaining
                total = None if left is None and found.next else len(items) + (left or 0)
                done(len(items), total, resource.name)
                token = found.next
                if not token:
                    return items
        except WatchExpiredError:
            if attempt == _ATTEMPTS:
                raise
    return []


def _take(item: bytes, resource: Resource, objects: list[Labelled], missing: list[str]) -> None:
    try:
        document = decode(item, resource.api_kind)
        if isinstance(document, Skipped):
            return
        value, flaws = compact(document)
    except ObjectError as error:
        missing.append(str(error))
        return
    metadata = document.metadata
    where = (resource.api_kind, metadata.namespace or "", metadata.name or "")
    missing.extend(str(ObjectError(*where, flaw.field, flaw.problem)) for flaw in flaws)
    if value is not None:
        objects.append(Labelled(value, metadata.labels or {}))


def _nothing(why: str) -> StartError:
    return StartError(
        f"no objects can be read from an API server: {why}\n"
        "  next  svcdns doctor api, with the same options, says what is missing; or read a folder: "
        "--manifests DIR"
    )
