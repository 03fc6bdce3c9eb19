"""Questions about permissions, and what a strange answer to one is."""

import asyncio

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.client import connect
from svcdns.source.apiserver.failure import UnreadableError
from svcdns.source.apiserver.reviews import Permission, ServiceAccount, is_allowed, who_we_are
from tests.support.fakeapi import User
from tests.support.http_peer import always, peer, response
from tests.support.live_api import live_api

SLICES = Permission("watch", "endpointslices", "discovery.k8s.io")
ACCOUNT = ServiceAccount("kube-system", "svcdns")


def test_a_permission_is_named_as_kubectl_does() -> None:
    assert str(SLICES) == "watch endpointslices.discovery.k8s.io"
    assert str(Permission("list", "pods")) == "list pods"


def test_an_account_has_a_user_name_and_its_groups() -> None:
    assert ACCOUNT.user == "system:serviceaccount:kube-system:svcdns"
    assert ACCOUNT.groups == [
        "system:serviceaccounts",
        "system:serviceaccounts:kube-system",
        "system:authenticated",
    ]


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_the_api_server_says_what_is_allowed(account: ServiceAccount | None) -> None:
    async def asked(url: str) -> tuple[bool, bool, str]:
        server = connect(Access((url,)))
        try:
            return (
                await is_allowed(server, SLICES, account, silence_seconds=9),
                await is_allowed(server, Permission("list", "pods"), account, silence_seconds=9),
                await who_we_are(server, silence_seconds=9),
            )
        finally:
            await server.close()

    with live_api() as api:
        grants = frozenset({("watch", "endpointslices")})
        user = User(account.user if account else "system:anonymous", grants)
        api.do("let_in", user, token="t")  # noqa: S106

        allowed, refused, who = asyncio.run(asked(api.url))

    assert (allowed, refused, who) == (True, False, "system:anonymous")


async def test_a_server_that_does_not_know_who_we_are_says_nothing() -> None:
    async with peer(always(response())) as server:
        connection = connect(Access((server.url,)))
        try:
            assert await who_we_are(connection, silence_seconds=9) == ""
            with pytest.raises(UnreadableError, match="no status"):
                await is_allowed(connection, SLICES, silence_seconds=9)
        finally:
            await connection.close()
