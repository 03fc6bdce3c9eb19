from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.corefile.arguments import Arguments
from svcdns.route.query_options import (
    OF_CLIENT,
    OF_QUESTION,
    Action,
    Content,
    Fixed,
    OfClient,
    OfMetadata,
    OfQuestion,
    OptionRule,
    Subnet,
    read_option_rule,
)
from svcdns.route.query_rules import Passage
from svcdns.wire.edns import Edns, option, read_options
from svcdns.wire.question import Query
from tests.support.directives import arguments_of
from tests.support.stubs import FixedClient, question

CODE = 0xFFEE
CLIENT = FixedClient("10.244.0.7", 51234, "10.96.0.10", 53)


def passage_of(
    client: FixedClient = CLIENT, received: bytes = b"", options: bytes | None = None
) -> Passage:
    edns = None
    if options is not None or received:
        edns = Edns(4096, 0, dnssec_ok=True, received=received, options=options or b"")
    query = Query(1, 0x0100, question("WWW.example.", 28), edns, 40)
    return Passage(query, client, lambda _, __: {"a/b": "value"})


def options_of(passage: Passage) -> dict[int, bytes]:
    edns = passage.query.edns
    return {} if edns is None else dict(read_options(edns.options))


def rule_of(action: Action, content: Content = Fixed(b"new")) -> OptionRule:  # noqa: B008  frozen
    return OptionRule(goes_on=False, action=action, code=CODE, content=content)


@pytest.mark.parametrize(
    ("action", "received", "options", "meant", "sent"),
    [
        ("set", b"", b"", True, b"new"),
        ("set", b"old", b"", True, b"new"),
        ("set", b"", b"older", True, b"new"),
        ("append", b"", b"", True, b"new"),
        ("append", b"old", b"", False, b"old"),
        ("append", b"", b"older", False, b"older"),
        ("replace", b"", b"", False, None),
        ("replace", b"old", b"", True, b"new"),
        ("replace", b"", b"older", True, b"new"),
        ("unset", b"", b"", True, None),
        ("unset", b"old", b"", True, None),
        ("unset", b"", b"older", True, None),
    ],
)
def test_an_option_is_sent_as_the_action_says(
    action: str, received: bytes, options: bytes, *, meant: bool, sent: bytes | None
) -> None:
    passage = passage_of(
        received=option(CODE, received) if received else b"",
        options=option(CODE, options) if options else b"",
    )

    assert rule_of(Action(action)).act(passage) is meant
    assert options_of(passage).get(CODE) == sent


def test_other_options_of_the_client_stay_here_and_those_of_rules_stay_there() -> None:
    passage = passage_of(received=option(10, b"12345678"), options=option(3, b""))

    rule_of(Action.SET).act(passage)

    assert options_of(passage) == {3: b"", CODE: b"new"}
    assert passage.query.edns is not None
    assert passage.query.edns.dnssec_ok
    assert passage.original.edns is not None
    assert passage.original.edns.options == option(3, b"")


def test_a_query_without_edns_gets_some_when_an_option_is_set() -> None:
    passage = passage_of()

    assert rule_of(Action.UNSET).act(passage)
    assert passage.query is passage.original
    rule_of(Action.SET).act(passage)

    assert passage.query.edns == Edns(1232, 0, dnssec_ok=False, options=option(CODE, b"new"))


@pytest.mark.parametrize(
    ("content", "octets"),
    [
        (OfQuestion("qname"), b"www.example."),
        (OfQuestion("qtype"), b"\0\x1c"),
        (OfClient("client_ip"), bytes([10, 244, 0, 7])),
        (OfClient("client_port"), (51234).to_bytes(2)),
        (OfClient("server_ip"), bytes([10, 96, 0, 10])),
        (OfClient("server_port"), b"\0\x35"),
        (OfClient("protocol"), b"udp"),
        (OfMetadata("a/b"), b"value"),
        (Subnet(24, 56), b"\0\1\x18\0\x0a\xf4\0"),
        (Subnet(12, 56), b"\0\1\x0c\0\x0a\xf0"),
        (Subnet(0, 56), b"\0\1\0\0"),
    ],
)
def test_an_option_holds_what_the_variable_says(content: Content, octets: bytes) -> None:
    passage = passage_of()

    assert rule_of(Action.SET, content).act(passage)
    assert options_of(passage) == {CODE: octets}


def test_a_client_over_tcp_and_ipv6() -> None:
    passage = passage_of(FixedClient("fd00::7%eth0", stream=True))

    assert OfClient("protocol")(passage) == b"tcp"
    assert OfClient("client_ip")(passage) == ip_address("fd00::7").packed
    assert Subnet(24, 9)(passage) == b"\0\2\x09\0\xfd\0"


@pytest.mark.parametrize(
    ("content", "client"),
    [
        (OfMetadata("no/label"), CLIENT),
        (OfClient("client_ip"), FixedClient("a socket")),
        (Subnet(24, 56), FixedClient("a socket")),
    ],
)
def test_without_content_the_rule_is_not_meant(content: Content, client: FixedClient) -> None:
    passage = passage_of(client)

    assert not rule_of(Action.SET, content).act(passage)
    assert passage.query is passage.original


