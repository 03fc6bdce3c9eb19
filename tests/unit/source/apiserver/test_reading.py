"""Requests are made and what comes is taken in; what a list needs is told around it."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.protocol import Query
from svcdns.source.apiserver.reading import State
from svcdns.source.apiserver.resources import SERVICES
from tests.support.fakeapi import FakeApi, Fault, objects
from tests.support.followed import Followed, change_service, follow, services_api


def whats(followed: Followed) -> list[str]:
    return [told.what for told in followed.notes.told]


@pytest.mark.parametrize("watch_list", [True, False])
def test_a_list_is_begun_and_over_around_its_objects(watch_list: bool) -> None:  # noqa: FBT001
    api = services_api()
    api.configure(watch_list=watch_list)

    followed = follow(Followed.synced, api)

    expected = ["list_begun", "list_over", "listed"]
    assert whats(followed) == (expected if watch_list else ["list_begun", "list_over", *expected])
    assert followed.notes.first("listed") == (3, pytest.approx(0, abs=0.1))


def test_a_list_that_fails_is_over_too() -> None:
    api = services_api()
    api.fail_next(Fault.RESET_MID_LINE)

    followed = follow(Followed.synced, api)

    assert whats(followed)[:3] == ["list_begun", "list_over", "lost"]


def test_a_second_list_says_why_it_was_needed() -> None:
    api = services_api()

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.LOWER_BOOKMARK)
        await asyncio.sleep(70)

    followed = follow(scenario, api)

    assert whats(followed)[-4:] == ["list_begun", "list_over", "listed", "relisted"]
    assert followed.relisted == [Reason.REWOUND]


def test_the_state_is_what_it_does() -> None:
    api = services_api()
    states = []

    async def scenario(followed: Followed) -> None:
        api.hang()
        states.append(followed.reflector.state)
        await asyncio.sleep(1)
        states.append(followed.reflector.state)
        api.resume()
        await followed.synced()
        states.append(followed.reflector.state)
        api.refuse()
        api.cut()
        await asyncio.sleep(0.1)
        states.append(followed.reflector.state)

    follow(scenario, api)

    assert states == [State.WAITING, State.LISTING, State.WATCHING, State.WAITING]


def test_last_contact_is_when_octets_came() -> None:
    api = services_api()
    contacts: list[float | None] = []

    async def scenario(followed: Followed) -> None:
        contacts.append(followed.reflector.last_contact)
        await followed.synced()
        await asyncio.sleep(20)
        change_service(api)
        await asyncio.sleep(1)
        contacts.append(followed.reflector.last_contact)
        api.refuse()
        api.cut()
        await asyncio.sleep(600)
        contacts.append(followed.reflector.last_contact)

    follow(scenario, api)

    first, changed, away = contacts
    assert first is None
    assert changed == away == pytest.approx(20, abs=0.2)


class Repeating:
    """A server with one page, and a token that leads to it again; `Connection` and `Reply`."""

    server = "https://192.0.2.1:6443"
    headers: Mapping[str, str] = {}
    status = 200

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "Repeating":
        assert path
        assert silence_seconds
        self.status = 422 if ("watch", "true") in query else 200
        body = {"metadata": {"resourceVersion": "7", "continue": "again"}, "items": []}
        self._pieces = [json.dumps(body).encode()]
        return self

    async def read(self) -> bytes:
        return self._pieces.pop() if self._pieces else b""

    def close(self) -> None:
        """Do nothing."""

    async def renew_credentials(self) -> None:
        """Do nothing."""

    def next_server(self) -> None:
        """Do nothing."""


def test_a_server_that_repeats_a_page_for_ever_is_left() -> None:
    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(0.5)
        assert not followed.reflector.is_synced

    followed = follow(scenario, connection=Repeating())

    (lost,) = followed.notes.of("lost")
    assert lost.how[1] == "the same page of the list comes again and again"


def test_pages_become_one_list() -> None:
    api = services_api(1_200)
    api.configure(watch_list=False)

    followed = follow(Followed.synced, api)

    assert followed.recorder.replaced == 1
    assert not followed.recorder.differences(SERVICES)


def test_a_list_whose_pages_expire_begins_again() -> None:
    api = services_api(1_200)
    api.configure(watch_list=False)
    api.fail_next(Fault.EXPIRED_PAGE)

    followed = follow(Followed.synced, api)

    assert followed.asked == ["stream", "list", "page", "list", "page", "page", "watch 2200"]
    assert followed.recorder.replaced == 1


def test_what_changes_between_pages_comes_with_the_watch() -> None:
    api = services_api(1_200)
    api.configure(watch_list=False)
    api.fail_next(Fault.SLOW_LIST, times=3)

    async def scenario(followed: Followed) -> None:
        for number in range(12):
            await asyncio.sleep(0.1)
            change_service(api, 100 * number)
            api.put(objects.service(f"new-{number}", addresses=("10.98.0.1",)))
            api.delete("Service", "shop", f"web-{100 * number + 1}")
        await followed.agrees(5)

    assert follow(scenario, api).recorder.replaced == 1


def test_an_empty_cluster_is_a_list_too() -> None:
    assert follow(Followed.synced, FakeApi()).notes.first("listed")[0] == 0
