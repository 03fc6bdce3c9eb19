"""CoreDNS beside svcdns: one event loop for the servers of all these tests.

`SVCDNS_PEER_SEEDS=7` runs only that seed; `7,9` and `100-119` are several. With
`SVCDNS_PEER_QUESTIONS=50` each stanza is asked so many questions.
"""

import os
from collections.abc import Iterator

import pytest

from tests.peer.servers import Background, require_coredns


@pytest.fixture(scope="session")
def program() -> str:
    """The path of CoreDNS; without it the test skips and says what to do."""
    return require_coredns()


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    """Where the fake API server and svcdns run."""
    with Background() as running:
        yield running


def seeds(default: str) -> list[int]:
    """Return the seeds to run, from the environment if it names some."""
    found: list[int] = []
    for part in os.environ.get("SVCDNS_PEER_SEEDS", default).split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
