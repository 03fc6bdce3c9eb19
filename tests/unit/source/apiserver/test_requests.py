"""Requests say what they have to, and responses that are none of an API server are refused."""

import asyncio
import json
from collections.abc import Mapping
from random import Random

import pytest

from svcdns.cluster.envelope import Status
from svcdns.source.apiserver import requests
from svcdns.source.apiserver.failure import RefusedError, UnreadableError
from svcdns.source.apiserver.protocol import LostError, Query, WatchExpiredError
from svcdns.source.apiserver.resources import PODS, SERVICES

JSON = {"content-type": "application/json"}


def random() -> Random:
    return Random(1)  # noqa: S311


class Canned:
    """A `Connection` and the one `Reply` that it has for every request."""

    server = "https://192.0.2.1:6443"

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] = JSON) -> None:
        self.status = status
        self.headers = headers
        self.is_closed = False
        self._pieces = [body[start : start + 100] for start in range(0, len(body), 100)]

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "Canned":
        assert path == "/api/v1/services"
        assert dict(query)["limit"] == "500"
        assert silence_seconds == 30
        return self

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        self.is_closed = True

    async def renew_credentials(self) -> None:
        """Do nothing."""

    def next_server(self) -> None:
        """Do nothing."""


def ask(canned: Canned) -> object:
    page = asyncio.run(requests.ask_page(canned, SERVICES, requests.page(SERVICES)))
    assert canned.is_closed
    return page


def failure(canned: Canned) -> Exception:
    with pytest.raises((LostError, RefusedError, UnreadableError, WatchExpiredError)) as caught:
        ask(canned)
    assert canned.is_closed
    return caught.value


def test_a_streaming_list_asks_for_everything_with_its_end_marked() -> None:
    query = dict(requests.streaming_list(SERVICES, 0, random()))

    assert query.pop("timeoutSeconds").isdigit()
    assert query == {
        "watch": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "resourceVersion": "",
        "allowWatchBookmarks": "true",
    }
    assert dict(requests.streaming_list(SERVICES, 7, random()))["resourceVersion"] == "7"


def test_a_watch_goes_on_from_a_version_and_wants_bookmarks() -> None:
    query = dict(requests.watch(SERVICES, 7, random()))

    assert query.pop("timeoutSeconds").isdigit()
    assert query == {"watch": "true", "resourceVersion": "7", "allowWatchBookmarks": "true"}


def test_watches_last_five_to_ten_minutes() -> None:
    mine = random()
    seconds = {requests.seconds_of(requests.watch(SERVICES, 7, mine)) for _ in range(500)}

    assert min(seconds) >= 300
    assert max(seconds) <= 600
    assert len(seconds) > 100


def test_a_page_names_no_version() -> None:
    assert requests.page(SERVICES) == (("limit", "500"),)
    assert requests.page(SERVICES, 1) == (("limit", "1"),)
    assert requests.page(SERVICES, token="x") == (("limit", "500"), ("continue", "x"))  # noqa: S106


def test_every_request_has_the_selectors() -> None:
    resource = PODS._replace(label_selector="a=b", field_selector="status.phase!=Failed")
    selectors = {"labelSelector": "a=b", "fieldSelector": "status.phase!=Failed"}

    queries = (
        requests.streaming_list(resource, 7, random()),
        requests.watch(resource, 7, random()),
        requests.page(resource),
    )

    assert all(selectors.items() <= dict(query).items() for query in queries)


def test_a_page_is_read_to_its_end() -> None:
    body = json.dumps({"metadata": {"resourceVersion": "7"}, "items": [{}] * 200}).encode()

    page = ask(Canned(200, body, {"content-type": "application/json; charset=utf-8"}))

    assert getattr(page, "total", None) == 200


@pytest.mark.parametrize(
    ("canned", "why"),
    [
        pytest.param(
            Canned(200, b"<html>", {"content-type": "text/html; charset=utf-8"}),
            "the response is text/html; charset=utf-8, not JSON",
            id="a proxy's page",
        ),
        pytest.param(
            Canned(200, b"<html>", {}),
            "this is no list: '<html>': JSON is malformed: invalid character (byte 0)",
            id="a page that does not say what it is",
        ),
        pytest.param(
            Canned(200, b"\x1f\x8b\x08"),
            "this is no list: gzip, which was not asked for",
            id="compressed",
        ),
        pytest.param(
            Canned(200, b'{"metadata":{'), "this is no list: '{\"metadata\":{': JSON", id="cut off"
        ),
        pytest.param(
            Canned(200, b'{"metadata":{}}'), "a list of services has no resource version", id="none"
        ),
    ],
)
def test_what_does_not_come_from_an_api_server_is_told_from_it(canned: Canned, why: str) -> None:
    error = failure(canned)

    assert isinstance(error, UnreadableError)
    assert str(error).startswith(why)


def test_a_page_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_LARGEST_PAGE", 1_000)

    error = failure(Canned(200, b" " * 100_000))

    assert isinstance(error, UnreadableError)


@pytest.mark.parametrize(
    ("canned", "status", "seconds"),
    [
        pytest.param(
            Canned(422, b'{"code":422,"reason":"Invalid","message":"no"}'),
            Status(422, "Invalid", "no"),
            0,
            id="Status",
        ),
        pytest.param(
            Canned(429, b'{"code":429}', {**JSON, "retry-after": "7"}), Status(429), 7, id="header"
        ),
        pytest.param(
            Canned(503, b'{"code":503,"details":{"retryAfterSeconds":9}}'),
            Status(503, "", "", 9),
            9,
            id="details",
        ),
        pytest.param(
            Canned(503, b"<html>", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
            Status(503, "", "('<html>')"),
            0,
            id="a date would need a clock",
        ),
        pytest.param(
            Canned(503, b"", {"retry-after": "86400"}), Status(503), 300, id="a day is too long"
        ),
        pytest.param(Canned(502, b'{"code":200}'), Status(502), 0, id="the response counts"),
    ],
)
def test_a_refusal_says_what_and_for_how_long(
    canned: Canned, status: Status, seconds: float
) -> None:
    error = failure(canned)

    assert isinstance(error, RefusedError)
    assert error.status == status
    assert error.retry_seconds == seconds


@pytest.mark.parametrize("body", [b'{"code":410}', b'{"reason":"Expired"}', b"gone"])
def test_410_is_an_error_of_its_own(body: bytes) -> None:
    assert isinstance(failure(Canned(410, body)), WatchExpiredError)
