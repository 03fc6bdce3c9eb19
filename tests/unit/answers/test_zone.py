import dns.message
import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.zone import Zone
from svcdns.route.render import Manner, say
from svcdns.wire.codes import RCode, type_number, type_text
from svcdns.wire.name import ROOT, from_text, to_text
from svcdns.wire.question import Query, Question
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_file import read_zone

NAME = from_text("example.org")
HEAD = "$TTL 3600\n@ 600 SOA ns hm 7 7200 3600 86400 300\n@ NS ns\n@ NS ns.other.net.\n"
CONTENTS = """
ns        A     192.0.2.1
mail      A     192.0.2.2
mail      AAAA  2001:db8::2
MiXed     A     192.0.2.9
*.wild    A     192.0.2.4
*.wild    TXT   w
sub.wild  A     192.0.2.5
a.b.c     A     192.0.2.6
@         MX    10 mail
_x._tcp   SRV   0 0 80 mail
_y._tcp   SRV   0 0 80 alias
alias     CNAME mail
alias2    CNAME alias
wildcname CNAME foo.wild
*.cw      CNAME mail
dangling  CNAME nope
out       CNAME www.other.net.
circle1   CNAME circle2
circle2   CNAME circle1
intocut   CNAME x.deleg
deleg     NS    ns.deleg
deleg     NS    ns2.deleg
deleg     DS    1 8 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
ns.deleg  A     192.0.2.7
ns.deleg  AAAA  2001:db8::7
dn        DNAME target
a.target  A     192.0.2.8
below.dn  A     192.0.2.10
*.w2      NS    ns
"""


def zone_of(text: str, name: str = "example.org") -> Zone:
    origin = from_text(name)
    found = read_zone(text, "db", origin, lambda path: path)
    assert not found.mistakes
    return Zone(origin, found.records)


ZONE = zone_of(HEAD + CONTENTS)


def nobody(question: Question) -> None:
    """Nobody can be asked about other zones."""


def asked(name: str, rrtype: str, zone: Zone = ZONE) -> Answer:
    answer = zone.find(Question.of(from_text(name), type_number(rrtype)), nobody)
    assert isinstance(answer, Answer)
    return answer


def lines(rrsets: tuple[RRset, ...]) -> list[str]:
    return [
        f"{to_text(one.owner).removesuffix('example.org.') or '@'} {type_text(one.rrtype)} "
        f"{len(one.records)}"
        for one in rrsets
    ]


@pytest.mark.parametrize(
    ("name", "rrtype", "answer", "additional"),
    [
        ("mail.example.org", "A", ["mail. A 1"], []),
        ("mixed.example.org", "A", ["mixed. A 1"], []),
        ("example.org", "MX", ["@ MX 1"], ["mail. A 1", "mail. AAAA 1"]),
        ("_x._tcp.example.org", "SRV", ["_x._tcp. SRV 1"], ["mail. A 1", "mail. AAAA 1"]),
        ("_y._tcp.example.org", "SRV", ["_y._tcp. SRV 1"], []),
        ("foo.wild.example.org", "A", ["foo.wild. A 1"], []),
        ("a.foo.wild.example.org", "A", ["a.foo.wild. A 1"], []),
        ("*.wild.example.org", "A", ["*.wild. A 1"], []),
        ("sub.wild.example.org", "A", ["sub.wild. A 1"], []),
        ("alias.example.org", "A", ["alias. CNAME 1", "mail. A 1"], []),
        ("alias.example.org", "CNAME", ["alias. CNAME 1"], []),
        ("alias2.example.org", "A", ["alias2. CNAME 1", "alias. CNAME 1", "mail. A 1"], []),
        ("wildcname.example.org", "A", ["wildcname. CNAME 1", "foo.wild. A 1"], []),
        ("x.cw.example.org", "A", ["x.cw. CNAME 1", "mail. A 1"], []),
        ("dn.example.org", "DNAME", ["dn. DNAME 1"], []),
        ("a.dn.example.org", "A", ["dn. DNAME 1", "a.dn. CNAME 1", "a.target. A 1"], []),
        ("deleg.example.org", "DS", ["deleg. DS 1"], []),
    ],
)
def test_a_name_that_exists_is_answered(
    name: str, rrtype: str, answer: list[str], additional: list[str]
) -> None:
    found = asked(name, rrtype)

    assert found.rcode == RCode.NOERROR
    assert found.authoritative
    assert lines(found.answer) == answer
    assert lines(found.additional) == additional
    assert lines(found.authority_records) == ["@ NS 2"]
    assert found.depends_on == ()


