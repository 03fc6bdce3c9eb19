import json
from collections.abc import Callable
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from typer.testing import CliRunner, Result

from svcdns.cli.main import app
from tests.support.resolver import resolver
from tests.support.tree import ROOT


def query(line: str, **environment: str | None) -> Result:
    return CliRunner(env=environment).invoke(app, ["query", *line.split()])


def answer(wire: bytes, *_: object) -> bytes:
    asked = dns.message.from_wire(wire)
    response = dns.message.make_response(asked)
    response.flags |= dns.flags.AA
    owner = asked.question[0].name
    response.answer.append(dns.rrset.from_text(owner, 5, "IN", "A", "10.96.4.7"))
    return response.to_wire()


def name_error(reason: str = "") -> dns.message.Message:
    response = dns.message.make_response(dns.message.make_query("cart.shop.", "A", use_edns=0))
    response.set_rcode(dns.rcode.NXDOMAIN)
    if reason:
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.OTHER, reason)])
    return response


def as_reply(response: dns.message.Message, wire: bytes) -> bytes:
    asked = dns.message.from_wire(wire)
    response.id, response.question = asked.id, asked.question
    return response.to_wire()


def test_an_answer_is_shown_and_exits_with_0() -> None:
    with resolver(answer) as port:
        result = query(f"web.shop.svc.cluster.local @127.0.0.1:{port}")

    head, record = result.stdout.splitlines()
    assert result.exit_code == 0
    assert head.startswith("NOERROR  web.shop.svc.cluster.local A   ")
    assert head.endswith(f" ms  127.0.0.1:{port}")
    assert record == "  web.shop.svc.cluster.local.  5  A  10.96.4.7"


def test_a_negative_answer_shows_the_servers_reason_and_exits_with_1() -> None:
    reason = "0 of 3 endpoints are ready; set publishNotReadyAddresses"

    with resolver(lambda wire, _: as_reply(name_error(reason), wire)) as port:
        result = query(f"cart.shop @127.0.0.1 --port {port}")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [
        "  why   0 of 3 endpoints are ready",
        "  next  set publishNotReadyAddresses",
    ]


def test_the_absence_of_records_is_called_nodata() -> None:
    def no_records(wire: bytes, _: str) -> bytes:
        return dns.message.make_response(dns.message.from_wire(wire)).to_wire()

    with resolver(no_records) as port:
        result = query(f"cart.shop MX @127.0.0.1:{port}")

    assert (result.exit_code, result.stdout[:20]) == (1, "NODATA  cart.shop MX")


def test_a_long_answer_comes_over_tcp_and_says_so() -> None:
    def cut_short(wire: bytes, over: str) -> bytes:
        whole = answer(wire)
        return whole[:2] + bytes([whole[2] | (0x02 if over == "udp" else 0)]) + whole[3:]

    with resolver(cut_short) as port:
        result = query(f"web.shop @127.0.0.1:{port}")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].endswith(" tcp")


def test_the_query_carries_edns_and_its_name_as_typed() -> None:
    seen: list[dns.message.Message] = []

    def note(wire: bytes, _: str) -> bytes:
        seen.append(dns.message.from_wire(wire))
        return answer(wire)

    with resolver(note) as port:
        query(f"@127.0.0.1:{port} Web.Shop srv")

    (asked,) = seen
    assert (asked.edns, asked.payload) == (0, 1232)
    assert str(asked.question[0]) == "Web.Shop. IN SRV"


def test_an_address_is_asked_for_its_name() -> None:
    with resolver(answer) as port:
        result = query(f"10.96.4.7 @127.0.0.1:{port} -o json")

    fields = json.loads(result.stdout)
    assert (fields["name"], fields["type"]) == ("7.4.96.10.in-addr.arpa", "PTR")


def test_json_is_for_programs() -> None:
    with resolver(answer) as port:
        result = query(f"web.shop @127.0.0.1:{port} -o json")

    fields = json.loads(result.stdout)
    assert (fields["status"], fields["authoritative"], fields["transport"]) == (
        "NOERROR",
        True,
        "udp",
    )
    assert fields["answer"] == [{"name": "web.shop.", "ttl": 5, "type": "A", "data": "10.96.4.7"}]


def test_the_environment_names_the_server() -> None:
    with resolver(answer) as port:
        result = query("web.shop", SVCDNS_SERVER=f"127.0.0.1:{port}")

    assert result.exit_code == 0


def test_a_server_that_is_not_there_exits_with_1_and_says_what_to_do() -> None:
    with resolver(answer) as port:
        pass

    result = query(f"web.shop @127.0.0.1:{port}")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"UNREACHABLE  web.shop A  127.0.0.1:{port}",
        f"  why   nobody listens on 127.0.0.1:{port}",
        "  next  svcdns serve starts a server; --port N names its port",
    ]


