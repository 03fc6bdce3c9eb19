"""The fake and kube-apiserver say the same, word for word, as far as words can be the same.

transcript.json was recorded from kube-apiserver 1.37.2. To record it again:

    SVCDNS_RECORD=1 pytest tests/contract/test_transcript.py -k real
"""

import json
import os
from pathlib import Path

from tests.support.api_server import ApiServer, Cluster
from tests.support.real_api import RealApi
from tests.support.transcript import Entry, record

FILE = Path(__file__).with_name("transcript.json")


def test_the_same_steps_bring_what_was_recorded(api: ApiServer) -> None:
    entries: list[Entry] = []

    async def steps(cluster: Cluster) -> None:
        entries.extend(await record(cluster))

    api.run(steps)

    if isinstance(api, RealApi) and "SVCDNS_RECORD" in os.environ:
        text = json.dumps(entries, indent=1, ensure_ascii=False, sort_keys=True)
        FILE.write_text(f"{text}\n", encoding="utf-8")
    recorded: list[Entry] = json.loads(FILE.read_text(encoding="utf-8"))
    assert [one["asked"] for one in entries] == [one["asked"] for one in recorded]
    for entry, before in zip(entries, recorded, strict=True):
        assert entry == before, entry["asked"]
