"""Ask both servers the same questions and tell apart what is explained and what is a fault."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import dns.exception

from tests.peer.asking import Response, ask_datagrams, ask_stream
from tests.peer.case import AskThem, Case
from tests.peer.clusters import Cluster, Document
from tests.peer.differences import explain
from tests.peer.questions import Ask, Labels
from tests.peer.replies import Reply, differs, read_reply, unreadable
from tests.peer.servers import Pair
from tests.peer.wire_differences import explain_cut, explain_edns

_PATIENCE_SECONDS = 2.0
_SHOWN_FAULTS = 5
_SHOWN_OBJECTS = 25


@dataclass
class Report:
    """What came of many questions."""

    seed: int
    questions: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    """How often a row of the document was the reason of a difference."""
    faults: list[Case] = field(default_factory=list)

    def __str__(self) -> str:
        rows = (f"  {count:5}  {row}" for row, count in self.explained.most_common())
        head = f"seed {self.seed}: {self.questions} questions, {len(self.faults)} faults"
        again = f"again: SVCDNS_PEER_SEEDS={self.seed} make test ARGS=tests/peer"
        faults = map(_told, islice(self.faults, _SHOWN_FAULTS))
        return "\n".join((head, "differences that are documented:", *rows, *faults, again))


Explain = Callable[[Case], list[str] | None]
"""Return the rows that explain a case; None if they do not suffice."""


def _explain_opt(case: Case) -> list[str] | None:
    if case.theirs is None or case.ours is None:
        return []
    return explain_edns(case.theirs.edns, case.ours.edns)


def cut_rows(case: Case) -> list[str] | None:
    """Return the rows that explain how responses are cut; None if they do not suffice."""
    size = min(case.asked.udp_size, case.stanza.udp_limit)
    return explain_cut(case.theirs, case.ours, size)


class Explanations(NamedTuple):
    """How differences may be explained."""

    of_content: Explain = explain
    of_opt: Explain = _explain_opt
    of_cuts: Explain = cut_rows


KUBERNETES = Explanations()


def compare(
    pair: Pair,
    cluster: Cluster,
    questions: Sequence[Ask],
    report: Report,
    explanations: Explanations = KUBERNETES,
) -> None:
    """Ask both servers of a stanza; add what differs to the report."""
    report.questions += len(questions)
    ask_them = _them(pair.theirs)
    for asked, theirs, ours in _outcomes(pair, questions):
        case = Case(cluster, pair, asked, theirs, ours, ask_them)
        whole = _whole(case)
        if differs(whole.theirs, whole.ours, pair.stanza.slack):
            rows = explanations.of_content(whole)
            if rows is None and None in (whole.theirs, whole.ours):
                whole = _patiently(whole)
                rows = (
                    explanations.of_content(whole)
                    if differs(whole.theirs, whole.ours, pair.stanza.slack)
                    else []
                )
            _note(report, rows, whole)
        elif whole is not case:
            _note(report, explanations.of_cuts(case), case)
        if whole.ours is not None and whole.theirs is not None and whole.theirs.is_readable:
            _note(report, explanations.of_opt(whole), whole)


def _whole(case: Case) -> Case:
    """Return the case as it is over TCP if one of the responses was cut, else as it is."""
    if not any(one is not None and one.is_truncated for one in (case.theirs, case.ours)):
        return case
    ports = (case.pair.theirs, case.pair.ours)
    theirs, ours = (read(ask_stream(port, [case.asked.wire(0)])[0]) for port in ports)
    return replace(case, theirs=theirs, ours=ours)


def _patiently(case: Case) -> Case:
    """Return the case as it is for a client that waits: a machine may be busy."""
    ports = (case.pair.theirs, case.pair.ours)
    answers = ask_datagrams(ports, [case.asked.wire(0)], _PATIENCE_SECONDS)
    return replace(case, theirs=read(answers[0][0]), ours=read(answers[1][0]))


def _note(report: Report, rows: Sequence[str] | None, case: Case) -> None:
    if rows is None:
        report.faults.append(case)
    else:
        report.explained.update(rows)


def _outcomes(
    pair: Pair, questions: Sequence[Ask]
) -> Iterator[tuple[Ask, Reply | None, Reply | None]]:
    ports = (pair.theirs, pair.ours)
    for stream in (False, True):
        asked = [one for one in questions if one.stream is stream]
        messages = [one.wire(0) for one in asked]
        if stream:
            theirs, ours = (ask_stream(port, messages) for port in ports)
        else:
            theirs, ours = ask_datagrams(ports, messages)
        yield from zip(asked, map(read, theirs), map(read, ours), strict=True)


def read(response: Response) -> Reply | None:
    """Return what a response says; None if there was none."""
    if response.octets is None:
        return None
    try:
        return read_reply(response.octets, response.client_port)
    except dns.exception.DNSException:
        return unreadable(response.octets)


def _them(port: int) -> AskThem:
    """Return how to ask CoreDNS further questions; each is asked once."""
    known: dict[tuple[Labels, int], Reply | None] = {}

    def ask(labels: Labels, rrtype: int) -> Reply | None:
        if (labels, rrtype) not in known:
            message = Ask(labels, rrtype).wire(0)
            ((response,),) = ask_datagrams([port], [message], _PATIENCE_SECONDS)
            known[labels, rrtype] = read(response)
        return known[labels, rrtype]

    return ask


def _told(case: Case) -> str:
    stanza = case.pair.stanza.corefile(53).rstrip()
    objects = islice(_concerned(case), _SHOWN_OBJECTS)
    lines = (json.dumps(one, separators=(",", ":")) for one in objects)
    return "\n".join(
        (f"\n--- {case.asked}", stanza, *lines, f"CoreDNS: {case.theirs}", f"svcdns: {case.ours}")
    )


def _concerned(case: Case) -> Iterator[Document]:
    """Yield the objects that a question is about: by key, by address, by namespace."""
    names = set(case.name)
    for one in case.cluster.objects:
        metadata = one["metadata"]
        labels = (metadata.get("labels") or {}).values()
        by_name = metadata["name"] in names or any(label in names for label in labels)
        by_address = case.address and f'"{case.address}"' in json.dumps(one)
        if by_address or (by_name and metadata.get("namespace", metadata["name"]) in names):
            yield one
