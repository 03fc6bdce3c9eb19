"""Odd and malformed messages to CoreDNS and to svcdns, over UDP and TCP: the same reaction."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.peer.asking import Response, ask_datagrams, ask_stream
from tests.peer.clusters import make_cluster
from tests.peer.comparing import read
from tests.peer.conftest import seeds
from tests.peer.messages import WEB, garbage, odd_messages
from tests.peer.questions import Ask
from tests.peer.servers import Background, Pair, both
from tests.peer.stanzas import Stanza
from tests.peer.wire_differences import Exchange, explain_exchange

_log = logging.getLogger("tests.peer")


@pytest.fixture(scope="module")
def pair(
    program: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Both servers with a plain stanza."""
    folder = tmp_path_factory.mktemp("messages")
    with both(background, program, make_cluster(1), [Stanza()], folder) as pairs:
        yield pairs[0]


def ask(pair: Pair, messages: Sequence[bytes], *, stream: bool) -> Iterator[Exchange]:
    ports = (pair.theirs, pair.ours)
    answers: list[list[Response]]
    if stream:
        answers = [[ask_alone(port, one) for one in messages] for port in ports]
    else:
        answers = ask_datagrams(ports, messages)
    for octets, theirs, ours in zip(messages, *answers, strict=True):
        yield Exchange(octets, read(theirs), read(ours), stream)


def ask_alone(port: int, message: bytes) -> Response:
    """Ask over a connection of its own, which has to be of use afterwards."""
    response, after = ask_stream(port, [message, Ask(WEB, 1).wire(0)])
    assert after.octets is not None, f"{port} ended the connection after {message.hex()}"
    return response


def check(titles: Sequence[str], exchanges: Iterator[Exchange]) -> None:
    explained: Counter[str] = Counter()
    faults = []
    for title, one in zip(titles, exchanges, strict=True):
        rows = explain_exchange(one)
        explained.update(rows or ())
        if rows is None:
            faults.append(
                f"--- {title}: {one.octets.hex()}\nCoreDNS: {one.theirs}\nsvcdns: {one.ours}"
            )
    _log.info("%d messages, differences that are documented: %s", len(titles), dict(explained))
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.mark.parametrize("stream", [False, True], ids=["udp", "tcp"])
def test_odd_messages_are_treated_alike(pair: Pair, stream: bool) -> None:  # noqa: FBT001
    messages = odd_messages()

    check(list(messages), ask(pair, list(messages.values()), stream=stream))


@pytest.mark.parametrize("seed", seeds("1"), ids="seed {}".format)
def test_messages_with_octets_changed_are_treated_alike(pair: Pair, seed: int) -> None:
    messages = garbage(seed, 1000)

    check([f"seed {seed}"] * len(messages), ask(pair, messages, stream=False))
