import socket

import pytest

from svcdns.plugins.nsid import DIRECTIVE, build
from svcdns.wire.edns import Edns, read_options
from svcdns.wire.question import Query
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.stubs import question


def query(*, nsid: bool) -> Query:
    return Query(1, 0, question("www.example."), Edns(1232, 0, dnssec_ok=False, nsid=nsid), 40)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("nsid", socket.gethostname()),
        ("nsid node-1", "node-1"),
        ("nsid my  server", "my server"),
        ('nsid "my  server"', "my  server"),
    ],
)
def test_who_asks_is_told(text: str, data: str) -> None:
    option = build(settings_of(DIRECTIVE, text), FixedScope()).option
    assert option is not None

    assert list(read_options(option(query(nsid=True)))) == [(3, data.encode())]
    assert option(query(nsid=False)) == b""
    assert option(query(nsid=True)._replace(edns=None)) == b""


def test_a_long_name_is_a_mistake() -> None:
    assert problems_of(DIRECTIVE, f"nsid {'x' * 256}") == [
        (f"<{'x' * 256}> nsid: longer than 255 octets", "shorten it")
    ]


def test_a_second_stanza_is_a_mistake() -> None:
    problem, _ = problems_of(DIRECTIVE, "nsid a\nnsid b")[0]

    assert "this plugin can only be used once per Server Block" in problem