def test_name_servers_are_answered_with_their_addresses_and_not_said_twice() -> None:
    found = asked("example.org", "NS")

    assert lines(found.answer) == ["@ NS 2"]
    assert lines(found.additional) == ["ns. A 1"]
    assert found.authority_records == ()


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode"),
    [
        ("example.org", "A", RCode.NOERROR),
        ("mail.example.org", "MX", RCode.NOERROR),
        ("mail.example.org", "ANY", RCode.NOERROR),
        ("b.c.example.org", "A", RCode.NOERROR),
        ("_tcp.example.org", "SRV", RCode.NOERROR),
        ("wild.example.org", "A", RCode.NOERROR),
        ("foo.wild.example.org", "MX", RCode.NOERROR),
        ("x.w2.example.org", "A", RCode.NOERROR),
        ("dn.example.org", "A", RCode.NOERROR),
        ("nope.example.org", "A", RCode.NXDOMAIN),
        ("nope.example.org", "ANY", RCode.NXDOMAIN),
        ("x.sub.wild.example.org", "A", RCode.NXDOMAIN),
        ("x.mail.example.org", "A", RCode.NXDOMAIN),
    ],
)
def test_what_is_missing_is_denied_with_the_soa(name: str, rrtype: str, rcode: RCode) -> None:
    found = asked(name, rrtype)

    assert found.rcode == rcode
    assert found.answer == ()
    assert found.authority is ZONE
    assert found.reason is not None
    assert to_text(from_text(name)).rstrip(".") in found.reason.text()


def test_the_soa_of_a_denial_has_the_lower_of_its_ttl_and_its_minimum() -> None:
    question = Question.of(from_text("nope.example.org"), 1)
    query = Query(1, 0, question, None, 40)

    message = dns.message.from_wire(
        say(query, asked("nope.example.org", "A"), None, 0, Manner(stream=False))
    )

    assert [rrset.to_text() for rrset in message.authority] == [
        "example.org. 300 IN SOA ns.example.org. hm.example.org. 7 7200 3600 86400 300"
    ]


def test_a_denial_in_the_root_zone_has_its_soa() -> None:
    zone = zone_of("$TTL 60\n@ SOA a b 1 2 3 4 5\n", ".")
    query = Query(1, 0, Question.of(from_text("x"), 1), None, 40)

    message = dns.message.from_wire(
        say(query, asked("x", "A", zone), None, 0, Manner(stream=False))
    )

    assert str(message.authority[0].name) == "."


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode", "answer"),
    [
        ("alias.example.org", "TXT", RCode.NOERROR, ["alias. CNAME 1"]),
        ("dangling.example.org", "A", RCode.NXDOMAIN, ["dangling. CNAME 1"]),
        ("x.dn.example.org", "A", RCode.NXDOMAIN, ["dn. DNAME 1", "x.dn. CNAME 1"]),
        ("below.dn.example.org", "A", RCode.NXDOMAIN, ["dn. DNAME 1", "below.dn. CNAME 1"]),
    ],
)
def test_an_alias_that_leads_nowhere_is_said_with_the_soa(
    name: str, rrtype: str, rcode: RCode, answer: list[str]
) -> None:
    found = asked(name, rrtype)

    assert found.rcode == rcode
    assert lines(found.answer) == answer
    assert lines(found.authority_records) == ["@ SOA 1"]
    assert found.authority_records[0].ttl == 300


@pytest.mark.parametrize(
    ("name", "rrtype"),
    [
        ("deleg.example.org", "A"),
        ("deleg.example.org", "NS"),
        ("x.y.deleg.example.org", "A"),
        ("ns.deleg.example.org", "A"),
        ("x.deleg.example.org", "DS"),
    ],
)
def test_a_delegation_is_a_referral_with_glue(name: str, rrtype: str) -> None:
    found = asked(name, rrtype)

    assert found.rcode == RCode.NOERROR
    assert not found.authoritative
    assert found.answer == ()
    assert lines(found.authority_records) == ["deleg. NS 2"]
    assert lines(found.additional) == ["ns.deleg. A 1", "ns.deleg. AAAA 1"]


