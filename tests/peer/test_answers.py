"""The same clusters, stanzas and questions to CoreDNS and to svcdns: the same answers.

Where they differ, docs/compatibility.md says so. A fault prints the stanza, the objects, the
question and both responses, and how to run its seed again.
"""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.peer.clusters import Cluster, make_cluster
from tests.peer.comparing import Report, compare
from tests.peer.conftest import seeds
from tests.peer.questions import make_questions
from tests.peer.servers import Background, both
from tests.peer.stanzas import make_stanzas

_log = logging.getLogger("tests.peer")

SEEDS = seeds("1-6")
STANZAS = 8
QUESTIONS = int(os.environ.get("SVCDNS_PEER_QUESTIONS", "300"))


def conclude(report: Report) -> None:
    """Fail if there are faults, else log how much there was to compare."""
    if report.faults:
        pytest.fail(str(report), pytrace=False)
    _log.info(report)


@pytest.mark.parametrize("seed", SEEDS, ids="seed {}".format)
def test_both_servers_say_the_same(
    seed: int, program: str, background: Background, tmp_path: Path
) -> None:
    cluster = make_cluster(seed)
    report = Report(seed)

    with both(background, program, cluster, make_stanzas(seed, STANZAS), tmp_path) as pairs:
        for pair in pairs:
            questions = make_questions(seed, cluster, pair.stanza, QUESTIONS)
            compare(pair, cluster, questions, report)

    conclude(report)


def test_both_servers_say_the_same_before_the_first_lists_are_in(
    program: str, background: Background, tmp_path: Path
) -> None:
    stanzas = [
        replace(stanza, flags=(*stanza.flags, "startup_timeout 100ms"))
        for stanza in make_stanzas(1, STANZAS)
    ]
    nothing = Cluster(())
    report = Report(1)

    with both(background, program, None, stanzas, tmp_path) as pairs:
        for pair in pairs:
            questions = make_questions(1, make_cluster(1), pair.stanza, QUESTIONS // 2)
            compare(pair, nothing, questions, report)

    conclude(report)
