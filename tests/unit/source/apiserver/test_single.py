"""One document at a time: read, sent, refused, or none at all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.client import connect
from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.single import document_of, fetch, send
from tests.support.fakeapi import Fault
from tests.support.live_api import LiveApi, live_api

PATH = "/api/v1/namespaces/kube-system/configmaps/coredns"


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        yield api


def ask(api: LiveApi, question: Callable[[ApiServer], Awaitable[Any]]) -> Any:
    async def asked() -> Any:
        server = connect(Access((api.url,)))
        try:
            return await question(server)
        finally:
            await server.close()

    return asyncio.run(asked())


def test_an_object_is_read_as_it_is(api: LiveApi) -> None:
    api.do("place", PATH, {"kind": "ConfigMap", "data": {"Corefile": "."}})

    assert ask(api, lambda server: fetch(server, PATH))["data"] == {"Corefile": "."}


def test_parameters_are_sent(api: LiveApi) -> None:
    found = ask(api, lambda server: fetch(server, "/api/v1/services", (("limit", "1"),)))

    assert len(found["items"]) == 1
    assert found["metadata"]["remainingItemCount"] == 1


def test_an_object_that_is_not_there_is_refused(api: LiveApi) -> None:
    with pytest.raises(RefusedError, match="404"):
        ask(api, lambda server: fetch(server, f"{PATH}-no"))


def test_a_question_is_sent_as_an_object(api: LiveApi) -> None:
    review = {"spec": {"resourceAttributes": {"verb": "list", "resource": "services"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    found = ask(api, lambda server: send(server, path, review))

    assert found["spec"] == review["spec"]
    assert found["status"] == {"allowed": True}
    (received,) = api.api.received
    assert (received.request.method, received.request.path) == ("POST", path)


@pytest.mark.parametrize("fault", [Fault.PROXY_PAGE, Fault.HTTP_502])
def test_what_is_no_json_is_no_document(api: LiveApi, fault: Fault) -> None:
    api.do("fail_next", fault)

    with pytest.raises((UnreadableError, RefusedError)):
        ask(api, lambda server: fetch(server, PATH))


class Canned:
    """A response of a few octets."""

    status = 200

    def __init__(self, octets: bytes) -> None:
        self.headers: Mapping[str, str] = {"content-type": "application/json"}
        self.octets = [octets]
        self.is_closed = False

    async def read(self) -> bytes:
        return self.octets.pop() if self.octets else b""

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b'"a"'])
def test_only_an_object_is_a_document(octets: bytes) -> None:
    reply = Canned(octets)

    with pytest.raises(UnreadableError):
        asyncio.run(document_of(reply))

    assert reply.is_closed
