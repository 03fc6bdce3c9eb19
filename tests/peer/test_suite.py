"""What the comparison itself promises; this needs no CoreDNS."""

import re
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rdatatype
import pytest

from tests.peer import directive_differences, servers
from tests.peer.api import requirements_of, select
from tests.peer.case import Case
from tests.peer.clusters import make_cluster
from tests.peer.differences import DIFFERENCES, explain
from tests.peer.directive_differences import CUT_BY_UPSTREAM, OPT_DIFFERENCES
from tests.peer.questions import TYPES, Ask, make_questions
from tests.peer.replies import IGNORED, Reply, differs, read_reply
from tests.peer.servers import Pair
from tests.peer.stanzas import Stanza, make_stanzas
from tests.peer.wire_differences import ROWS, explain_cut
from tests.peer.written import Written
from tests.peer.written_forward import CACHE, FORWARD
from tests.peer.written_local import FILE, HOST_FILES
from tests.peer.written_rewrite import REWRITE
from tests.peer.written_small import SMALL
from tests.support.tree import ROOT

SEEDS = range(1, 7)
STANZAS = [stanza for seed in SEEDS for stanza in make_stanzas(seed, 8)]
SOA = ("cluster.local. 5 IN SOA …",)


def reply(rcode: str, *answer: str, question: bytes = b"") -> Reply:
    authority = () if answer else SOA
    return Reply(rcode, "QR AA RD", question, answer, authority, (), True, None, 90)


def case(name: str, rrtype: str, theirs: Reply, ours: Reply, others: Reply) -> Case:
    """Return a case in which CoreDNS says `others` to every further question."""
    number = int(dns.rdatatype.from_text(rrtype))
    asked = Ask(tuple(label.encode() for label in name.split(".")), number)
    ours = replace(ours, question=asked.question)
    return Case(make_cluster(1), Pair(Stanza(), 0, 0), asked, theirs, ours, lambda *_: others)


def test_every_difference_that_is_allowed_is_a_row_of_the_document() -> None:
    text = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    listed = (*DIFFERENCES, *directive_differences.DIFFERENCES, *OPT_DIFFERENCES)
    allowed = {*ROWS, *IGNORED, CUT_BY_UPSTREAM, *(one.row for one in listed)}

    assert {one for one in allowed if not any(row.startswith(one) for row in rows)} == set()


@pytest.mark.parametrize(
    ("name", "rrtype"),
    [
        ("web.shop.svc.cluster.local", "A"),
        ("10-244-0-1.web.shop.svc.cluster.local", "A"),
        ("10-244-0-1.shop.pod.cluster.local", "A"),
        ("_http._tcp.web.shop.svc.cluster.local", "SRV"),
        ("1.0.96.10.in-addr.arpa", "PTR"),
        ("cluster.local", "NS"),
        ("dns-version.cluster.local", "TXT"),
    ],
)
def test_other_records_are_a_fault(name: str, rrtype: str) -> None:
    theirs, ours = reply("NOERROR", "x. 5 IN A 10.0.0.1"), reply("NOERROR", "x. 5 IN A 10.0.0.2")

    assert differs(theirs, ours)
    assert explain(case(name, rrtype, theirs, ours, others=theirs)) is None


@pytest.mark.parametrize("name", ["web.shop.svc", "x.web.shop.svc", "x.shop.pod", "shop.svc", "x"])
@pytest.mark.parametrize("rrtype", ["A", "SRV", "TXT", "PTR", "NS"])
def test_a_name_that_is_there_for_one_of_them_only_is_a_fault(name: str, rrtype: str) -> None:
    missing, there = reply("NXDOMAIN"), reply("NOERROR")

    one = case(f"{name}.cluster.local", rrtype, missing, there, others=missing)
    other = case(f"{name}.cluster.local", rrtype, there, missing, others=there)

    assert explain(one) is None
    assert explain(other) is None


def test_no_response_is_a_fault() -> None:
    answer = reply("NOERROR", "x. 5 IN A 10.0.0.1")
    asked = case("web.shop.svc.cluster.local", "A", answer, answer, others=answer)

    assert explain(replace(asked, ours=None)) is None
    assert explain(replace(asked, theirs=None)) is None


def test_a_response_that_is_cut_too_early_is_a_fault() -> None:
    whole = replace(reply("NOERROR", "x. 5 IN A 10.0.0.1"), size=1300)
    cut = replace(whole, flags="QR AA TC RD", size=1230)

    assert explain_cut(whole, cut, 4096)
    assert explain_cut(cut, replace(cut, size=700), 4096) is None
    assert explain_cut(whole, replace(cut, size=500), 512) is None
    assert explain_cut(cut, whole, 4096) is None


