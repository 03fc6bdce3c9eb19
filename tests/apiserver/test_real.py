"""The whole server beside a real kube-apiserver: what it answers, and what it says, through faults.

The faults themselves, hundreds of them, are tests of the fake. Here is what only a real server
shows: that it does what the fake does, and that nothing between a socket there and an answer here
is missing.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.rcode
import pytest

from tests.support.apiserver import ControlPlane
from tests.support.dig import short
from tests.support.fakeapi import objects
from tests.support.live_server import (
    MAIL,
    WEB,
    following,
    lines,
    put_web,
    rcode,
    reason,
    until,
    until_served,
)
from tests.support.process import page

MANY = 10_000


def test_names_appear_change_and_vanish(cluster: ControlPlane, tmp_path: Path) -> None:
    with following(cluster, tmp_path) as server:
        before = rcode(server, WEB)
        cluster.put(objects.service("mail", addresses=("10.96.0.25",)))
        put_web(cluster, "10.1.0.1", "10.1.0.2")
        until_served(server, MAIL, "10.96.0.25")
        until_served(server, WEB, "10.1.0.1", "10.1.0.2")
        dug = short(server.port, WEB)
        put_web(cluster, "10.1.0.3")
        until_served(server, WEB, "10.1.0.3")
        pointer = short(server.port, "-x", "10.96.0.25")
        cluster.delete("Service", "shop", "web")
        until(lambda: rcode(server, WEB) == "NXDOMAIN", server)

        assert before == "NXDOMAIN"
        assert dug == ["10.1.0.1", "10.1.0.2"]
        assert pointer == [MAIL]
        assert not lines(server, "watch.lost")
        assert not lines(server, "watch.rejected")


def test_lists_that_are_null_are_empty(cluster: ControlPlane, tmp_path: Path) -> None:
    cluster.put(objects.service("web", addresses=(), ports={}))
    cluster.put(objects.endpoint_slice("web-1", "web", (), ports={}))
    with following(cluster, tmp_path) as server:
        assert rcode(server, WEB) == "NXDOMAIN"
        put_web(cluster, "10.1.0.1")
        until_served(server, WEB, "10.1.0.1")
        cluster.put(objects.endpoint_slice("web-1", "web", (), ports={}))
        until_served(server, WEB)
        assert not lines(server, "watch.rejected")
        assert not lines(server, "watch.reduced")


def test_without_slices_the_rest_is_served_and_one_line_says_so(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    cluster.put(objects.service("mail", addresses=("10.96.0.25",)))
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path, "no-slices", "startup_timeout 1s") as server:
        for verb in ("list", "watch"):
            server.line(rf"watch\.forbidden .*verb={verb}")
        served, unknown = server.addresses(MAIL), rcode(server, WEB)
        told = lines(server, "watch.forbidden")

    assert served == ["10.96.0.25"]
    assert unknown == "SERVFAIL"
    assert len(told) == 2, told
    assert all('User \\"no-slices\\"' in one for one in told), told
    assert "kubectl auth can-i list endpointslices.discovery.k8s.io" in "".join(told)


@pytest.mark.parametrize(("user", "verb"), [("no-watch", "watch"), ("no-list", "list")])
def test_one_verb_is_enough_for_answers(
    cluster: ControlPlane, tmp_path: Path, user: str, verb: str
) -> None:
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path, user) as server:
        assert server.addresses(WEB) == ["10.1.0.1"]
        assert rcode(server, MAIL) == "NXDOMAIN"
        told = lines(server, "watch.forbidden")

    assert all(f"verb={verb}" in one for one in told)
    assert len(told) == (1 if verb == "watch" else 0)


def test_until_everything_is_known_a_missing_name_is_servfail(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    cluster.apiserver.freeze()
    try:
        with following(cluster, tmp_path, "svcdns", "startup_timeout 500ms") as server:
            ready = _ready_port(tmp_path)
            early = server.ask(WEB)
            early_status, _ = page(ready, "/ready")
            cluster.apiserver.thaw()
            until_served(server, WEB, "10.1.0.1")
            until(lambda: page(ready, "/ready")[0] == 200, server)
            missing = rcode(server, MAIL)
    finally:
        cluster.apiserver.thaw()

    assert early.rcode() == dns.rcode.SERVFAIL
    assert reason(early)
    assert early_status == 503
    assert missing == "NXDOMAIN"


def test_a_new_token_is_used_when_the_old_one_is_worth_nothing(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    token = tmp_path / "token"
    token.write_text(cluster.issue_token("old"))
    with following(cluster, tmp_path, "account", tokenFile=str(token)) as server:
        until_served(server, WEB, "10.1.0.1")
        new = cluster.issue_token("new")
        cluster.revoke("old")
        # Until here it could be read beforehand; and a restart forgets whom it has let in.
        cluster.restart_apiserver()
        token.write_text(new)
        put_web(cluster, "10.1.0.2")
        until_served(server, WEB, "10.1.0.2")
    cluster.revoke("new")


def test_a_restart_loses_no_change(cluster: ControlPlane, tmp_path: Path) -> None:
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path) as server:
        until_served(server, WEB, "10.1.0.1")
        cluster.apiserver.stop()
        during = server.addresses(WEB)
        cluster.start_apiserver()
        put_web(cluster, "10.1.0.2")
        until_served(server, WEB, "10.1.0.2")
        relisted = [one for one in lines(server, "watch.relisted") if "reason=expired" not in one]
        refused = lines(server, "watch.forbidden")

    assert during == ["10.1.0.1"]
    assert relisted == []  # it has lost the history that it kept in memory, and nothing else
    assert refused == []  # it knows no roles yet when it begins to answer


def test_a_killed_server_is_said_once_and_answers_say_their_age(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path) as server:
        until_served(server, WEB, "10.1.0.1")
        cluster.apiserver.kill()
        server.line(r"watch\.lost .*resource=endpointslices")
        known, missing = server.addresses(WEB), server.ask(MAIL)
        cluster.start_apiserver()
        put_web(cluster, "10.1.0.2")
        until_served(server, WEB, "10.1.0.2")
        server.line(r"watch\.recovered .*resource=endpointslices")
        until(lambda: "out of reach" not in reason(server.ask(MAIL)), server)
        lost = [one for one in lines(server, "watch.lost") if "resource=endpointslices" in one]

    assert known == ["10.1.0.1"]
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert "out of reach since" in reason(missing)
    assert len(lost) == 1, lost


def test_a_server_that_hangs_for_a_while_changes_nothing(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path) as server:
        until_served(server, WEB, "10.1.0.1")
        cluster.apiserver.freeze()
        frozen_until = time.monotonic() + 5
        until(lambda: time.monotonic() > frozen_until, server)
        during = server.addresses(WEB)
        cluster.apiserver.thaw()
        put_web(cluster, "10.1.0.2")
        until_served(server, WEB, "10.1.0.2")

        assert during == ["10.1.0.1"]
        assert not lines(server, "watch.lost")


def test_a_forgotten_history_is_listed_anew(cluster: ControlPlane, tmp_path: Path) -> None:
    put_web(cluster, "10.1.0.1")
    with following(cluster, tmp_path) as server:
        until_served(server, WEB, "10.1.0.1")
        cluster.apiserver.stop()
        # What no watch ever showed: written, deleted and forgotten while nobody looked.
        cluster.etcd.delete_namespace("EndpointSlice", "shop")
        cluster.etcd.put_objects(_stored([objects.endpoint_slice("web-2", "web", ["10.1.0.9"])]))
        cluster.etcd.compact()
        cluster.start_apiserver()
        until_served(server, WEB, "10.1.0.9")
        server.line(r"watch\.relisted resource=endpointslices reason=expired")


def test_a_restored_etcd_is_followed_back_in_time(cluster: ControlPlane, tmp_path: Path) -> None:
    put_web(cluster, "10.1.0.1")
    cluster.etcd.keep()
    with following(cluster, tmp_path) as server:
        for last in range(2, 40):
            put_web(cluster, f"10.1.0.{last}")
        cluster.put(objects.service("mail", addresses=("10.96.0.25",)))
        until_served(server, WEB, "10.1.0.39")
        until_served(server, MAIL, "10.96.0.25")
        cluster.stop()
        cluster.etcd.restore()
        cluster.etcd.start()
        cluster.start_apiserver()
        until_served(server, WEB, "10.1.0.1")
        until(lambda: rcode(server, MAIL) == "NXDOMAIN", server)
        server.line(r"watch\.relisted resource=endpointslices reason=rewound")
        put_web(cluster, "10.1.0.50")
        until_served(server, WEB, "10.1.0.50")


def test_without_watch_list_everything_is_read_in_pages(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    cluster.restart_apiserver(feature_gates="WatchList=false")
    try:
        with following(cluster, tmp_path) as server:
            first = server.addresses(WEB)
            put_web(cluster, "10.1.0.2")
            until_served(server, WEB, "10.1.0.2")
            complaints = lines(server, "watch.lost") + lines(server, "watch.forbidden")
    finally:
        cluster.restart_apiserver()

    assert first == ["10.1.0.1"]
    assert complaints == []


def test_twenty_thousand_objects_are_served(cluster: ControlPlane, tmp_path: Path) -> None:
    cluster.put(objects.namespace("many"))
    services = [objects.service(f"s{n}", "many", addresses=()) for n in range(MANY)]
    slices = [
        objects.endpoint_slice(f"s{n}-1", f"s{n}", [f"10.{n >> 8}.{n & 255}.{k}" for k in (1, 2)])
        | {"metadata": _many_metadata(n)}
        for n in range(MANY)
    ]
    cluster.etcd.put_objects(_stored([*services, *slices]))
    cluster.wait_for("Service", "many", MANY)
    cluster.wait_for("EndpointSlice", "many", MANY)
    last = MANY - 1
    try:
        with following(cluster, tmp_path, "svcdns", "startup_timeout 30s") as server:
            name = f"s{last}.many.svc.cluster.local."
            first = server.addresses(name)
            said = server.line(r"serve\.ready")
            put_web(cluster, "10.1.0.1")
            until_served(server, WEB, "10.1.0.1")
            cluster.delete("EndpointSlice", "many", f"s{last}-1")
            until(lambda: rcode(server, name) == "NXDOMAIN", server)
    finally:
        for kind in ("Service", "EndpointSlice"):
            cluster.etcd.delete_namespace(kind, "many")

    assert first == [f"10.{last >> 8}.{last & 255}.{k}" for k in (1, 2)]
    assert f"slices={MANY}" in said


def _many_metadata(number: int) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": f"s{number}"}
    return {"name": f"s{number}-1", "namespace": "many", "labels": labels}


def _stored(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Complete objects that do not pass through kube-apiserver."""
    for document in documents:
        version = "discovery.k8s.io/v1" if document["kind"] == "EndpointSlice" else "v1"
        metadata = document["metadata"]
        born = {"uid": f"uid-{metadata['name']}", "creationTimestamp": "2026-01-01T00:00:00Z"}
        yield {"apiVersion": version, **document, "metadata": {**metadata, **born}}


def _ready_port(folder: Path) -> int:
    words = (folder / "Corefile").read_text().split()
    return int(words[words.index("ready") + 1].rpartition(":")[2])