@given(st.ip_addresses(), st.integers(0, 32), st.integers(0, 128))
def test_a_subnet_is_the_network_that_python_knows(address: Any, ipv4: int, ipv6: int) -> None:
    content = Subnet(ipv4, ipv6)(passage_of(FixedClient(str(address))))

    address = getattr(address, "ipv4_mapped", None) or address
    length = ipv4 if address.version == 4 else ipv6
    network = ip_network((address.packed, length), strict=False)
    assert content is not None
    assert content[:4] == bytes([0, 1 if address.version == 4 else 2, length, 0])
    assert len(content) == 4 + (length + 7) // 8
    assert network.network_address.packed.startswith(content[4:])


@pytest.mark.parametrize(
    ("action", "content", "per_client"),
    [
        (Action.SET, Fixed(b""), False),
        (Action.SET, OfQuestion("qname"), False),
        (Action.SET, OfClient("protocol"), True),
        (Action.SET, OfMetadata("a/b"), True),
        (Action.SET, Subnet(24, 56), True),
        (Action.UNSET, Subnet(24, 56), False),
        (Action.APPEND, Fixed(b""), True),
        (Action.REPLACE, Fixed(b""), True),
    ],
)
def test_a_rule_says_whether_it_looks_beyond_the_question(
    action: Action, content: Content, *, per_client: bool
) -> None:
    assert rule_of(action, content).per_client is per_client


def read(text: str) -> tuple[OptionRule, Arguments]:
    arguments = arguments_of("rewrite", f"rewrite {text}")
    rule = read_option_rule(arguments.once(), False)
    return rule, arguments


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("local set 0xffee abcd", (Action.SET, CODE, Fixed(b"abcd"))),
        ("LOCAL Set 0XFFEE 0x61626364", (Action.SET, CODE, Fixed(b"abcd"))),
        ("local append 65518 {qname} revert", (Action.APPEND, CODE, OfQuestion("qname"))),
        ("local replace 0b11 {client_ip}", (Action.REPLACE, 3, OfClient("client_ip"))),
        ("local set 0177756 {a/b}", (Action.SET, CODE, OfMetadata("a/b"))),
        ("local set 0o10 0x", (Action.SET, 8, Fixed(b""))),
        ("local set 0 revert revert", (Action.SET, 0, Fixed(b"revert"))),
        ("local unset 0xffee", (Action.UNSET, CODE, Fixed(b""))),
        ("nsid set", (Action.SET, 3, Fixed(b""))),
        ("nsid append revert", (Action.APPEND, 3, Fixed(b""))),
        ("nsid unset", (Action.UNSET, 3, Fixed(b""))),
        ("subnet set 24 56", (Action.SET, 8, Subnet(24, 56))),
        ("subnet replace 0 128 revert", (Action.REPLACE, 8, Subnet(0, 128))),
        ("subnet unset", (Action.UNSET, 8, Fixed(b""))),
    ],
)
def test_rules_are_read(text: str, rule: tuple[Action, int, Content]) -> None:
    found, arguments = read(text)

    assert arguments.mistakes == ()
    assert found == OptionRule(False, *rule)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("lokal set 1 x", "'lokal' is none of: local, nsid, subnet", "write: local"),
        ("local put 1 x", "'put' is none of: set, append, replace, unset", "write: set"),
        ("local set ffee x", "'ffee' is not a number from 0 to 65535", "write: 0xffee"),
        ("local set 65536 x", "'65536' is not a number from 0 to 65535", "write: 0xffee"),
        ("local set 089 x", "'089' is not a number from 0 to 65535", "write: 0xffee"),
        (
            "local set 1 0x616",
            "'0x616' is not octets: two hexadecimal digits make one",
            "write: 0xabcd",
        ),
        (
            "local set 1 {port}",
            "unsupported variable name '{port}'",
            f"known are: {', '.join(f'{{{name}}}' for name in (*OF_QUESTION, *OF_CLIENT))}",
        ),
        ("subnet set 33 56", "'33' is not a number from 0 to 32", "write: 24"),
        ("subnet set 24 129", "'129' is not a number from 0 to 128", "write: 56"),
        (
            "subnet set 24",
            "Wrong argument count or unexpected line ending after '24'",
            "write: rewrite subnet set 24 56",
        ),
        (
            "nsid unset revert",
            "Wrong argument count or unexpected line ending after 'revert'",
            "take out: revert",
        ),
    ],
)
def test_a_mistake_says_what_would_be_right(text: str, problem: str, hint: str) -> None:
    _, arguments = read(text)

    assert [(one.problem, one.hint) for one in arguments.mistakes] == [
        (f"rewrite: {problem}", hint)
    ]


@given(st.lists(st.sampled_from(["local", "set", "unset", "0x1", "{", "{a/b}", "revert", "24"])))
def test_any_words_are_a_rule_or_a_mistake(words: list[str]) -> None:
    _, arguments = read(" ".join(f'"{word}"' for word in words))

    assert all(one.problem.startswith("rewrite: ") for one in arguments.mistakes)
