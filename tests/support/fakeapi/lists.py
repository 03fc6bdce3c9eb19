"""Answering a list: which version of the collection, which part of it, as which octets.

Source: Kubernetes API concepts, "Resource versions" and "Retrieving large results sets in
chunks"; behaviour recorded from kube-apiserver 1.37.2.
"""

import asyncio
import base64
import binascii
import json
from typing import NamedTuple

from tests.support.fakeapi import refusals
from tests.support.fakeapi.calls import Call
from tests.support.fakeapi.collections import Document, Key
from tests.support.fakeapi.requests import Options
from tests.support.fakeapi.store import ForgottenError, Store, Version, octets_of

FUTURE_SECONDS = 3.0
"""How long the server waits for a version that it does not have yet."""
_MOST_LAG = 20
"""Versions that a replica is behind, when it is."""


async def list_octets(store: Store, options: Options, call: Call, *, is_lagging: bool) -> bytes:
    """Return the body of a list's response.

    Args:
        store: the objects.
        options: the parameters.
        call: the request.
        is_lagging: the server is a replica that has not caught up, where it may be one.

    Raises:
        Refused: an error response.
        DroppedError: the connection was cut meanwhile.
    """
    number, start = await _place(store, options, call, is_lagging=is_lagging)
    try:
        found = _selected(store, options, number)
    except ForgottenError:
        if options.rest:
            raise refusals.expired_page(_Rest(-1, start).text()) from None
        raise refusals.expired_list() from None
    left = [version for version in found if version.key >= start]
    limit = options.limit if options.version != "0" else 0
    page = left[: limit or None]
    metadata: Document = {"resourceVersion": str(number)}
    if len(page) < len(left):
        namespace, name = page[-1].key
        metadata["continue"] = _Rest(number, (namespace, f"{name}\0")).text()
        if not options.selection.has_selectors:
            metadata["remainingItemCount"] = len(left) - len(page)
    collection = options.selection.collection
    head = octets_of(
        {
            "kind": f"{collection.kind}List",
            "apiVersion": collection.api_version,
            "metadata": metadata,
        }
    )
    items = b",".join(version.item for version in page)
    return b'%b,"items":[%b]}\n' % (head[:-1], items)


async def until_known(store: Store, number: int, call: Call) -> None:
    """Return when the store is at that version.

    Raises:
        Refused: it was not for too long.
        DroppedError: the connection was cut meanwhile.
    """
    until = asyncio.get_running_loop().time() + FUTURE_SECONDS
    while store.number < number:
        if asyncio.get_running_loop().time() >= until:
            raise refusals.too_large(number, store.number)
        await call.wait(until)


async def _place(
    store: Store, options: Options, call: Call, *, is_lagging: bool
) -> tuple[int, Key]:
    """Return the version to list and the key to begin at."""
    if options.rest:
        if options.version not in {"", "0"}:
            message = "specifying resource version is not allowed when using continue"
            raise refusals.bad_request(message)
        rest = _Rest.of(options.rest)
        return rest.number if rest.number > 0 else store.number, rest.start
    if options.version == "0" and is_lagging:
        return lagging_number(store, options.selection.collection.kind, call), ("", "")
    await until_known(store, options.number, call)
    # A limit and a version without a match is of old the same as an exact match.
    is_exact = options.match == "Exact" or (options.limit and not options.match)
    return (options.number if is_exact and options.number else store.number), ("", "")


def lagging_number(store: Store, kind: str, call: Call) -> int:
    """Return a version that a replica may still be at."""
    oldest = max(store.compacted, store.histories[kind].forgotten, store.number - _MOST_LAG)
    return call.random.randint(oldest, store.number)


def _selected(store: Store, options: Options, number: int) -> list[Version]:
    selection = options.selection
    objects = store.at(selection.collection.kind, number)
    return [objects[key] for key in sorted(objects) if selection.takes(objects[key].document)]


class _Rest(NamedTuple):
    """What a continue token says."""

    number: int
    """-1: whatever is there now."""
    start: Key

    def text(self) -> str:
        token = {"v": "meta.k8s.io/v1", "rv": self.number, "start": "/".join(self.start)}
        return base64.urlsafe_b64encode(octets_of(token)).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> "_Rest":
        try:
            token = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            namespace, _, name = token["start"].rpartition("/")
            return cls(int(token["rv"]), (namespace, name))
        except (binascii.Error, ValueError, KeyError, TypeError):
            message = "invalid continue token: continue key is not valid"
            raise refusals.bad_request(message) from None
