"""Every fault strikes when it is told to, and looks the same in memory and over HTTP."""

import asyncio
import json

import pytest

from svcdns.source.apiserver.protocol import Connection, LostError, Query, Reply
from tests.support import virtual_time
from tests.support.fakeapi import CHAOS, FakeApi, Fault, objects
from tests.support.fakeapi.faults import AT, Site
from tests.support.http_connection import HttpConnection
from tests.support.watching import PATHS, Events, fetch, version

SILENCE_SECONDS = 10.0
SHORT_SILENCE_SECONDS = 0.3
"""Where silence is what is waited for."""
SILENT = {
    Fault.HANG_BEFORE_HEAD,
    Fault.HANG_AFTER_HEAD,
    Fault.BOOKMARKS_ONLY,
    Fault.HALF_OPEN,
}
LIST = (("limit", "1"),)
WATCH = (
    ("watch", "true"),
    ("sendInitialEvents", "true"),
    ("resourceVersionMatch", "NotOlderThan"),
    ("allowWatchBookmarks", "true"),
    ("timeoutSeconds", "600"),
)

OF_ANY_REQUEST = {
    Fault.REFUSED: "lost",
    Fault.RESET_BEFORE_HEAD: "lost",
    Fault.RESET_AFTER_HEAD: "200 lost",
    Fault.HANG_BEFORE_HEAD: "lost",
    Fault.HANG_AFTER_HEAD: "200 lost",
    Fault.HTTP_401: "401 Status end",
    Fault.HTTP_403: "403 Status end",
    Fault.HTTP_410: "410 Status end",
    Fault.HTTP_422: "422 Status end",
    Fault.HTTP_429: "429 Status end",
    Fault.HTTP_500: "500 Status end",
    Fault.HTTP_502: "502 html end",
    Fault.HTTP_503: "503 Status end",
    Fault.HTTP_504: "504 Status end",
    Fault.PROXY_PAGE: "200 html end",
}
OF_A_LIST = {
    Fault.RESET_MID_LIST: "200 half lost",
    Fault.END_MID_LIST: "200 half end",
    Fault.SLOW_LIST: "200 ServiceList end",
    Fault.TRUNCATED_GZIP: "200 half end",
    Fault.NULL_ITEMS: "200 ServiceList end",
}
OF_A_WATCH = {
    Fault.IGNORED_WATCH_LIST: "200 ADDED MODIFIED end",
    Fault.NO_BOOKMARKS: "200 ADDED BOOKMARK MODIFIED end",
    Fault.BOOKMARKS_ONLY: "200 ADDED BOOKMARK lost",
    Fault.RESET_BEFORE_EVENT: "200 ADDED BOOKMARK lost",
    Fault.RESET_MID_LINE: "200 ADDED BOOKMARK half lost",
    Fault.RESET_MID_CHUNK: "200 ADDED BOOKMARK half lost",
    Fault.END_BEFORE_EVENT: "200 ADDED BOOKMARK end",
    Fault.END_MID_LINE: "200 ADDED BOOKMARK half end",
    Fault.ERROR_410: "200 ADDED BOOKMARK ERROR end",
    Fault.ERROR_429: "200 ADDED BOOKMARK ERROR end",
    Fault.ERROR_500: "200 ADDED BOOKMARK ERROR end",
    Fault.ERROR_504: "200 ADDED BOOKMARK ERROR end",
    Fault.HALF_OPEN: "200 ADDED BOOKMARK lost",
    Fault.DUPLICATE: "200 ADDED BOOKMARK MODIFIED MODIFIED end",
    Fault.SLOW_EVENT: "200 ADDED BOOKMARK MODIFIED end",
    Fault.SPLIT_EVENT: "200 ADDED BOOKMARK MODIFIED end",
    Fault.CRLF: "200 ADDED BOOKMARK MODIFIED end",
    Fault.EMPTY_LINE: "200 ADDED BOOKMARK empty MODIFIED end",
    Fault.UNKNOWN_TYPE: "200 ADDED BOOKMARK SYNC MODIFIED end",
    Fault.UNKNOWN_FIELDS: "200 ADDED BOOKMARK MODIFIED end",
    Fault.ILL_TYPED: "200 ADDED BOOKMARK ADDED MODIFIED end",
    Fault.HTML_LINE: "200 ADDED BOOKMARK html end",
    Fault.LINE_OF_5_MB: "200 ADDED BOOKMARK MODIFIED end",
    Fault.LINE_OF_40_MB: "200 ADDED BOOKMARK MODIFIED end",
}
ELSEWHERE = {
    Fault.EXPIRED_PAGE,
    Fault.LAGGING_REPLICA,
    Fault.LATE_STREAM,
    Fault.LOWER_BOOKMARK,
}
"""Need more than one request or more time; tested by themselves."""


def word(line: bytes | bytearray, *, is_whole: bool) -> str:
    if not line.strip():
        return "empty"
    if line.startswith(b"<"):
        return "html"
    if not is_whole:
        return "half"
    document = json.loads(line)
    return str(document.get("type") or document["kind"])