def test_an_alias_may_lead_into_a_delegation() -> None:
    found = asked("intocut.example.org", "A")

    assert found.authoritative
    assert lines(found.answer) == ["intocut. CNAME 1"]
    assert lines(found.authority_records) == ["deleg. NS 2"]


def test_aliases_in_a_circle_are_each_said_once() -> None:
    found = asked("circle1.example.org", "A")

    assert lines(found.answer) == ["circle1. CNAME 1", "circle2. CNAME 1"]
    assert found.reason is not None
    assert "circle" in found.reason.text()


def test_a_long_row_of_aliases_ends() -> None:
    row = "".join(f"a{number} CNAME a{number + 1}\n" for number in range(20))

    found = asked("a0.example.org", "A", zone_of(HEAD + row))

    assert len(found.answer) == 10


def test_a_dname_that_makes_a_name_too_long_is_yxdomain() -> None:
    long = ".".join(["l" * 60] * 3)
    zone = zone_of(f"{HEAD}dn DNAME {long}\n")

    found = asked(f"{'x' * 63}.dn.example.org", "A", zone)

    assert found.rcode == RCode.YXDOMAIN
    assert lines(found.answer) == ["dn. DNAME 1"]


def test_a_dname_at_the_apex_redirects_all_names_below() -> None:
    zone = zone_of(f"{HEAD}@ DNAME example.net.\n")

    assert lines(asked("example.org", "NS", zone).answer) == ["@ NS 2"]
    assert lines(asked("x.y.example.org", "A", zone).answer) == ["@ DNAME 1", "x.y. CNAME 1"]


def outside(answer: Outcome | None) -> Answer:
    found = ZONE.find(Question.of(from_text("out.example.org"), 1), lambda _: answer)
    assert isinstance(found, Answer)
    return found


def test_an_alias_that_leaves_the_zone_is_followed_by_others() -> None:
    there = RRset(from_text("www.other.net"), 1, 5, (b"\xc0\0\2\x63",))

    found = outside(Answer(answer=(there,), depends_on=(("tick",),)))

    assert lines(found.answer) == ["out. CNAME 1", "www.other.net. A 1"]
    assert lines(found.authority_records) == ["@ NS 2"]
    assert found.depends_on == (("tick",),)


def test_what_others_say_is_never_kept_when_they_do_not() -> None:
    assert outside(Answer(depends_on=None)).depends_on is None


def test_an_alias_that_others_deny_is_denied() -> None:
    found = outside(Answer(RCode.NXDOMAIN))

    assert found.rcode == RCode.NXDOMAIN
    assert lines(found.answer) == ["out. CNAME 1"]
    assert lines(found.authority_records) == ["@ SOA 1"]


def test_an_alias_to_a_name_that_others_refuse_is_left_to_the_client() -> None:
    found = outside(Answer(RCode.REFUSED))

    assert found.rcode == RCode.NOERROR
    assert lines(found.answer) == ["out. CNAME 1"]
    assert lines(found.authority_records) == ["@ NS 2"]


def test_an_alias_that_a_dname_makes_is_the_answer_to_who_asks_for_one() -> None:
    zone = zone_of(f"{HEAD}dn DNAME elsewhere\n")

    found = asked("x.dn.example.org", "CNAME", zone)

    assert found.rcode == RCode.NOERROR
    assert lines(found.answer) == ["dn. DNAME 1", "x.dn. CNAME 1"]


def test_others_are_asked_about_a_target_that_has_no_records_if_it_is_passed_on() -> None:
    zone = zone_of(f"{HEAD}out CNAME missing\nempty CNAME b\na.b A 192.0.2.1\n")
    there = Answer(answer=(RRset(from_text("there.example.org"), 1, 5, (b"\xc0\0\2\x63",)),))

    for name in ("out", "empty"):
        asked_for = Question.of(from_text(f"{name}.example.org"), 1)
        found = zone.find(asked_for, lambda _: there, lambda _: True)

        assert isinstance(found, Answer)
        assert lines(found.answer) == [f"{name}. CNAME 1", "there. A 1"]