def test_a_response_is_read_without_what_nobody_promises() -> None:
    text = "id 1\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;QUESTION\nWeb.x. IN SRV\n"
    lines = ["Web.x. 5 IN SRV 0 50 80 b.Web.X.", "Web.x. 5 IN SRV 0 50 80 a.x."]
    forth, back = (
        dns.message.from_text(text + ";ANSWER\n" + "\n".join(order)).to_wire()
        for order in (lines, lines[::-1])
    )

    assert not differs(read_reply(forth, 1), read_reply(back, 1))
    assert read_reply(forth, 1).answer == (
        "web.x. 5 IN SRV 0 50 80 a.x.",
        "web.x. 5 IN SRV 0 50 80 b.web.x.",
    )


def test_every_option_is_tried() -> None:
    flags = {flag for stanza in STANZAS for flag in stanza.flags}

    assert flags == {"endpoint_pod_names", "zonal", "noendpoints", "ignore empty_service"}
    assert {stanza.pods for stanza in STANZAS} == {"", "disabled", "insecure", "verified"}
    assert {stanza.ttl for stanza in STANZAS} >= {None, 0, 5, 3600}
    for option in ("namespaces", "namespace_labels", "labels", "fallthrough", "beside"):
        assert len({getattr(stanza, option) for stanza in STANZAS}) > 2, option


@pytest.mark.parametrize("block", [*FORWARD, *CACHE, *REWRITE, *FILE, *HOST_FILES, *SMALL])
def test_other_records_are_a_fault_whatever_directives_there_are(block: Written) -> None:
    theirs, ours = reply("NOERROR", "x. 5 IN A 10.0.0.1"), reply("NOERROR", "x. 5 IN A 10.0.0.2")
    asked = replace(case("www.test", "A", theirs, ours, others=theirs), pair=Pair(block, 0, 0))

    assert directive_differences.explain_content(asked) is None
    assert directive_differences.explain_content(replace(asked, ours=reply("NXDOMAIN"))) is None
    assert directive_differences.explain_content(replace(asked, theirs=None)) is None


def test_ttls_may_differ_a_little_where_they_grow_old() -> None:
    fresh, old = (reply("NOERROR", f"x. {ttl} IN A 10.0.0.1") for ttl in (30, 28))
    none = reply("NOERROR", "x. 0 IN A 10.0.0.1")

    assert differs(fresh, old)
    assert not differs(fresh, old, slack=3)
    assert differs(old, none, slack=60)


def test_every_type_is_asked() -> None:
    cluster = make_cluster(1)
    asked = {one.rrtype for one in make_questions(1, cluster, Stanza(), 2000)}

    assert asked == {int(dns.rdatatype.from_text(name)) for name in TYPES}


def test_a_seed_gives_the_same_every_time() -> None:
    first, second = make_cluster(7), make_cluster(7)

    assert first.objects == second.objects
    assert make_questions(7, first, Stanza(), 50) == make_questions(7, second, Stanza(), 50)
    assert make_cluster(8).objects != first.objects


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("", "a b c"),
        ("app", "a b"),
        ("!app", "c"),
        ("app=web", "a"),
        ("app==web,tier", ""),
        ("app!=web", "b c"),
        ("app in (db,web),tier in (back)", "b"),
        ("app notin (db)", "a c"),
    ],
)
def test_the_api_server_knows_label_selectors(selector: str, names: str) -> None:
    labels = {"a": {"app": "web"}, "b": {"app": "db", "tier": "back"}, "c": {}}
    items = [{"metadata": {"name": name, "labels": found}} for name, found in labels.items()]

    assert [one["metadata"]["name"] for one in select(items, selector, "")] == names.split()


def test_the_api_server_knows_field_selectors() -> None:
    pods = [{"metadata": {}, "status": {"phase": phase}} for phase in ("Running", "Failed")]

    assert select(pods, "", "status.phase!=Failed,status.phase!=Unknown") == pods[:1]


def test_a_selector_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no label selector"):
        requirements_of("app web")


def test_without_coredns_a_test_skips_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(pytest.skip.Exception, match="`make coredns` builds it"):
        servers.require_coredns()


def test_another_version_of_coredns_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ".cache/bin/coredns"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho CoreDNS-1.9.3\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(servers, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert servers.find_coredns() == (
        "",
        f"{program} is CoreDNS-1.9.3, not CoreDNS-1.15.0; `make coredns` builds that",
    )