async def read_words(api: FakeApi, reply: Reply, *, is_watch: bool) -> str:
    """Read to the end. A watch sees one change, and is ended as soon as it has been shown it."""
    words = [str(reply.status)]
    rest = bytearray()
    changed = 0
    try:
        while part := await reply.read():
            rest += part
            lines = []
            if b"\n" in part:
                *lines, rest = rest.split(b"\n")
            words += [word(line, is_whole=True) for line in lines]
            if is_watch and not changed:
                changed = api.put(objects.service("web", ports={}))
            if any(b'"resourceVersion":"%d"' % changed in line for line in lines):
                api.end_watches()
        ending = "end"
    except LostError:
        ending = "lost"
    reply.close()
    return " ".join((*words, *([word(rest, is_whole=False)] if rest else []), ending))


async def asked(
    api: FakeApi,
    connection: Connection,
    query: Query,
    silence_seconds: float = SILENCE_SECONDS,
) -> str:
    try:
        reply = await connection.get(PATHS["Service"], query, silence_seconds=silence_seconds)
    except LostError:
        return "lost"
    is_watch = query is WATCH and reply.status == 200
    return await read_words(api, reply, is_watch=is_watch)


def in_memory(api: FakeApi, query: Query, silence_seconds: float) -> str:
    asking = asked(api, api.connection(), query, silence_seconds)
    return virtual_time.run(asking, limit_seconds=1_000)


def over_http(api: FakeApi, query: Query, silence_seconds: float) -> str:
    async def main() -> str:
        async with api:
            host, port = await api.serve()
            return await asked(api, HttpConnection(host, port), query, silence_seconds)

    return asyncio.run(main())


WAYS = {"memory": in_memory, "http": over_http}
CASES = [
    *((fault, LIST, seen) for fault, seen in (OF_ANY_REQUEST | OF_A_LIST).items()),
    *((fault, WATCH, seen) for fault, seen in (OF_ANY_REQUEST | OF_A_WATCH).items()),
]


def fake_with_a_service() -> FakeApi:
    api = FakeApi()
    api.put(objects.service("web"))
    return api


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("fault", "query", "seen"), CASES)
def test_a_fault_looks_the_same_in_memory_and_over_http(
    fault: Fault, query: Query, seen: str, way: str
) -> None:
    api = fake_with_a_service()
    script = api.fail_next(fault, after=2 if fault in AT[Site.EVENT] else 0)

    silence_seconds = SHORT_SILENCE_SECONDS if fault in SILENT else SILENCE_SECONDS
    assert WAYS[way](api, query, silence_seconds) == seen
    assert script.struck == 1
    assert api.struck == {fault: 1}
    assert api.under_way == 0


def test_every_fault_is_tested() -> None:
    assert set(Fault) == OF_ANY_REQUEST.keys() | OF_A_LIST.keys() | OF_A_WATCH.keys() | ELSEWHERE


def test_every_fault_has_a_chance_on_a_bad_day() -> None:
    assert CHAOS.keys() == set(Fault)


def test_an_ordered_fault_waits_for_its_resource_its_verb_and_its_turn() -> None:
    async def main() -> list[int]:
        api = fake_with_a_service()
        api.fail_next(Fault.HTTP_500, kind="Service", verb="list", times=2, after=1)
        connection = api.connection()
        async with Events(connection, "Service"):
            pass
        statuses = []
        for kind in ("Pod", "Service", "Service", "Pod", "Service", "Service"):
            status, _ = await fetch(connection, kind)
            statuses.append(status)
        return statuses

    assert virtual_time.run(main(), limit_seconds=1) == [200, 200, 500, 200, 500, 200]


def test_an_expired_page_is_never_the_first() -> None:
    async def main() -> list[int]:
        api = fake_with_a_service()
        api.put(objects.service("mail"))
        api.fail_next(Fault.EXPIRED_PAGE)
        first, listed = await fetch(api.connection(), "Service", limit=1)
        rest = listed["metadata"]["continue"]
        second, _ = await fetch(api.connection(), "Service", limit=1, rest=rest)
        return [first, second]

    assert virtual_time.run(main(), limit_seconds=1) == [200, 410]


def test_a_lagging_replica_shows_an_older_version_but_only_to_who_takes_any() -> None:
    async def main() -> tuple[int, int]:
        api = fake_with_a_service()
        for number in range(10):
            api.put(objects.service("web", ports={"http": number}))
        api.faults[Fault.LAGGING_REPLICA] = 1.0
        _, old = await fetch(api.connection(), "Service", resourceVersion=0)
        _, new = await fetch(api.connection(), "Service")
        return api.version - version(old), api.version - version(new)

    behind, at_once = virtual_time.run(main(), limit_seconds=1)
    assert behind > 0
    assert at_once == 0


def test_the_same_seed_goes_wrong_in_the_same_way() -> None:
    def day(seed: int) -> list[str]:
        api = FakeApi(seed, faults=CHAOS, latency_seconds=0.1)

        async def main() -> list[str]:
            seen = []
            for number in range(200):
                api.put(objects.service(f"web-{number % 7}", ports={"http": number + 1}))
                seen.append(await asked(api, api.connection(), WATCH))
            return seen

        return virtual_time.run(main(), limit_seconds=10_000)

    assert day(1) == day(1)
    assert day(1) != day(2)