def test_a_reply_that_is_no_message_is_said_to_be_one() -> None:
    with resolver(lambda wire, _: wire[:2] + b"\x80\0\0\0\xff\xff\0\0\0\0\xc0") as port:
        result = query(f"web.shop @127.0.0.1:{port}")

    assert result.exit_code == 1
    assert result.stdout.startswith("MALFORMED  web.shop A")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("", "Missing argument 'NAME'", id="nothing"),
        pytest.param("@127.0.0.1", "write NAME, then TYPE", id="only a server"),
        pytest.param("a b @127.0.0.1 d", "unexpected extra argument", id="too many"),
        pytest.param("a..b", "'a..b' has an empty label", id="no name"),
        pytest.param("a.example FOO", "'FOO' is not a record type", id="no type"),
        pytest.param("a.example @10.0.0.1:x", "is not a server", id="no server"),
        pytest.param("a.example @", "'@' names no server", id="a server without a name"),
        pytest.param("a.example --corefile C", "--corefile goes with --manifests", id="Corefile"),
        pytest.param("a.example -o xml", "Invalid value for '--output'", id="no format"),
    ],
)
def test_wrong_usage_exits_with_2(line: str, said: str) -> None:
    result = query(line)

    assert result.exit_code == 2
    assert said in result.stderr


class InProcessReply(NamedTuple):
    """What `app.inprocess.ask` returns."""

    response: bytes
    seconds: float
    near: tuple[str, ...]


class World(NamedTuple):
    """What `app.inprocess.of_manifests` returns."""

    place: str
    problems: tuple[str, ...] = ()


def pretend(
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[..., InProcessReply],
    problems: tuple[str, ...] = (),
) -> None:
    """Let `ask` answer in the place of a server in this process."""
    monkeypatch.setattr("svcdns.app.inprocess.of_manifests", lambda place: World(place, problems))
    monkeypatch.setattr("svcdns.app.inprocess.ask", ask)


def test_with_manifests_and_no_server_the_answer_is_made_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str | None]] = []

    def ask(wire: bytes, *, known: World, corefile: str | None) -> InProcessReply:
        asked.append((known.place, corefile))
        return InProcessReply(as_reply(name_error("no 'cart'"), wire), 0.0002, ("carts.shop",))

    pretend(monkeypatch, ask)

    result = query("cart.shop --manifests world --corefile C")

    assert (result.exit_code, asked) == (1, [("world", "C")])
    assert result.stdout.splitlines() == [
        "NXDOMAIN  cart.shop A   0.2 ms  from world",
        "  why   no 'cart'",
        "  near  carts.shop",
    ]


@pytest.mark.parametrize(
    ("local", "line"),
    [
        pytest.param(
            lambda wire: InProcessReply(as_reply(name_error(), wire), 9.9, ("carts.shop",)),
            "  near  carts.shop",
            id="the manifests do not have it either",
        ),
        pytest.param(
            lambda wire: InProcessReply(answer(wire), 9.9, ()),
            "  next  world has this name: the server knows other objects",
            id="the manifests have it",
        ),
    ],
)
def test_a_servers_negative_answer_is_compared_with_the_manifests(
    monkeypatch: pytest.MonkeyPatch, local: Callable[[bytes], InProcessReply], line: str
) -> None:
    pretend(monkeypatch, lambda wire, **_: local(wire))

    with resolver(lambda wire, _: as_reply(name_error(), wire)) as port:
        result = query(f"cart.shop @127.0.0.1:{port} --manifests world")

    head, *rest = result.stdout.splitlines()
    assert head.startswith("NXDOMAIN  cart.shop A")
    assert head.endswith(f" 127.0.0.1:{port}")
    assert rest == [line]


def test_what_is_wrong_with_the_manifests_is_said_beside_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems = tuple(f"world/{number}.yaml: is broken" for number in range(12))
    pretend(monkeypatch, lambda wire, **_: InProcessReply(answer(wire), 0.1, ()), problems)

    result = query("web.shop --manifests world -o json")

    assert json.loads(result.stdout)["status"] == "NOERROR"
    assert result.stderr.splitlines() == [*problems[:10], "2 more like these"]


def test_manifests_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> InProcessReply:
        raise FileNotFoundError(2, "No such file or directory", "world")

    pretend(monkeypatch, ask)

    result = query("cart.shop --manifests world")

    assert result.exit_code == 1
    assert result.stderr == "cannot read 'world': No such file or directory\n"


def test_a_corefile_that_cannot_be_read_has_a_remedy() -> None:
    result = query(f"cart.shop --manifests {ROOT / 'examples/shop'} --corefile nowhere")

    assert result.exit_code == 1
    assert result.stderr == (
        "cannot read 'nowhere': No such file or directory\n"
        "  next  name a Corefile: --corefile FILE; or leave it out\n"
    )


@pytest.mark.parametrize(
    ("name", "is_alone"), [("web", True), ("web.shop", True), ("web.", False), ("w.shop", False)]
)
def test_a_short_name_without_an_answer_may_want_a_search_list(
    name: str, *, is_alone: bool
) -> None:
    result = query(f"{name} --manifests {ROOT / 'examples/shop'}")

    said = f"  next  no search list is tried for '{name}' without -n NAMESPACE\n"
    assert (said in result.stdout) is is_alone