def test_an_alias_that_others_fail_to_follow_fails() -> None:
    found = outside(Answer(RCode.SERVFAIL))

    assert found.rcode == RCode.SERVFAIL
    assert lines(found.answer) == ["out. CNAME 1"]


def test_an_alias_that_nobody_can_follow_is_left_to_the_client() -> None:
    found = outside(None)

    assert found.rcode == RCode.NOERROR
    assert lines(found.answer) == ["out. CNAME 1"]


async def test_others_may_answer_later() -> None:
    async def later() -> Outcome | None:
        return Answer(RCode.SERVFAIL)

    found = ZONE.find(Question.of(from_text("out.example.org"), 1), lambda _: later())

    assert not isinstance(found, Answer)
    assert (await found).rcode == RCode.SERVFAIL


@pytest.mark.parametrize("rrtype", ["AXFR", "IXFR"])
def test_a_transfer_is_refused_here(rrtype: str) -> None:
    found = asked("example.org", rrtype)

    assert found.rcode == RCode.REFUSED
    assert not found.authoritative


def test_records_of_other_zones_are_left_out_and_counted() -> None:
    zone = zone_of(f"{HEAD}www.other.net. A 192.0.2.1\n")

    assert zone.outside == 1
    assert len(zone) == 3


def test_duplicates_are_dropped_and_the_lowest_ttl_of_a_set_counts() -> None:
    zone = zone_of(f"{HEAD}a 70 A 192.0.2.1\na 60 A 192.0.2.2\nA 80 A 192.0.2.1\n")

    (rrset,) = asked("a.example.org", "A", zone).answer

    assert rrset == RRset(from_text("a.example.org"), 1, 60, (b"\xc0\0\2\1", b"\xc0\0\2\2"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$TTL 5\na A 192.0.2.1", "there is no SOA record for example.org."),
        (f"{HEAD}sub SOA a b 1 2 3 4 5", "found at: example.org., sub.example.org."),
        (f"{HEAD}@ SOA a b 8 2 3 4 5", "one SOA record, at its name"),
    ],
)
def test_a_zone_has_one_soa_at_its_name(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        zone_of(text)


def test_the_contents_begin_with_the_soa_and_are_complete() -> None:
    first, *others = ZONE.rrsets()

    assert first is ZONE.soa
    assert ZONE.serial == 7
    assert sum(len(rrset.records) for rrset in (first, *others)) == len(ZONE) == 32


labels = st.sampled_from(["a", "b", "*", "c"])
owners = st.lists(labels, max_size=3).map(lambda left: ".".join([*left, "example.org."]))


@given(
    st.lists(st.tuples(owners, st.sampled_from(["A 192.0.2.1", "TXT x"])), max_size=8),
    owners,
    st.sampled_from(["A", "TXT"]),
)
def test_existence_and_wildcards_are_those_of_the_standard(
    records: list[tuple[str, str]], name: str, rrtype: str
) -> None:
    """By the words of RFC 1034 section 4.3.2 and RFC 4592 section 3.3.1, over plain sets."""
    zone = zone_of(HEAD + "".join(f"{owner} {rdata}\n" for owner, rdata in records))
    has = {(owner, rdata.partition(" ")[0]) for owner, rdata in records}
    exists = {"example.org."}
    for owner, _ in records:
        above = owner
        while above != "example.org.":
            exists.add(above)
            above = above.partition(".")[2]
    source = name
    while source not in exists:
        source = source.partition(".")[2]
    source = name if source == name else f"*.{source}"

    found = asked(name, rrtype, zone)

    assert found.rcode == (RCode.NOERROR if source in exists else RCode.NXDOMAIN)
    assert bool(found.answer) == ((source, rrtype) in has)
    assert all(rrset.owner == from_text(name) for rrset in found.answer)


def test_the_root_is_a_zone_too() -> None:
    zone = zone_of("$TTL 60\n@ SOA a b 1 2 3 4 5\norg NS ns.org\nns.org A 192.0.2.1\n", ".")

    assert zone.name == ROOT
    assert lines(asked("www.example.org", "A", zone).authority_records) == ["org. NS 1"]
