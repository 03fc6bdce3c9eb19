"""A port is free, held by us, by whom we replace, or by somebody else."""

import socket
from collections.abc import Iterator

import pytest

from svcdns.app import doctor_ports
from svcdns.app.build import plans_of
from svcdns.app.doctor_finding import Level
from svcdns.app.doctor_ports import Port, look, look_at_wanted, of_proxy, wanted
from svcdns.app.files import examine_text
from svcdns.route.compile import Plan
from svcdns.server.holders import Holder

COREFILE = """\
.:1053 {
    health :1080
    ready 127.0.0.1:1081
    prometheus :1053
    whoami
}
a.example {
    prometheus :1053
    whoami
}
"""


def plans(text: str = COREFILE) -> tuple[Plan, ...]:
    return plans_of(examine_text(text, "Corefile", {}))


@pytest.fixture
def held() -> Iterator[int]:
    """A port that this process has."""
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        yield stream.getsockname()[1]


def test_every_port_of_a_corefile_is_wanted_once() -> None:
    found = list(wanted(plans(), 53))

    assert [(one.address, one.number, one.is_dns) for one in found] == [
        ("", 1053, True),
        ("127.0.0.1", 1081, False),
        ("", 1080, False),
        ("", 1053, False),
        ("", 53, True),
    ]


def test_the_proxy_wants_those_of_its_pages() -> None:
    found = of_proxy(("127.0.0.1:10249", "", "0.0.0.0:10256"))

    assert [(one.address, one.number) for one in found] == [("127.0.0.1", 10249), ("", 10256)]


def test_a_port_that_can_be_opened_is_free(held: int) -> None:
    (finding,) = look(Port("port 0", "127.0.0.1", 0, is_dns=True))

    assert held
    assert (finding.level, finding.text) == (Level.OK, "free (udp, tcp, 127.0.0.1)")


def test_a_port_that_somebody_has_names_them(held: int) -> None:
    (finding,) = look(Port("port", "127.0.0.1", held))

    assert finding.level is Level.FAIL
    assert f"tcp 127.0.0.1:{held}" in finding.text
    assert finding.remedy


@pytest.mark.parametrize(
    ("command", "level"),
    [("svcdns", Level.OK), ("coredns", Level.WARN), ("dnsmasq", Level.FAIL)],
)
def test_who_has_a_port_decides_how_bad_it_is(
    monkeypatch: pytest.MonkeyPatch, held: int, command: str, level: Level
) -> None:
    monkeypatch.setattr(doctor_ports, "holders", lambda *_: (Holder(7, command),))

    (finding,) = look(Port("port", "127.0.0.1", held, successor="coredns"))

    assert finding.level is level


def test_an_interface_that_is_not_there_is_a_failure() -> None:
    text = ".:1053 {\n    bind nowhere0\n    whoami\n}\n"

    (finding,) = look_at_wanted(plans(text), 53, "")

    assert finding.level is Level.FAIL
    assert "nowhere0" in finding.text


def test_all_ports_of_server_blocks_are_looked_at() -> None:
    found = list(look_at_wanted(plans(".:0 {\n    whoami\n}\n"), 53, "127.0.0.1"))

    assert [one.level for one in found] == [Level.OK]
