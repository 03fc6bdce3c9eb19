import pytest

from svcdns.answers.answer import Answer, on_address, on_namespace
from svcdns.answers.names import Fixed, ServiceName
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text, pack_address, to_text
from tests.support.cluster_text import state_of
from tests.support.golden import golden_state, stanza_of
from tests.support.replies import ask
from tests.support.stubs import question

STATE = golden_state()


def test_the_longest_zone_takes_a_name() -> None:
    stanza = stanza_of(STATE, zones=("local", "cluster.local", "in-addr.arpa"))

    located = stanza.locate(from_text("web.shop.svc.cluster.local"))
    other = stanza.locate(from_text("web.shop.svc.local"))
    apex = stanza.locate(from_text("cluster.local"))

    assert located is not None
    assert (to_text(located[0].name), located[1]) == ("cluster.local.", ServiceName("shop", "web"))
    assert other is not None
    assert to_text(other[0].name) == "local."
    assert apex is not None
    assert apex[1] is Fixed.APEX
    assert stanza.locate(from_text("example.com")) is None


def test_zones_keep_the_order_of_the_corefile() -> None:
    zones = ("local", "cluster.local", "in-addr.arpa")

    found = stanza_of(STATE, zones=zones).zones

    assert [to_text(zone.name) for zone in found] == [f"{zone}." for zone in zones]


@pytest.mark.parametrize(
    ("name", "rrtype", "depends_on"),
    [
        ("svc.cluster.local", RRType.A, ()),
        ("dns.cluster.local", RRType.A, ()),
        ("dns-version.cluster.local", RRType.TXT, ()),
        ("dns-version.cluster.local", RRType.A, ()),
        ("testns.svc.cluster.local", RRType.A, (on_namespace("testns"),)),
        ("cluster.local", RRType.A, None),
        ("cluster.local", RRType.SOA, None),
        ("ns.dns.cluster.local", RRType.TXT, None),
        ("foo.cluster.local", RRType.A, ()),
        ("1.0.0.10.in-addr.arpa", RRType.PTR, (on_address(bytes((10, 0, 0, 1))),)),
        ("1.0.0.10.in-addr.arpa", RRType.TXT, (on_address(bytes((10, 0, 0, 1))),)),
        ("9.9.9.9.in-addr.arpa", RRType.PTR, None),
        ("10.in-addr.arpa", RRType.PTR, None),
    ],
)
def test_an_answer_says_what_it_depends_on(
    name: str, rrtype: int, depends_on: tuple[object, ...] | None
) -> None:
    answer = stanza_of(STATE).find(question(name, rrtype))

    assert isinstance(answer, Answer)
    assert answer.depends_on == depends_on


def test_pod_names_are_kept_only_when_there_is_a_pod_for_each() -> None:
    asked = question("172-0-0-20.testns.pod.cluster.local")

    insecure = stanza_of(STATE, pods="insecure").find(asked)
    verified = stanza_of(STATE, pods="verified").find(asked)

    assert isinstance(insecure, Answer)
    assert insecure.depends_on is None
    assert isinstance(verified, Answer)
    assert verified.depends_on == (
        on_namespace("testns"),
        on_address(pack_address("172.0.0.20")),
    )


@pytest.mark.parametrize(
    ("pods", "name", "sentence"),
    [
        ("disabled", "1-2-3-4.testns.pod", "pod names are off: the kubernetes plugin has `pods"),
        ("disabled", "testns.pod", "pod names are off"),
        ("insecure", "web.testns.pod", "'web' is not an address with dashes, such as 10-244-1-7"),
        ("insecure", "1-2-3-4.nons.pod", "no Namespace 'nons'"),
        ("verified", "172-0-0-9.testns.pod", "no Pod '172-0-0-9' in namespace 'testns'"),
        (
            "verified",
            "172-0-0-21.testns.pod",
            "no Pod '172-0-0-21' in namespace 'testns'; the Pod with that address is in namespace",
        ),
        ("verified", "5678-abcd-0-0-0-0-0-20.testns.pod", "the Pod is called 5678-abcd--20, not"),
        ("insecure", "x.1-2-3-4.testns.pod", "no names exist below a pod's name"),
        ("insecure", "nons.svc", "no Namespace 'nons'"),
        ("insecure", "foo", "below cluster.local names end in svc or pod"),
        ("insecure", "testns.svc", "testns.svc.cluster.local has no records of its own"),
        ("insecure", "ns.dns", "ns.dns.cluster.local exists, but has no A record"),
    ],
)
def test_an_answer_without_records_says_why(pods: str, name: str, sentence: str) -> None:
    answer = stanza_of(STATE, pods=pods).find(question(f"{name}.cluster.local"))

    assert isinstance(answer, Answer)
    assert answer.answer == ()
    assert answer.reason is not None
    assert answer.reason.text().startswith(sentence)
    assert answer.reason.code == InfoCode.OTHER


def test_a_refused_transfer_says_what_it_needs() -> None:
    answer = stanza_of(STATE).find(question("cluster.local", RRType.AXFR))

    assert isinstance(answer, Answer)
    assert answer.rcode == RCode.REFUSED
    assert answer.reason is not None
    assert "does not transfer" in answer.reason.text()


def test_fallthrough_is_told_but_not_applied() -> None:
    stanza = stanza_of(STATE, fallthrough=(from_text("in-addr.arpa"),))

    answer = stanza.find(question("9.9.9.9.in-addr.arpa", RRType.PTR))

    assert isinstance(answer, Answer)
    assert answer.rcode == RCode.NXDOMAIN
    assert stanza.is_passed_on(from_text("9.9.9.9.in-addr.arpa"))
    assert not stanza.is_passed_on(from_text("x.cluster.local"))


def test_a_zone_that_is_one_address_answers_for_it_at_its_apex() -> None:
    stanza = stanza_of(STATE, zones=("cluster.local", "1.0.0.10.in-addr.arpa"))

    pointer = stanza.find(question("1.0.0.10.in-addr.arpa", RRType.PTR))
    soa = stanza.find(question("1.0.0.10.in-addr.arpa", RRType.SOA))

    assert isinstance(pointer, Answer)
    assert [one.rrtype for one in pointer.answer] == [RRType.PTR]
    assert isinstance(soa, Answer)
    assert [one.rrtype for one in soa.answer] == [RRType.SOA]


def test_addresses_are_spelled_as_rfc_5952_does_whoever_wrote_them() -> None:
    state = state_of(
        "Service shop/db headless\nEndpointSlice shop/db-1 of db: FD00::0:7, fd00:0:0:0:0:0:0:8"
    )
    stanza = stanza_of(state)
    reverse = "8" + ".0" * 27 + ".0.0.d.f.ip6.arpa."

    endpoint = ask(stanza, "fd00--7.db.shop.svc.cluster.local.", "AAAA")
    by_hand = ask(stanza, "fd00--0-7.db.shop.svc.cluster.local.", "AAAA")
    pointer = ask(stanza, reverse, "PTR")

    assert endpoint is not None
    assert endpoint.answer == ("fd00--7.db.shop.svc.cluster.local. 5 AAAA fd00::7",)
    assert by_hand is not None
    assert by_hand.rcode == "NXDOMAIN"
    assert pointer is not None
    assert pointer.answer == (f"{reverse} 5 PTR fd00--8.db.shop.svc.cluster.local.",)
