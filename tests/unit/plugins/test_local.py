import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.plugins.local import DIRECTIVE, TTL, build
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import to_text
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.foreign import query_for
from tests.support.stubs import FixedClient, question

LOOPBACK = b"\x7f\0\0\1"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("local", True),
        ("local {\n}", True),
        ("local {\nlocalhost_prefix on\n}", True),
        ("local {\nlocalhost_prefix off\n}", False),
    ],
)
def test_settings(text: str, *, prefix: bool) -> None:
    assert settings_of(DIRECTIVE, text) is prefix


@pytest.mark.parametrize(
    "text",
    [
        "local x",
        "local {\nlocalhost_prefix\n}",
        "local {\nlocalhost_prefix no\n}",
        "local {\nlocalhost_prefix on on\n}",
        "local {\nprefix on\n}",
    ],
)
def test_mistakes(text: str) -> None:
    assert len(problems_of(DIRECTIVE, text)) == 1


def ask(
    name: str, rrtype: int = RRType.A, *, prefix: bool = True, steps: Steps | None = None
) -> Answer | None:
    steps = steps or build(prefix, FixedScope())
    assert steps.answer is not None
    answer = steps.answer(query_for(question(name, rrtype)), FixedClient())
    assert answer is None or isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("name", "rrtype", "records"),
    [
        ("localhost.", RRType.A, LOOPBACK),
        ("localhost.", RRType.AAAA, bytes(15) + b"\1"),
        ("a.localhost.", RRType.A, LOOPBACK),
        ("localhost.svc.cluster.local.", RRType.A, LOOPBACK),
        ("localhost.example.", RRType.AAAA, bytes(15) + b"\1"),
        ("1.0.0.127.in-addr.arpa.", RRType.PTR, b"\x09localhost\0"),
        ("localhost.", RRType.NS, b"\x09localhost\0"),
        ("255.in-addr.arpa.", RRType.NS, b"\x09localhost\0"),
    ],
)
def test_local_names_are_answered(name: str, rrtype: int, records: bytes) -> None:
    answer = ask(name, rrtype)

    assert answer is not None
    (rrset,) = answer.answer
    assert (rrset.owner, rrset.rrtype, rrset.ttl) == (question(name).owner, rrtype, TTL)
    assert rrset.records == (records,)
    assert not answer.authoritative


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode", "origin"),
    [
        ("localhost.", RRType.TXT, RCode.NOERROR, "localhost."),
        ("a.localhost.", RRType.TXT, RCode.NOERROR, "a.localhost."),
        ("localhost.example.", RRType.SRV, RCode.NOERROR, "localhost.example."),
        ("127.in-addr.arpa.", RRType.A, RCode.NOERROR, "127.in-addr.arpa."),
        ("0.in-addr.arpa.", RRType.AAAA, RCode.NOERROR, "0.in-addr.arpa."),
        ("1.0.0.127.in-addr.arpa.", RRType.A, RCode.NOERROR, "127.in-addr.arpa."),
        ("2.0.0.127.in-addr.arpa.", RRType.PTR, RCode.NXDOMAIN, "127.in-addr.arpa."),
        ("1.0.in-addr.arpa.", RRType.SOA, RCode.NXDOMAIN, "0.in-addr.arpa."),
    ],
)
def test_what_is_not_there_is_denied(name: str, rrtype: int, rcode: RCode, origin: str) -> None:
    answer = ask(name, rrtype)

    assert answer is not None
    assert (answer.rcode, answer.answer) == (rcode, ())
    (record,) = answer.authority_records
    assert (to_text(record.owner), record.rrtype, record.ttl) == (origin, RRType.SOA, TTL)
    assert answer.reason is not None
    assert answer.reason.text().startswith("the directive 'local' ")


def test_the_soa_of_a_local_zone_can_be_asked_for() -> None:
    answer = ask("127.in-addr.arpa.", RRType.SOA)

    assert answer is not None
    assert answer.answer == ask("1.127.in-addr.arpa.").authority_records  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["example.", "mylocalhost.", "localhosts.", "128.in-addr.arpa."])
def test_other_names_are_passed_on(name: str) -> None:
    assert ask(name) is None


def test_the_prefix_can_be_off() -> None:
    assert ask("localhost.example.", prefix=False) is None
    assert ask("a.localhost.", prefix=False) is not None


def test_names_that_leaked_are_counted() -> None:
    scope = FixedScope()
    steps = build(prefix=True, scope=scope)
    assert steps.tick is not None

    for name in ("localhost.", "a.localhost.", "localhost.example.", "1.0.0.127.in-addr.arpa."):
        ask(name, steps=steps)
    steps.tick(1.0)
    steps.tick(2.0)

    assert scope.metrics.numbers["coredns_local_localhost_requests_total"] == {(): 2}


@given(
    st.sampled_from(RRType), st.sampled_from(("a.localhost.", "localhost.", "9.127.in-addr.arpa."))
)
def test_nothing_local_is_ever_passed_on(rrtype: int, name: str) -> None:
    assert ask(name, rrtype) is not None
