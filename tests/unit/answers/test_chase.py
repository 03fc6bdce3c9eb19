import asyncio
from types import CoroutineType

import pytest

from svcdns.answers.answer import Answer, Reason, on_namespace, on_service
from svcdns.answers.chase import MAX_HOPS, cname_target
from svcdns.answers.lookup import Stanza
from svcdns.route.inner import MAX_DEPTH
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text, to_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, addresses, cname
from tests.support.cluster_text import state_of
from tests.support.golden import stanza_of
from tests.support.stubs import question

CLUSTER = """
Service shop/web 10.96.4.7 port http/TCP 80
Service shop/alias ExternalName web.shop.svc.cluster.local
Service shop/away ExternalName www.example.com
Service shop/lost ExternalName nope.shop.svc.cluster.local
Service shop/nobody ExternalName nobody.cluster.local
Service shop/left ExternalName right.shop.svc.cluster.local
Service shop/right ExternalName left.shop.svc.cluster.local
Service shop/pod ExternalName 10-1-2-3.shop.pod.cluster.local
Service shop/across ExternalName across.shop.svc.other.local
Service shop/back ExternalName back.shop.svc.cluster.local
"""
SHOP = on_namespace("shop")


def find(stanza: Stanza, name: str, rrtype: int = RRType.A) -> Answer:
    answer = stanza.find(question(f"{name}.shop.svc.cluster.local", rrtype))
    assert isinstance(answer, Answer)
    return answer


def owners(answer: Answer) -> list[str]:
    return [to_text(rrset.owner).split(".")[0] for rrset in answer.answer]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("www.example.com", "www.example.com."),
        ("WWW.Example.com.", "www.example.com."),
        ("_sip.example.com", "_sip.example.com."),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("", None),
        (".", None),
        ("a..b", None),
        ("a" * 64, None),
    ],
)
def test_an_external_name_is_a_name_or_nothing(text: str, target: str | None) -> None:
    found = cname_target(text)

    assert (None if found is None else to_text(found)) == target


def test_a_target_in_the_zone_is_followed_at_once() -> None:
    answer = find(stanza_of(state_of(CLUSTER)), "alias")

    assert owners(answer) == ["alias", "web"]
    assert answer.depends_on == (SHOP, on_service("shop", "alias"), on_service("shop", "web"))


def test_a_target_in_the_zone_that_is_missing_leaves_nodata_until_it_comes() -> None:
    answer = find(stanza_of(state_of(CLUSTER)), "lost")

    assert (answer.rcode, answer.answer) == (RCode.NOERROR, ())
    assert answer.authority is not None
    assert on_service("shop", "nope") in (answer.depends_on or ())
    assert answer.reason is not None
    assert "points to nope.shop.svc.cluster.local, which has no A record" in answer.reason.text()


def test_a_target_that_can_never_be_there_leaves_nodata() -> None:
    answer = find(stanza_of(state_of(CLUSTER)), "nobody")

    assert (answer.rcode, answer.answer) == (RCode.NOERROR, ())
    assert answer.depends_on == (SHOP, on_service("shop", "nobody"))


def test_a_target_that_may_only_not_be_loaded_yet_is_not_denied() -> None:
    state = state_of(CLUSTER)
    state.synced = False

    answer = find(stanza_of(state), "lost")

    assert answer.rcode == RCode.SERVFAIL
    assert answer.depends_on is None


def test_what_leads_to_something_that_is_not_kept_is_not_kept() -> None:
    answer = find(stanza_of(state_of(CLUSTER), pods="insecure"), "pod")

    assert owners(answer) == ["pod", "10-1-2-3"]
    assert answer.depends_on is None


def test_a_circle_within_the_zone_is_nodata() -> None:
    answer = find(stanza_of(state_of(CLUSTER)), "left")

    assert (answer.rcode, answer.answer) == (RCode.NOERROR, ())
    assert on_service("shop", "right") in (answer.depends_on or ())


def chain_of(length: int) -> str:
    links = [
        f"Service shop/n{number} ExternalName n{number + 1}.shop.svc.cluster.local"
        for number in range(length)
    ]
    return "\n".join([*links, f"Service shop/n{length} 10.96.0.1 port http/TCP 80"])


def test_ten_names_in_a_row_are_followed_and_eleven_are_not() -> None:
    ten = find(stanza_of(state_of(chain_of(10))), "n0")
    eleven = find(stanza_of(state_of(chain_of(11))), "n0")

    assert MAX_HOPS == 10
    assert len(ten.answer) == 11
    assert eleven.answer == ()
    assert on_service("shop", "n10") in (eleven.depends_on or ())


