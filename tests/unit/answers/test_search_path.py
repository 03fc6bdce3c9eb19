import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import ON_NAMESPACES, Answer, on_service
from svcdns.answers.search_path import (
    MAX_DOMAINS,
    as_asked,
    domains_of,
    domains_of_pod,
    further_names,
    joined,
    zone_searched_by_pods,
)
from svcdns.wire.codes import RRType
from svcdns.wire.name import MAX_NAME, ROOT, OwnerName, from_text, to_text
from svcdns.wire.question import Question
from tests.support.stubs import FixedAuthority, addresses, question

CLUSTER = from_text("cluster.local.")
DOMAINS = domains_of_pod("shop", CLUSTER)


def test_a_list_is_read_and_what_is_no_name_left_out() -> None:
    assert domains_of(["Svc.Cluster.local", ".", "a..b", "example.org."]) == (
        *(from_text("svc.cluster.local."), from_text("example.org.")),
    )


def test_a_list_has_a_greatest_length() -> None:
    assert len(domains_of(f"d{number}.example" for number in range(100))) == MAX_DOMAINS


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("web.shop.svc.cluster.local.", "cluster.local."),
        ("a.b.shop.svc.cluster.local.", "cluster.local."),
        ("shop.svc.cluster.local.", None),
        ("svc.cluster.local.", None),
        ("a.b.cluster.local.", None),
        ("a.b.example.org.", None),
        ("web.shop.svc.team.cluster.local.", "team.cluster.local."),
    ],
)
def test_pods_ask_below_their_namespace(name: str, zone: str | None) -> None:
    zones = (CLUSTER, from_text("team.cluster.local."), from_text("in-addr.arpa."))

    found = zone_searched_by_pods(from_text(name), zones)

    assert (None if found is None else to_text(found)) == zone


def test_a_pod_has_three_domains() -> None:
    assert [to_text(domain) for domain in DOMAINS] == [
        *("shop.svc.cluster.local.", "svc.cluster.local.", "cluster.local."),
    ]


def names(asked: Question, *more: str) -> list[str]:
    found = further_names(asked, (*DOMAINS, *map(from_text, more)))
    return [to_text(name) for name in found]


@pytest.mark.parametrize(
    ("name", "further"),
    [
        ("web.shop.svc.cluster.local.", ["web.svc.cluster.local.", "web.cluster.local.", "web."]),
        (
            "Api.Example.org.shop.svc.cluster.local.",
            [
                "Api.Example.org.svc.cluster.local.",
                "Api.Example.org.cluster.local.",
                "Api.Example.org.",
            ],
        ),
        ("shop.svc.cluster.local.", []),
        ("web.front.svc.cluster.local.", []),
        ("example.org.", []),
    ],
)
def test_what_was_typed_is_tried_with_the_other_domains(name: str, further: list[str]) -> None:
    assert names(question(name)) == further


def test_without_a_list_there_is_nothing_to_try() -> None:
    assert further_names(question("web.shop.svc.cluster.local."), ()) == ()


labels = st.binary(min_size=1, max_size=30).map(lambda label: bytes([len(label)]) + label)
domain_names = st.lists(labels, max_size=3).map(lambda parts: OwnerName(b"".join(parts) + b"\0"))


@given(st.lists(labels, min_size=1, max_size=4), st.lists(domain_names, min_size=1, max_size=4))
def test_every_name_is_one_and_begins_with_what_was_typed(
    typed: list[bytes], domains: list[OwnerName]
) -> None:
    lowered = tuple(OwnerName(domain.lower()) for domain in domains)
    asked = Question.of(OwnerName(b"".join(typed) + lowered[0]), RRType.A)

    for name in further_names(asked, lowered):
        assert len(name) <= MAX_NAME
        assert name.startswith(b"".join(typed))
        assert name[len(b"".join(typed)) :] in {*lowered[1:], ROOT}


ASKED = question("web.shop.svc.cluster.local.")
FOUND = question("web.svc.cluster.local.")


def test_what_was_found_has_a_cname_in_front() -> None:
    web = addresses("web.svc.cluster.local.", b"\x0a\0\0\1", ttl=7)

    made = as_asked(ASKED, FOUND, Answer(answer=(web,)))

    assert made.answer[1:] == (web,)
    assert (made.answer[0].owner, made.answer[0].rrtype) == (ASKED.owner, RRType.CNAME)
    assert (made.answer[0].ttl, made.answer[0].records) == (7, (web.owner,))


def test_an_answer_to_the_very_name_stays_as_it_is() -> None:
    answer = Answer(answer=(addresses("web.shop.svc.cluster.local.", b"\x0a\0\0\1"),))

    assert as_asked(ASKED, ASKED, answer) is answer


def test_nodata_of_the_same_zone_stays_and_follows_it() -> None:
    answer = Answer(authority=FixedAuthority(CLUSTER), depends_on=(ON_NAMESPACES,))

    assert as_asked(ASKED, FOUND, answer) == answer


def test_nodata_of_another_zone_is_said_with_its_records_once() -> None:
    elsewhere = from_text("example.org.")
    answer = Answer(authority=FixedAuthority(elsewhere, ttl=9), depends_on=(ON_NAMESPACES,))

    made = as_asked(ASKED, question("a.example.org."), answer)

    assert made.authority is None
    assert [(rrset.rrtype, rrset.ttl) for rrset in made.authority_records] == [(RRType.SOA, 9)]
    assert made.depends_on is None


def test_an_answer_depends_on_all_that_led_to_it() -> None:
    service = on_service("shop", "web")

    assert joined([(ON_NAMESPACES,), (service, ON_NAMESPACES)]) == (ON_NAMESPACES, service)
    assert joined([(ON_NAMESPACES,), None]) is None
    assert joined([]) == ()
