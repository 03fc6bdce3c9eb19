"""Papers as they stand now: files change while the server runs."""

import asyncio
import json
from pathlib import Path

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.certificates import ClientCertificate
from svcdns.source.apiserver.identity import Identity, Papers
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority, Pair
from tests.support.reaching import kubeconfig, with_certificate

URL = "https://10.0.0.1:6443"


@pytest.fixture
def changing(tmp_path: Path) -> Authority:
    """One whose files a test may write."""
    return Authority(tmp_path / "authority")


def replace(old: Pair, new: Pair) -> None:
    for before, after in zip(old, new, strict=True):
        after.rename(before)


async def test_papers_are_the_same_as_long_as_no_file_changes(authority: Authority) -> None:
    identity = Identity(with_certificate(authority, authority.issue(), URL))

    first, second = await identity.papers(), await identity.papers()

    assert first.destination is second.destination


async def test_a_new_client_certificate_is_used_from_the_next_request_on(
    changing: Authority,
) -> None:
    pair = changing.issue()
    identity = Identity(with_certificate(changing, pair, URL))
    before = await identity.papers()

    replace(pair, changing.issue())
    after = await identity.papers()

    assert after.certificate == (pair.certificate.read_bytes(), pair.key.read_bytes())
    assert after.certificate != before.certificate


async def test_a_new_authority_is_used_from_the_next_request_on(
    changing: Authority, tmp_path: Path
) -> None:
    identity = Identity(with_certificate(changing, changing.issue(), URL))
    other = Authority(tmp_path / "other").certificate.read_bytes()

    changing.certificate.write_bytes(other)

    assert (await identity.papers()).destination.authority == other


async def test_a_pair_that_is_half_written_leaves_the_old_one_and_is_looked_at_again(
    changing: Authority,
) -> None:
    pair, other = changing.issue(), changing.issue()
    identity = Identity(with_certificate(changing, pair, URL))
    before = await identity.papers()

    other.certificate.rename(pair.certificate)
    between = await identity.papers()
    other.key.rename(pair.key)
    after = await identity.papers()

    assert between == before
    assert after.certificate == (pair.certificate.read_bytes(), pair.key.read_bytes())


async def test_a_file_that_is_gone_leaves_what_was_in_it(changing: Authority) -> None:
    identity = Identity(with_certificate(changing, changing.issue(), URL))
    before = await identity.papers()

    changing.certificate.unlink()

    assert await identity.papers() == before


async def test_a_kubeconfig_that_was_written_anew_is_read_again(tmp_path: Path) -> None:
    identity = Identity(kubeconfig(tmp_path, URL, {"token": "one"}))

    kubeconfig(tmp_path, "https://10.0.0.2", {"token": "other"})
    papers = await identity.papers()

    assert papers.authorization == "Bearer other"
    assert papers.destination.servers == ("https://10.0.0.2",)


async def test_a_kubeconfig_that_says_the_same_changes_nothing(tmp_path: Path) -> None:
    identity = Identity(kubeconfig(tmp_path, URL, {"token": "one"}))
    before = await identity.papers()

    kubeconfig(tmp_path, URL, {"token": "one"})

    assert (await identity.papers()).destination is before.destination


def plugin(folder: Path) -> Access:
    """Write a plugin that gives the number of its run."""
    file = folder / "plugin"
    version = "client.authentication.k8s.io/v1"
    credential = json.dumps({"apiVersion": version, "status": {"token": "tCOUNT"}})
    file.write_text(
        f"#!/bin/sh\necho >> {folder}/runs\ncount=$(wc -l < {folder}/runs)\n"
        f"echo '{credential}' | sed s/COUNT/$count/\n"
    )
    file.chmod(0o700)
    described = {"command": str(file), "apiVersion": version}
    return kubeconfig(folder, URL, {"exec": described})


async def test_requests_that_come_at_once_share_one_run_of_the_plugin(tmp_path: Path) -> None:
    identity = Identity(plugin(tmp_path))

    papers = await asyncio.gather(*(identity.papers() for _ in range(4)))

    assert {each.authorization for each in papers} == {"Bearer t1"}


async def test_requests_that_were_refused_at_once_share_one_renewal(tmp_path: Path) -> None:
    identity = Identity(plugin(tmp_path))
    refused = await identity.papers()

    for _ in range(4):
        identity.refuse(refused)
    await asyncio.gather(*(identity.renew(URL) for _ in range(4)))

    assert (await identity.papers()).authorization == "Bearer t2"


async def test_a_token_that_was_replaced_since_is_renewed_by_that(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    identity = Identity(kubeconfig(tmp_path, URL, {"tokenFile": "token"}))
    identity.refuse(await identity.papers())

    token.write_text("two")
    await identity.renew(URL)

    assert (await identity.papers()).authorization == "Bearer two"


async def test_a_token_that_is_still_the_same_is_told_instead_of_sent(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    identity = Identity(kubeconfig(tmp_path, URL, {"tokenFile": "token"}))
    identity.refuse(await identity.papers())

    await identity.renew(URL)

    with pytest.raises(LostError) as caught:
        await identity.papers()
    assert str(caught.value) == (
        f"{URL} does not accept the token in {token} (401): it has expired, was revoked or is of"
        " another cluster; get a new one"
    )
    assert (await identity.papers()).authorization == "Bearer one", "it may be accepted yet"


async def test_how_a_token_was_refused_is_told(tmp_path: Path) -> None:
    identity = Identity(kubeconfig(tmp_path, URL, {"token": "one"}))
    identity.refuse(await identity.papers(), how="403")

    await identity.renew(URL)

    with pytest.raises(LostError, match=r"takes us for system:anonymous \(403\)"):
        await identity.papers()


def test_papers_say_who_we_are_with_a_token_or_a_certificate(
    authority: Authority, ours: Pair
) -> None:
    pair = ClientCertificate(ours.certificate.read_bytes(), ours.key.read_bytes())
    destination = Identity(with_certificate(authority, ours, URL)).destination

    assert Papers(destination, None, "Bearer one").say_who
    assert Papers(destination, pair, "").say_who
    assert not Papers(destination, None, "").say_who


async def test_a_plugin_that_fails_to_renew_is_told_once(tmp_path: Path) -> None:
    identity = Identity(plugin(tmp_path))
    identity.refuse(await identity.papers())
    (tmp_path / "plugin").write_text("#!/bin/sh\nexit 7\n")

    await identity.renew(URL)

    with pytest.raises(LostError, match="failed with code 7"):
        await identity.papers()
    assert (await identity.papers()).authorization == "Bearer t1"


async def test_renewing_what_nobody_refused_is_no_mistake() -> None:
    identity = Identity(Access((URL,)))

    await identity.renew(URL)

    assert (await identity.papers()).authorization == ""