def test_a_target_elsewhere_is_asked_through_the_server() -> None:
    asked: list[tuple[str, int]] = []
    www, host = from_text("www.example.com"), from_text("host.example.com")

    def ask(one: Question) -> Answer:
        asked.append((to_text(one.owner), one.rrtype))
        inner = (cname(www, 60, host), addresses(host, 60, (bytes((192, 0, 2, 1)),)))
        return Answer(answer=inner, authoritative=False)

    answer = find(stanza_of(state_of(CLUSTER), ask=ask), "away")

    assert asked == [("www.example.com.", RRType.A)]
    assert owners(answer) == ["away", "www", "host"]
    assert answer.authoritative
    assert answer.depends_on is None


@pytest.mark.parametrize(
    "inner",
    [
        None,
        Answer(RCode.NXDOMAIN, authoritative=False),
        Answer(RCode.SERVFAIL, reason=Reason(InfoCode.NETWORK_ERROR, lambda: "no route")),
    ],
    ids=["nobody can", "NXDOMAIN", "SERVFAIL"],
)
def test_whatever_became_of_a_target_elsewhere_the_cname_stands(inner: Answer | None) -> None:
    answer = find(stanza_of(state_of(CLUSTER), ask=lambda _: inner), "away")

    assert (answer.rcode, owners(answer), answer.authority) == (RCode.NOERROR, ["away"], None)
    assert answer.reason is not None
    expected = "no route" if inner and inner.reason else "this server found no address for it"
    assert answer.reason.text() == f"Service shop/away points to www.example.com: {expected}"


def test_a_target_that_others_have_to_be_asked_for_comes_later() -> None:
    www = from_text("www.example.com")

    async def later() -> Answer:
        return Answer(answer=(addresses(www, 60, (bytes((192, 0, 2, 1)),)),))

    state = state_of("""
        Service shop/near ExternalName away.shop.svc.cluster.local
        Service shop/away ExternalName www.example.com
    """)
    stanza = stanza_of(state, ask=lambda _: later())
    found = stanza.find(Question.of(from_text("near.shop.svc.cluster.local"), RRType.A))

    assert isinstance(found, CoroutineType)
    answer = asyncio.run(found)
    assert owners(answer) == ["near", "away", "www"]
    assert answer.depends_on is None


def test_types_that_cannot_use_the_target_ask_nobody() -> None:
    def ask(one: Question) -> Answer:
        raise AssertionError(one)

    stanza = stanza_of(state_of(CLUSTER), ask=ask)

    for rrtype in (RRType.CNAME, RRType.MX, RRType.HTTPS, RRType.SRV, RRType.TXT, RRType.ANY):
        answer = find(stanza, "away", rrtype)

        assert owners(answer) == (["away"] if rrtype == RRType.CNAME else [])
        assert answer.depends_on == (SHOP, on_service("shop", "away"))


def test_a_circle_through_another_zone_ends() -> None:
    state = state_of("Service shop/across ExternalName across.shop.svc.other.local")
    other = state_of("Service shop/across ExternalName across.shop.svc.cluster.local")
    asked: list[Question] = []

    def ask(one: Question) -> Answer | None:
        if len(asked) == MAX_DEPTH:
            return None
        asked.append(one)
        found = next((found for stanza in stanzas if (found := stanza.find(one))), None)
        assert isinstance(found, Answer)
        return found

    stanzas = [
        stanza_of(state, zones=("cluster.local",), ask=ask),
        stanza_of(other, zones=("other.local",), ask=ask),
    ]

    answer = find(stanzas[0], "across")

    assert len(asked) == MAX_DEPTH
    assert all(isinstance(one, RRset) and one.rrtype == RRType.CNAME for one in answer.answer)
    # Each name once: the same CNAME over and over tells a client nothing more.
    owners = [one.owner for one in answer.answer]
    assert 1 <= len(owners) == len(set(owners))


def test_a_circle_through_another_zone_is_called_one() -> None:
    def ask(one: Question) -> Answer:
        back = cname(one.owner, 5, from_text("out.shop.svc.cluster.local"))
        there = cname(from_text("out.shop.svc.cluster.local"), 5, one.owner)
        return Answer(answer=(back, there))

    stanza = stanza_of(state_of("Service shop/out ExternalName other.example"), ask=ask)
    answer = find(stanza, "out")

    assert owners(answer) == ["out"]
    assert answer.reason is not None
    assert "in a circle or too far" in answer.reason.text()
