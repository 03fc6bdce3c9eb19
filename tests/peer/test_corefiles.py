"""The same Corefiles, upstreams and questions to CoreDNS and to svcdns: the same answers.

With `kubernetes`, the same cluster too. Where the two differ, docs/compatibility.md says so.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dns.rdatatype
import pytest

from svcdns.wire.question import Query
from tests.peer import differences
from tests.peer.asking import ask_datagrams
from tests.peer.case import Case
from tests.peer.clusters import Cluster, Document
from tests.peer.comparing import Report, compare, read
from tests.peer.conftest import seeds
from tests.peer.directive_differences import FORWARDED, explain_content
from tests.peer.questions import Ask, opt
from tests.peer.servers import ADDRESS, Background, both
from tests.peer.stanzas import Stanza
from tests.peer.stanzas_beside import (
    BESIDE,
    HERE,
    RESOLV_CONF,
    make_cluster_with_client,
    make_mixed,
)
from tests.peer.upstream import BEHAVIOURS, Upstream
from tests.peer.written import Written, make_asks
from tests.peer.written_forward import CACHE, CHOOSING, FORWARD
from tests.peer.written_local import FILE, FILES, HOST_FILES
from tests.peer.written_rewrite import REWRITE
from tests.peer.written_small import SMALL
from tests.peer.written_template import TEMPLATE
from tests.support.process import free_port

_log = logging.getLogger("tests.peer")

QUESTIONS = 150
_CLOSED = f"{ADDRESS}:1"
"""An address where nobody listens."""
Words = tuple[Mapping[str, str], Mapping[str, str]]

every_seed = pytest.mark.parametrize("seed", seeds("1-2"), ids="seed {}".format)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files are that the Corefiles name."""
    for name, text in {**FILES, "resolv.conf": RESOLV_CONF}.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    return tmp_path


@contextmanager
def two_upstreams(
    background: Background, folder: Path
) -> Iterator[tuple[Words, tuple[Mapping[str, Upstream], Mapping[str, Upstream]]]]:
    """Serve the same upstreams twice; yield the words for them, and the servers."""
    always = {"@closed": _CLOSED, "@folder": str(folder)}
    with background.upstreams() as (theirs, their), background.upstreams() as (ours, our):
        yield ({**theirs, **always}, {**ours, **always}), (their, our)


def explain_beside(case: Case) -> list[str] | None:
    """Return the row that explains what is said where `kubernetes` has its say."""
    return explain_content(case) or differences.explain(as_in_the_cluster(case))


def as_in_the_cluster(case: Case) -> Case:
    """Return a case about a name that a rule makes a Service's as one about that Service."""
    if case.name[-1:] != (HERE,) or case.theirs is None or case.ours is None:
        return case
    labels = (*case.asked.labels[:-1], b"svc", b"cluster", b"local")
    asked = case.asked._replace(labels=labels)
    theirs, ours = (
        replace(
            reply,
            question=asked.question,
            answer=tuple(
                line.replace(f".{HERE}. ", ".svc.cluster.local. ") for line in reply.answer
            ),
        )
        for reply in (case.theirs, case.ours)
    )
    return replace(case, asked=asked, theirs=theirs, ours=ours)


def conclude(report: Report) -> None:
    """Fail if there are faults, else log how much there was to compare."""
    if report.faults:
        pytest.fail(str(report), pytrace=False)
    _log.info(report)


@every_seed
@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(FORWARD, id="forward"),
        pytest.param(CACHE, id="cache"),
        pytest.param(REWRITE, id="rewrite"),
        pytest.param(TEMPLATE, id="template"),
        pytest.param(FILE, id="file"),
        pytest.param(HOST_FILES, id="hosts"),
        pytest.param(SMALL, id="small"),
    ],
)
def test_both_servers_say_the_same(
    blocks: Sequence[Written], seed: int, program: str, background: Background, folder: Path
) -> None:
    report = Report(seed)

    with (
        two_upstreams(background, folder) as (words, _),
        both(background, program, None, blocks, folder, words) as pairs,
    ):
        for block, pair in zip(blocks, pairs, strict=True):
            asks = make_asks(seed, block, QUESTIONS)
            compare(pair, Cluster(()), asks, report, FORWARDED)

    conclude(report)


