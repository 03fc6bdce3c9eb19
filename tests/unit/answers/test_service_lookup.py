from typing import Any

import pytest

from svcdns.answers.answer import Answer, on_namespace, on_service
from svcdns.answers.names import EndpointName
from svcdns.answers.service_lookup import service_dependencies
from svcdns.cluster.model import Service
from svcdns.wire.codes import RCode, RRType, type_number
from tests.support.cluster_text import events_of, state_of
from tests.support.golden import stanza_of
from tests.support.stubs import question

CLUSTER = """
Namespace empty
Service shop/web 10.96.4.7 port http/TCP 80 port dns/UDP 53
Service shop/db headless port sql/TCP 5432
EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=db-0
EndpointSlice shop/db-2 of db port sql/TCP 5432: a.example.com hostname=away
EndpointSlice shop/db-3 of db port sql/TCP 5432: b.example.com hostname=further
Service shop/idle headless port sql/TCP 5432
Service ops/web 10.96.4.8 port http/TCP 80
"""


def find(name: str, rrtype: str = "A", cluster: str = CLUSTER, **options: Any) -> Answer:
    stanza = stanza_of(state_of(cluster), **options)
    answer = stanza.find(question(f"{name}.svc.cluster.local", type_number(rrtype)))
    assert isinstance(answer, Answer)
    return answer


def test_an_answer_depends_on_its_namespace_and_its_service() -> None:
    expected = (on_namespace("shop"), on_service("shop", "db"))

    assert service_dependencies(EndpointName("shop", "db", "db-0")) == expected
    for name, rrtype in (
        *(("db.shop", "A"), ("db.shop", "AAAA"), ("db.shop", "SRV"), ("db.shop", "TXT")),
        *(("db-0.db.shop", "A"), ("_sql._tcp.db.shop", "SRV"), ("_tcp.db.shop", "A")),
    ):
        assert find(name, rrtype).depends_on == expected


def test_types_nobody_asks_for_are_not_kept() -> None:
    assert find("db.shop", "TYPE999").depends_on is None
    assert find("db.shop", "CAA").depends_on is None


def test_what_is_missing_depends_on_all_that_its_reason_tells() -> None:
    for name in ("nope.shop", "x.db.shop", "web.gone", "_no._tcp.web.shop", "idle.shop"):
        answer = find(name)

        assert answer.rcode == RCode.NXDOMAIN
        assert answer.depends_on is not None
        assert {kind for kind, *_ in answer.depends_on} == {
            "namespace",
            "service",
            "named",
            "namespaces",
        }


def test_of_a_name_that_every_team_has_a_few_are_told() -> None:
    many = "\n".join(f"Service team-{n}/web 10.96.0.{n}" for n in range(100))
    answer = find("web.nope", cluster=many)

    assert answer.reason is not None
    assert "'team-1', 'team-10', 'team-11', 'team-12' and others" in answer.reason.text()


def test_a_service_whose_namespace_is_gone_is_gone_too() -> None:
    state = state_of(CLUSTER)
    state.apply(events_of(["delete Namespace shop"]), 1)

    answer = stanza_of(state).find(question("web.shop.svc.cluster.local"))

    assert isinstance(answer, Answer)
    assert answer.rcode == RCode.NXDOMAIN


def test_an_endpoint_that_is_a_name_gives_way_to_addresses() -> None:
    both = find("db.shop")
    alone = find("away.db.shop")
    two = find(
        "fq.shop",
        "CNAME",
        "Service shop/fq headless\nEndpointSlice shop/s of fq: a.example.com, b.example.com",
    )

    assert [one.rrtype for one in both.answer] == [RRType.A]
    assert find("db.shop", "CNAME").answer == ()
    assert [one.rrtype for one in alone.answer] == [RRType.CNAME]
    assert [len(one.records) for one in two.answer] == [1]


def test_a_service_that_waits_for_its_address_is_nodata() -> None:
    state = state_of(CLUSTER)
    waiting = Service("shop", "new")
    state.apply(((Service, waiting.key, waiting),), 1)  # type: ignore[arg-type]

    answer = stanza_of(state).find(question("new.shop.svc.cluster.local"))

    assert isinstance(answer, Answer)
    assert (answer.rcode, answer.answer) == (RCode.NOERROR, ())
    assert answer.reason is not None
    assert answer.reason.text() == "Service shop/new exists, but has no address"


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("crat.shop", {}, "no Service 'crat' in namespace 'shop'"),
        ("db.ops", {}, "Service 'db' exists in namespace 'shop', not in 'ops'"),
        ("web.empty", {}, "Service 'web' exists in namespaces 'ops', 'shop', not in 'empty'"),
        ("nope.shp", {}, "no Namespace 'shp'"),
        ("db.shp", {}, "no Namespace 'shp'; Service 'db' exists in namespace 'shop'"),
        (
            "web.ops",
            {"namespaces": frozenset({"shop"})},
            "Namespace 'ops' is not one that `namespaces` lets this server serve",
        ),
        # No word about Namespaces that this stanza does not serve.
        ("db.empty", {"namespaces": frozenset({"empty"})}, "no Service 'db' in namespace 'empty'"),
    ],
)
def test_a_missing_name_says_what_is_missing(
    name: str, options: dict[str, Any], sentence: str
) -> None:
    answer = find(name, **options)

    assert answer.rcode == RCode.NXDOMAIN
    assert answer.reason is not None
    assert answer.reason.text().split("; perhaps")[0] == sentence


@pytest.mark.parametrize(
    ("name", "rrtype", "options", "sentence"),
    [
        ("_no._tcp.web.shop", "A", {}, "Service shop/web has no port _no._tcp; it has _http._tcp"),
        ("_sql._udp.db.shop", "A", {}, "Service shop/db has no port _sql._udp; it has _sql._tcp"),
        ("db-7.db.shop", "A", {}, "Service shop/db has no endpoint 'db-7'; ready are db-0, away"),
        ("idle.shop", "A", {}, "headless Service shop/idle exists, but has no endpoints"),
        ("db.shop", "A", {"noendpoints": True}, "Service shop/db exists, but with `noendpoints`"),
        ("web.shop", "A", {"ignore_empty_service": True}, "Service shop/web exists, but has no"),
        ("web.shop", "AAAA", {}, "Service shop/web exists, but has only IPv4 addresses"),
        ("db-0.db.shop", "AAAA", {}, "Service shop/db exists, but has only IPv4 addresses"),
        ("web.shop", "TXT", {}, "Service shop/web exists, but has no TXT record"),
        ("_tcp.web.shop", "A", {}, "_tcp.web.shop.svc.cluster.local has no records of its own"),
        ("a.pin._zone.db.shop", "A", {}, "names with a topology zone are off: add `zonal`"),
        ("a.pin._zone.web.shop", "A", {"zonal": True}, "names with a topology zone are for headl"),
        ("a.pin._zone.db.shop", "A", {"zonal": True}, "Service shop/db has no ready endpoint in"),
        ("a.b.c.web.shop", "A", {}, "too many labels: the longest name is _PORT._PROTOCOL."),
    ],
)
def test_an_answer_without_records_says_why(
    name: str, rrtype: str, options: dict[str, Any], sentence: str
) -> None:
    answer = find(name, rrtype, **options)

    assert answer.answer == ()
    assert answer.reason is not None
    assert answer.reason.text().startswith(sentence)
