"""The same Corefiles, upstreams and questions to CoreDNS and to svcdns: the same answers.

What `forward` asks is compared too. Where the two differ, docs/compatibility.md says so.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.peer.clusters import Cluster
from tests.peer.comparing import Report, compare
from tests.peer.conftest import seeds
from tests.peer.directive_differences import explain
from tests.peer.servers import ADDRESS, Background, both
from tests.peer.written import Written, make_asks
from tests.peer.written_forward import CACHE, FORWARD
from tests.peer.written_local import FILE, FILES, HOST_FILES
from tests.peer.written_rewrite import REWRITE
from tests.peer.written_small import SMALL
from tests.peer.written_template import TEMPLATE

_log = logging.getLogger("tests.peer")

QUESTIONS = 100
_CLOSED = f"{ADDRESS}:1"
"""An address where nobody listens."""


@pytest.mark.parametrize("seed", seeds("1"), ids="seed {}".format)
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
    blocks: Sequence[Written], seed: int, program: str, background: Background, tmp_path: Path
) -> None:
    report = Report(seed)
    nothing = Cluster(())
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="ascii")

    with background.upstreams() as (theirs, _), background.upstreams() as (ours, _):
        always = {"@closed": _CLOSED, "@folder": str(tmp_path)}
        words = ({**theirs, **always}, {**ours, **always})
        with both(background, program, None, blocks, tmp_path, words) as pairs:
            for pair in pairs:
                compare(pair, nothing, make_asks(seed, pair.stanza, QUESTIONS), report, explain)

    if report.faults:
        pytest.fail(str(report), pytrace=False)
    _log.info(report)
