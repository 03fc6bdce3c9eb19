"""The benchmark's API server: what a reflector needs in order to synchronise."""

import asyncio
import json
from typing import Any

import pytest

from tests.bench.api_stub import ApiStub, resources
from tests.bench.files import objects
from tests.bench.world import build

WORLD = build(services=20, namespaces=4, endpoints=40)
COLLECTIONS = resources(list(objects(WORLD)))
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"


async def get(target: str) -> tuple[int, bytes]:
    """Return status and body of one response; of a watch, all up to its first pause."""
    stub = ApiStub(COLLECTIONS)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: stub\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "Content-Length: " in head:
            length = int(head.partition("Content-Length: ")[2].split()[0])
            body = await reader.readexactly(length)
        else:
            body = await reader.readexactly(int(await reader.readline(), 16))
        writer.close()
        await writer.wait_closed()
    return int(head.split()[1]), body


async def test_a_list_holds_every_object_of_its_kind() -> None:
    status, body = await get("/api/v1/services?limit=500")

    document: dict[str, Any] = json.loads(body)
    assert (status, document["kind"], len(document["items"])) == (200, "ServiceList", 20)
    assert document["metadata"]["resourceVersion"]


async def test_a_streaming_list_ends_in_the_bookmark_of_the_initial_events() -> None:
    status, body = await get(f"{SLICES}?watch=true&sendInitialEvents=true")

    *added, end = [json.loads(line) for line in body.splitlines()]
    assert status == 200
    assert [event["type"] for event in added] == ["ADDED"] * 20
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(
    ("target", "status", "reason"),
    [
        ("/api/v1/pods", 404, "NotFound"),
        ("/api/v1/services?labelSelector=app%3Dweb", 400, "BadRequest"),
    ],
)
async def test_what_the_stub_cannot_do_is_refused(target: str, status: int, reason: str) -> None:
    code, body = await get(target)

    assert (code, json.loads(body)["reason"]) == (status, reason)
