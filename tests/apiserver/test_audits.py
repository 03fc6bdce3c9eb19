"""Finding out that a watch without a sign of trouble is wrong.

See `conftest` for what these tests have in common.
"""

import asyncio

from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.protocol import Connection, Query, Reply
from svcdns.source.apiserver.resources import PODS
from tests.support.fakeapi import FakeApi, objects
from tests.support.followed import Followed, change_service, follow

# The row "audit".


def test_an_audit_finds_the_same(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        for number in range(600):
            change_service(api, number % 3)
            await asyncio.sleep(1 + number % 7)
        await followed.agrees(1)

    followed = follow(scenario, api)

    findings = [told.how[0] for told in followed.notes.of("audited")]
    assert 5 <= len(findings) <= 11
    assert set(findings) == {Finding.AGREES}


def test_an_audit_finds_a_history_that_was_overtaken(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        api.put(objects.service("more", addresses=("10.96.7.7",)))
        await followed.agrees(1)
        # Nothing breaks, and the version is higher than ever: there is no sign.
        api.store.restore(backup, overtaking=True)
        await followed.agrees(375 + 65)

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.COUNT]


def test_a_probe_is_an_audit_too(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        api.put(objects.service("more", addresses=("10.96.7.7",)))
        await followed.agrees(1)
        api.store.restore(backup, overtaking=True)
        api.cut()
        await followed.agrees(65)

    assert follow(scenario, api).relisted == [Reason.COUNT]


class Miscounting:
    """A connection to a server whose counts of what follows a page are not exact."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def server(self) -> str:
        return self._connection.server

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> Reply:
        reply = await self._connection.get(path, query, silence_seconds=silence_seconds)
        read = reply.read

        async def misread() -> bytes:
            return (await read()).replace(b'"remainingItemCount":2', b'"remainingItemCount":7')

        reply.read = misread  # type: ignore[method-assign]
        return reply

    async def renew_credentials(self) -> None:
        await self._connection.renew_credentials()

    def next_server(self) -> None:
        self._connection.next_server()


def test_a_count_that_a_list_does_not_put_right_is_not_believed(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(7_200)
        await followed.agrees(0)

    followed = follow(scenario, api, connection=Miscounting(api.connection()))

    assert followed.relisted == [Reason.COUNT]
    assert Finding.UNKNOWN in {told.how[0] for told in followed.notes.of("audited")}


def test_with_a_selector_only_the_version_is_audited() -> None:
    api = FakeApi()
    api.put(objects.pod("web", "10.1.0.1"))

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(1_000)

    selective = PODS._replace(field_selector="status.phase!=Failed")
    followed = follow(scenario, api, resource=selective)

    assert {told.how[0] for told in followed.notes.of("audited")} == {Finding.AGREES}


# The row "a full list every 12 hours".


def test_every_twelve_hours_there_is_a_full_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(36 * 3_600)

    followed = follow(scenario, api)

    assert followed.relisted in ([Reason.DUE] * 2, [Reason.DUE] * 3)
    assert followed.recorder.applied == 0
