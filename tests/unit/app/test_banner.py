"""The first lines that a person reads."""

import sys

import pytest

from svcdns import __version__
from svcdns.app.banner import demo, plain
from svcdns.app.feed import Feed
from svcdns.app.following import read_once
from svcdns.cli.version import text as version_text
from svcdns.wire.codes import type_number
from tests.support.configured import ask, configured, feed_of
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")
KUBERNETES = ". {\n kubernetes cluster.local in-addr.arpa {\n pods insecure\n }\n}\n"
ONE = "(1 Service, 0 endpoints, 0 pods)"
CLUSTER = """
    Service kube-system/kube-dns 10.96.0.10 port dns/UDP 53
    Service shop/web 10.96.4.7 port http/TCP 80
    Service shop/db headless port sql/TCP 5432
    EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=db-0, 10.1.0.4 not-ready
    Pod shop/db-0 10.1.0.3
"""


def tries(shown: str) -> list[str]:
    """The lines below `Try:`."""
    return shown.partition("Try:\n")[2].partition("\n\n")[0].splitlines()


def test_zones_are_named_with_their_ports_then_what_runs() -> None:
    configuration = configured(
        "b.example a.example:1053 {\n whoami\n}\n. {\n whoami\n}\n", port=5300
    )

    lines = plain(configuration).splitlines()

    assert lines[:-2] == ["b.example.:5300", ".:5300", "a.example.:1053"]
    assert lines[-2:] == version_text().splitlines()


def test_the_address_is_named_when_it_is_only_one() -> None:
    configuration = configured(".:53 {\n whoami\n}\n", address="::1")

    assert plain(configuration).splitlines()[0] == ".:53 on ::1"


def test_the_demo_says_what_is_served_where() -> None:
    feed = Feed()
    corefile = (ROOT / "examples/Corefile").read_text(encoding="utf-8")
    configuration = configured(corefile, feed)
    feed.apply(read_once(SHOP), now=1)

    head = demo(configuration, feed, "examples/shop").partition("\n\n")[0].splitlines()

    counts = "(12 Services, 31 endpoints, 9 pods)"
    assert head == [
        f"svcdns {__version__}  example cluster from examples/shop {counts}",
        "  DNS      127.0.0.1:5300 udp, tcp",
        "  health   http://127.0.0.1:8080/health",
        "  metrics  http://127.0.0.1:9153/metrics",
        "  ready    http://127.0.0.1:8181/ready",
    ]


@pytest.mark.parametrize(
    ("address", "places"),
    [
        pytest.param("", ("@127.0.0.1 -p 53 ", "@127.0.0.1:53"), id="every address"),
        pytest.param("10.0.0.1", ("@10.0.0.1 -p 53 ", "@10.0.0.1:53"), id="IPv4"),
        pytest.param("::1", ("@::1 -p 53 ", "@[::1]:53"), id="IPv6"),
    ],
)
def test_what_to_try_can_be_pasted(address: str, places: tuple[str, str]) -> None:
    configuration = configured(KUBERNETES, address=address)

    *digs, query = tries(demo(configuration, feed_of(CLUSTER), "world"))

    assert [line.removeprefix(f"  dig {places[0]}") for line in digs] == [
        "web.shop.svc.cluster.local",
        "_sql._tcp.db.shop.svc.cluster.local SRV",
        "10-1-0-3.shop.pod.cluster.local",
    ]
    assert query == f"  svcdns query db-0.db.shop.svc.cluster.local {places[1]}"


@pytest.mark.parametrize("cluster", ["", CLUSTER])
def test_every_question_to_try_has_an_answer(cluster: str) -> None:
    feed = feed_of(cluster)
    configuration = configured(KUBERNETES, feed)
    if not cluster:
        feed.apply(read_once(SHOP), now=2)
    (exchange,) = configuration.exchanges.values()

    digs = [line.split()[4:] for line in tries(demo(configuration, feed, "x")) if " dig " in line]

    assert len(digs) == 3
    for name, *rrtype in digs:
        assert ask(exchange, name, type_number(rrtype[0] if rrtype else "A")).answer, name


@pytest.mark.parametrize(
    ("manifests", "head", "ending"),
    [
        (None, "", "Ctrl-C stops."),
        ("-", f"  cluster from standard input {ONE}", "Ctrl-C stops."),
        (
            "dump.json",
            f"  example cluster from dump.json {ONE}",
            "Ctrl-C stops. Edit a file under dump.json and ask again: the answer follows.",
        ),
    ],
)
def test_the_demo_speaks_of_manifests_only_where_there_are_some(
    manifests: str | None, head: str, ending: str
) -> None:
    feed = feed_of("Service shop/web 10.96.4.7") if manifests else Feed()

    lines = demo(configured(KUBERNETES, feed), feed, manifests).splitlines()

    assert (lines[0], lines[-1]) == (f"svcdns {__version__}{head}", ending)
    assert ("Try:" in lines) is bool(manifests)


def test_what_a_stanza_with_selectors_sees_counts_too() -> None:
    feed = Feed()
    configuration = configured(". {\n kubernetes a {\n labels app=web\n }\n}\n", feed)
    feed.apply(read_once(SHOP), now=1)

    assert "(0 Services, 0 endpoints, 0 pods)" not in demo(configuration, feed, "x")


@pytest.mark.parametrize(
    ("called", "path", "typed"),
    [
        (".venv/bin/svcdns", "/nowhere", ".venv/bin/svcdns"),
        ("/x/svcdns/__main__.py", "/nowhere", "svcdns"),
    ],
)
def test_a_program_that_is_not_on_the_path_is_named_by_its_own(
    monkeypatch: pytest.MonkeyPatch, called: str, path: str, typed: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setenv("PATH", path)

    shown = demo(configured(KUBERNETES, port=5300), feed_of(CLUSTER), SHOP)

    assert tries(shown)[-1].startswith(f"  {typed} query db-0.")
