"""Stories of a cluster and what it answers, with the sentence of the standard they check.

A file begins with comments: what it is about, and the sentence. Then sections:

    -- corefile --      one server block
    -- local --         addresses this server is reached at
    -- elsewhere --     NAME ADDRESS, known to other servers
    -- cluster --       objects, see `tests.support.cluster_text`; what follows a colon is a note
    -- not synced --    the first lists are not in yet; `-- synced --` ends it
    -- then --          questions

A question is `query NAME TYPE -> RCODE [aa] [soa ZONE] [ttl SECONDS] [RECORD, RECORD...]`, or
`-> passed on`. A record is RDATA, or TYPE and RDATA if the type is not the one asked for.
Indented lines below say more: `additional OWNER TYPE RDATA`, `why SENTENCE` (a part of it).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cluster_text import events_of
from tests.support.replies import Reply
from tests.support.world import World

FILES = sorted(Path(__file__).parent.glob("*.txt"))
SECTION = re.compile(r"^-- (?P<kind>[a-z ]+)(?:: .*)? --$")


class Section(NamedTuple):
    """Lines below one heading, with the number of the first."""

    kind: str
    lines: list[tuple[int, str]]


class Query(NamedTuple):
    """One question and what is expected."""

    name: str
    rrtype: str
    words: list[str]
    further: list[str]


def sections_of(text: str) -> list[Section]:
    sections: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        heading = SECTION.match(line)
        if heading:
            sections.append(Section(heading["kind"], []))
        elif line.strip() and not line.startswith("#"):
            assert sections, f"line {number} stands before the first section"
            sections[-1].lines.append((number, line))
    return sections


def queries_of(section: Section) -> Iterator[tuple[int, Query]]:
    pending: tuple[int, Query] | None = None
    for number, line in section.lines:
        if line.startswith(" "):
            assert pending is not None, f"line {number} belongs to no query"
            pending[1].further.append(line.strip())
            continue
        if pending is not None:
            yield pending
        asked, _, expected = line.partition("->")
        verb, name, rrtype = asked.split()
        assert verb == "query", f"line {number} is no query"
        pending = (number, Query(name, rrtype, expected.split(), []))
    if pending is not None:
        yield pending


def check(query: Query, reply: Reply | None) -> None:
    words = list(query.words)
    if words == ["passed", "on"]:
        assert reply is None
        return
    assert reply is not None
    assert reply.rcode == words.pop(0), reply.why
    ttl = ""
    while words and words[0] in ("aa", "soa", "ttl"):
        word = words.pop(0)
        if word == "aa":
            assert reply.authoritative
        elif word == "soa":
            assert reply.soa == f"{words.pop(0)}."
        else:
            ttl = words.pop(0)
    listed = [record for record in " ".join(words).split(", ") if record]
    expected = sorted(
        record if _has_type(record) else f"{query.rrtype} {record}" for record in listed
    )
    assert sorted(line.split(maxsplit=2)[2] for line in reply.answer) == expected
    if ttl:
        assert {line.split()[1] for line in reply.answer} == {ttl}
    for line in query.further:
        kind, rest = line.split(maxsplit=1)
        if kind == "why":
            assert rest in reply.why
        else:
            assert kind == "additional"
            owner, record = rest.split(maxsplit=1)
            found = [one.split(maxsplit=2) for one in reply.additional]
            assert [owner, record] in [[one[0], one[2]] for one in found]


def _has_type(record: str) -> bool:
    return record.startswith(("A ", "AAAA ", "CNAME "))


def run(sections: list[Section]) -> int:
    """Play one story; return how many questions were asked."""
    written = {section.kind: [line for _, line in section.lines] for section in sections}
    world = World("\n".join(written["corefile"]), local=written.get("local", ()))
    for line in written.get("elsewhere", ()):
        world.publish_elsewhere(*line.split())
    asked = 0
    for section in sections:
        if section.kind in ("not synced", "synced"):
            world.state.synced = section.kind == "synced"
        elif section.kind == "cluster":
            world.apply(events_of(line for _, line in section.lines))
        elif section.kind == "then":
            for number, query in queries_of(section):
                asked += 1
                try:
                    check(query, world.ask(query.name, query.rrtype))
                except AssertionError as error:
                    error.add_note(f"line {number}: {query.name} {query.rrtype}")
                    raise
        else:
            assert section.kind in ("corefile", "local", "elsewhere"), section.kind
    return asked


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_story_is_true(file: Path) -> None:
    assert run(sections_of(file.read_text())) > 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_story_says_what_it_checks(file: Path) -> None:
    head = file.read_text().split("\n-- ")[0]

    assert head.startswith("# ")
    assert re.search(r"specification \d|CoreDNS|RFC \d+", head)


@pytest.mark.parametrize(
    "wrong",
    [
        "NXDOMAIN aa",
        "NOERROR aa 10.96.4.8",
        "NOERROR aa 10.96.4.7, 10.96.4.8",
        "NOERROR aa",
        "NOERROR ttl 6 10.96.4.7",
        "NOERROR soa cluster.local 10.96.4.7",
        "NOERROR AAAA 10.96.4.7",
        "NOERROR 10.96.4.7\n    why because",
        "NOERROR 10.96.4.7\n    additional x. A 10.96.4.7",
        "passed on",
    ],
)
def test_a_story_that_is_not_true_is_found_out(wrong: str) -> None:
    text = (
        "-- corefile --\ncluster.local {\n    kubernetes\n}\n"
        "-- cluster --\nService shop/web 10.96.4.7 port http/TCP 80\n"
        f"-- then --\nquery web.shop.svc.cluster.local A -> {wrong}\n"
    )

    with pytest.raises(AssertionError):
        run(sections_of(text))