@every_seed
def test_both_servers_say_the_same_about_a_cluster(
    seed: int, program: str, background: Background, folder: Path
) -> None:
    report = Report(seed)
    cluster = make_cluster_with_client(seed)

    with (
        two_upstreams(background, folder) as (words, _),
        both(background, program, cluster, BESIDE, folder, words) as pairs,
    ):
        for pair in pairs:
            asks = make_mixed(seed, cluster, pair.stanza, 2 * QUESTIONS)
            compare(pair, cluster, asks, report, FORWARDED._replace(of_content=explain_beside))

    conclude(report)


@pytest.mark.parametrize("block", CHOOSING, ids=lambda block: block.title)
def test_both_servers_ask_the_same(
    block: Written, program: str, background: Background, folder: Path
) -> None:
    # What is cut is asked for again by one of them, so the others would be asked for less.
    asks = [one for one in make_asks(1, block, QUESTIONS) if not {b"big", b"many"} & {*one.lower}]

    with two_upstreams(background, folder) as (words, (theirs, ours)):
        with both(background, program, None, [block], folder, words) as (pair,):
            ask_datagrams((pair.theirs, pair.ours), [one.wire(0) for one in asks])
        unlike = {
            word: ours[word].asked.keys() ^ upstream.asked.keys()
            for word, upstream in theirs.items()
        }

    assert not any(unlike.values()), unlike
    assert any(upstream.asked for upstream in theirs.values())


STALE = (
    "serve_stale",
    "serve_stale 1h immediate",
    "serve_stale 1h verify",
    "serve_stale 1s",
    "servfail 0",
    "keepttl",
    "prefetch 1 1m 90%",
)


def test_both_caches_say_the_same_while_time_goes_by(
    program: str, background: Background, folder: Path
) -> None:
    blocks = [
        Written(lines=f"cache {{\n success 2000 1 1\n denial 2000 1 1\n {option}\n}}\n{forward}")
        for forward in ("forward . @honest",)
        for option in STALE
    ]
    names = [("www", "test"), ("alias", "test"), ("nx", "test"), ("nodata", "test")]
    asks = [Ask(tuple(label.encode() for label in name), 1, opt=opt()) for name in names]
    report = Report(1)

    with (
        two_upstreams(background, folder) as (words, servers),
        both(background, program, None, blocks, folder, words) as pairs,
    ):
        for behaviour, seconds in (("@honest", 1.3), ("@servfail", 0.3), ("@servfail", 1.3)):
            for each in servers:
                each["@honest"].behaviour = BEHAVIOURS[behaviour]
            for pair in pairs:
                compare(pair, Cluster(()), asks, report, FORWARDED)
            time.sleep(seconds)

    conclude(report)


def test_both_ask_again_before_an_answer_is_too_old(
    program: str, background: Background, folder: Path
) -> None:
    block = Written(lines="cache {\n success 2000 10 10\n prefetch 1 1m 90%\n}\nforward . @honest")
    message = Ask((b"www", b"test"), 1).wire(0)

    with (
        two_upstreams(background, folder) as (words, servers),
        both(background, program, None, [block], folder, words) as (pair,),
    ):
        counts = []
        for seconds in (1.3, 0.3, 0.3):
            ask_datagrams((pair.theirs, pair.ours), [message])
            time.sleep(seconds)
            counts.append([each["@honest"].asked["www.test.", "A"] for each in servers])

    assert counts == [[1, 1], [2, 2], [2, 2]]


CIRCLE = ("ring.ops.svc.cluster.local", "gnir.ops.svc.other.test")


def external_name(name: str, target: str) -> Document:
    metadata = {"name": name, "namespace": "ops", "resourceVersion": "1", "labels": {}}
    spec = {"type": "ExternalName", "externalName": target}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("rrtype", ["A", "AAAA", "CNAME", "SRV", "TXT", "ANY"])
def test_a_circle_through_two_zones_of_which_coredns_would_die_ends(
    rrtype: str, background: Background
) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops", "labels": {}}}
    there, back = CIRCLE
    cluster = Cluster((space, external_name("ring", back), external_name("gnir", there)))
    stanza = Stanza((".",), ("cluster.local", "other.test"), beside=("cache", "loadbalance"))
    port = free_port(ADDRESS)
    number = int(dns.rdatatype.from_text(rrtype))
    asks = [Ask(tuple(label.encode() for label in name.split(".")), number) for name in CIRCLE]

    bugs: list[tuple[Exception, Query]] = []
    with background.svcdns(cluster, stanza.corefile(port), bugs):
        (responses,) = ask_datagrams([port], [one.wire(0) for one in asks])

    assert not bugs
    for reply in map(read, responses):
        assert reply is not None
        assert reply.rcode == "NOERROR"
        assert len(reply.answer) == len(set(reply.answer)) <= 2
