"""What becomes of a watch when the API server says no.

See `conftest` for what these tests have in common.
"""

import asyncio
from pathlib import Path

import pytest

from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.observer import Reason
from tests.support.fakeapi import FakeApi, Fault, User
from tests.support.followed import Followed, change_service, follow
from tests.support.reaching import kubeconfig

# The row "ERROR or HTTP 410".


def test_an_expired_version_leads_to_a_list_that_is_not_older(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.cut()
        change_service(api)
        api.delete("Service", "shop", "web-2")
        api.compact()
        await followed.agrees(3)
        assert followed.asked == ["stream", "probe", f"watch {version}", f"stream {version}"]

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.EXPIRED]


@pytest.mark.parametrize("fault", [Fault.ERROR_410, Fault.HTTP_410])
def test_a_second_410_leads_to_a_list_as_new_as_can_be(api: FakeApi, fault: Fault) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.ERROR_410)
        api.fail_next(Fault.HTTP_410, kind="Service")
        change_service(api)
        await followed.agrees(1)

    followed = follow(scenario, api)

    assert fault
    assert followed.asked == ["stream", f"stream {api.version - 1}", "stream"]
    assert followed.relisted == [Reason.EXPIRED]


def test_a_version_from_the_future_leads_to_a_list_as_new_as_can_be(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        for number in range(3):
            change_service(api, number)
        await followed.agrees(1)
        version = api.version
        await asyncio.sleep(5)
        api.store.restore(backup)
        api.fail_next(Fault.HTTP_410)
        api.end_watches()
        await followed.agrees(4)
        assert followed.asked == ["stream", "probe", f"stream {version}", "stream"]

    follow(scenario, api)


# The row "429 and 503 with Retry-After".


@pytest.mark.parametrize("fault", [Fault.HTTP_429, Fault.HTTP_503])
def test_retry_after_is_kept_and_so_is_the_version(api: FakeApi, fault: Fault) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(5)
        version = api.version
        api.fail_next(fault, verb="watch")
        api.end_watches()
        change_service(api)
        await followed.agrees(35)
        assert followed.asked == ["stream", "probe", f"watch {version}", f"watch {version}"]

    followed = follow(scenario, api)

    (lost,) = followed.notes.of("lost")
    assert followed.relisted == []
    assert api.received[3].time - api.received[2].time == pytest.approx(lost.how[2], abs=0.01)


# The row "401".


def test_credentials_that_are_not_accepted_are_read_again_at_once(api: FakeApi) -> None:
    tokens = iter(("old", "new"))
    api.let_in(User("svcdns"), token="old")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(5)
        api.let_in(User("svcdns"), token="new")  # noqa: S106
        api.revoke("old")
        api.end_watches()
        change_service(api)
        await followed.agrees(0.2)

    followed = follow(scenario, api, connection=api.connection(token=lambda: next(tokens)))

    assert not followed.notes.of("lost")


def test_credentials_that_are_never_accepted_are_tried_with_growing_pauses(api: FakeApi) -> None:
    api.let_in(User("svcdns"), token="right")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(600)
        assert not followed.reflector.is_synced

    followed = follow(scenario, api, connection=api.connection(token="wrong"))  # noqa: S106

    times = [one.time for one in api.received]
    assert times[0] == times[1] == 0.0
    assert len(times) < 25
    assert "Unauthorized" in str(followed.notes.first("lost")[1])


def known_by_file(api: FakeApi, folder: Path, token: str) -> ApiServer:
    """Return the product's own connection, with a token in a file."""
    (folder / "token").write_text(token)
    access = kubeconfig(folder, "https://192.0.2.1:6443", {"tokenFile": "token"})
    return ApiServer(access, api.session, lambda _: None)


def test_whoever_is_taken_for_nobody_reads_the_credentials_again(
    api: FakeApi, tmp_path: Path
) -> None:
    api.configure(allows_anonymous=True)
    api.let_in(User("svcdns"), token="old")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(5)
        api.let_in(User("svcdns"), token="new")  # noqa: S106
        api.revoke("old")
        api.end_watches()
        await asyncio.sleep(60)
        (tmp_path / "token").write_text("new")
        change_service(api)
        await followed.agrees(60)

    followed = follow(scenario, api, connection=known_by_file(api, tmp_path, "old"))

    whys = [str(told.how[1]) for told in followed.notes.of("lost")]
    assert "takes us for system:anonymous (403) and does not know the token in" in whys[0]
    assert not any("cannot" in why for why in whys)
    assert not followed.notes.of("forbidden")
    assert followed.notes.of("recovered")
    assert followed.relisted == []


# The row "403".


def test_a_missing_permission_is_told_with_a_count_and_asked_for_slowly(api: FakeApi) -> None:
    api.let_in(User("svcdns", frozenset()), token="it")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(3_600)
        assert followed.reflector.is_forbidden
        api.let_in(User("svcdns"), token="it")  # noqa: S106
        await followed.agrees(61)
        await followed.until(lambda: not followed.reflector.is_forbidden, 380)

    followed = follow(scenario, api, connection=api.connection(token="it"))  # noqa: S106

    told = followed.notes.of("forbidden")
    assert [one.how[0] for one in told[:2]] == ["watch", "list"]
    assert 'cannot watch resource "services"' in str(told[0].how[1])
    for verb in ("watch", "list"):
        times = [one.how[2] for one in told if one.how[0] == verb]
        assert times == [*range(1, len(times) + 1)]
    assert len(api.received) <= 2 * 121
    assert len(followed.notes.of("recovered")) == 1


def test_a_server_that_knows_no_roles_yet_is_asked_again_soon(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.fail_next(Fault.HTTP_403, times=3)
        api.cut()
        change_service(api)
        await followed.agrees(25)
        assert followed.asked == ["stream", *["probe"] * 4, f"watch {version}"]

    followed = follow(scenario, api)

    assert not followed.notes.of("forbidden")
    assert followed.relisted == []


def test_with_only_list_the_objects_are_listed_every_minute(api: FakeApi) -> None:
    grants = frozenset({("list", "services")})
    api.let_in(User("svcdns", grants), token="it")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await followed.agrees(1)
        for _ in range(20):
            change_service(api)
            await followed.agrees(61)

    followed = follow(scenario, api, connection=api.connection(token="it"))  # noqa: S106

    assert {told.how[0] for told in followed.notes.of("forbidden")} == {"watch"}
    assert not followed.notes.of("recovered")


def test_with_only_watch_everything_works_but_the_audit(api: FakeApi) -> None:
    grants = frozenset({("watch", "services")})
    api.let_in(User("svcdns", grants), token="it")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await followed.agrees(1)
        await asyncio.sleep(3_600)
        api.cut()  # without a probe only a list can tell whose history it is
        change_service(api)
        await followed.agrees(3)

    followed = follow(scenario, api, connection=api.connection(token="it"))  # noqa: S106

    assert {told.how[0] for told in followed.notes.of("forbidden")} == {"list"}
    assert followed.relisted == [Reason.FORBIDDEN]
    assert len(followed.notes.of("recovered")) == 1  # from the cut, though `list` is missing still


def test_with_both_verbs_missing_one_of_them_is_enough_to_recover(api: FakeApi) -> None:
    api.let_in(User("svcdns", frozenset()), token="it")  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(600)
        assert not followed.notes.of("recovered")
        api.let_in(User("svcdns", frozenset({("watch", "services")})), token="it")  # noqa: S106
        await followed.agrees(61)
        await asyncio.sleep(3_600)
        assert followed.reflector.is_forbidden

    followed = follow(scenario, api, connection=api.connection(token="it"))  # noqa: S106

    assert len(followed.notes.of("recovered")) == 1


# The row "ERROR 500 and others".


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.ERROR_429, Fault.ERROR_504])
def test_an_error_in_the_stream_is_recognised_and_the_watch_goes_on(
    api: FakeApi, fault: Fault
) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.fail_next(fault)
        change_service(api)
        await followed.agrees(2)
        assert followed.asked == ["stream", f"watch {version}"]

    followed = follow(scenario, api)

    assert followed.relisted == []
    assert len(followed.notes.of("lost")) == 1


def test_three_errors_in_a_row_lead_to_a_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.ERROR_500, times=3)
        version = change_service(api)
        await followed.agrees(15)
        assert followed.asked == ["stream", *[f"watch {version - 1}"] * 2, f"stream {version - 1}"]

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.FAILURES]
