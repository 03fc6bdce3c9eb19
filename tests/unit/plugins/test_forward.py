"""forward: the words of the Corefile, and questions that leave the house."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import LATER
from svcdns.plugins.forward import DIRECTIVE, build
from svcdns.route.stages import Steps
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.policy import Policy
from svcdns.upstream.targets import Address
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, read_query
from tests.support.authority import Authority
from tests.support.directives import (
    FixedScope,
    arguments_of,
    problems_of,
    settings_of,
    warnings_of,
)
from tests.support.fakeapi.tls import server_context
from tests.support.http2_server import FakeHttps
from tests.support.quic_server import FakeQuic
from tests.support.stubs import FixedClient
from tests.support.upstreams import (
    FakeUpstream,
    addresses_in,
    honest,
    query,
    record,
    reply_to,
    why,
)


def stanza(options: str, to: str = "10.0.0.2") -> Any:
    (settings,) = settings_of(DIRECTIVE, f"forward . {to} {{\n{options}\n}}")
    return settings


def test_the_defaults_are_corednss() -> None:
    (settings,) = settings_of(DIRECTIVE, "forward . 10.0.0.2")

    assert settings.targets == (Address(Endpoint("10.0.0.2"), "Corefile:2"),)
    assert settings.policy is Policy.RANDOM
    assert (settings.checks.most_fails, settings.checks.interval) == (2, 0.5)
    assert (settings.keeping.expire, settings.keeping.max_age, settings.keeping.max_idle) == (
        10.0,
        0.0,
        0,
    )
    assert settings.habits.read_timeout == 2.0
    assert settings.most_concurrent == 0
    assert settings.most_tries is None
    assert not settings.hedge
    assert read_query(settings.check.message(b"\0\0")).question.rrtype == RRType.NS


@pytest.mark.parametrize(
    ("option", "read"),
    [
        ("except a.example B.example", lambda s: len(s.excepted) == 2),
        ("except 10.0.0.0/8", lambda s: s.excepted == (from_text("10.in-addr.arpa."),)),
        ("max_fails 0", lambda s: s.checks.most_fails == 0),
        ("max_connect_attempts 0", lambda s: s.most_tries == 0),
        ("max_connect_attempts 3", lambda s: s.most_tries == 3),
        ("health_check 5s", lambda s: s.checks.interval == 5),
        ("health_check 5s no_rec", lambda s: s.check.flags == 0),
        (
            "health_check 1s domain example.org no_rec",
            lambda s: s.check.owner == from_text("example.org.") and s.check.flags == 0,
        ),
        ("force_tcp", lambda s: s.habits.force_tcp),
        ("prefer_udp", lambda s: s.habits.prefer_udp),
        ("expire 20s", lambda s: s.keeping.expire == 20),
        ("max_age 5s\nexpire 2s", lambda s: s.keeping.max_age == 5),
        ("max_idle_conns 4", lambda s: s.keeping.max_idle == 4),
        ("read_timeout 500ms", lambda s: s.habits.read_timeout == 0.5),
        ("policy random", lambda s: s.policy is Policy.RANDOM),
        ("policy round_robin", lambda s: s.policy is Policy.ROUND_ROBIN),
        ("policy sequential", lambda s: s.policy is Policy.SEQUENTIAL),
        ("max_concurrent 1000", lambda s: s.most_concurrent == 1000),
        ("next NXDOMAIN servfail", lambda s: s.next_rcodes == {2, 3}),
        ("next_on_nodata", lambda s: s.next_on_nodata),
        ("failover SERVFAIL REFUSED", lambda s: s.failover == {2, 5}),
        ("failfast_all_unhealthy_upstreams", lambda s: s.failfast),
        ("source_address 127.0.0.1", lambda s: s.habits.source == "127.0.0.1"),
        ("resolver 10.0.0.3 10.0.0.4:5353", lambda s: len(s.resolvers) == 2),
        ("tls", lambda s: s.tls == ("", "", "")),
        ("tls ca.crt", lambda s: s.tls == ("", "", "ca.crt")),
        ("tls client.crt client.key ca.crt", lambda s: s.tls[0] == "client.crt"),
    ],
)
def test_every_option_is_read(option: str, read: Any) -> None:
    assert read(stanza(option))


def test_the_server_name_is_of_all_tls_upstreams() -> None:
    to = "tls://10.0.0.2 tls://dns.example.net https://10.0.0.4/mine quic://10.0.0.5 10.0.0.3"
    *encrypted, plain = stanza("tls_servername dns.example", to).targets

    names = [getattr(target, "endpoint", target).server_name for target in encrypted]
    assert names == ["dns.example"] * 4
    assert encrypted[2].endpoint.path == "/mine"
    assert plain.endpoint.server_name == ""


COUNT = "forward: Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("except", f"<except> {COUNT} 'except'"),
        ("except a..b", "<a..b> forward: zone is not a valid domain name: "),
        ("max_fails", f"<max_fails> {COUNT} 'max_fails'"),
        ("max_fails -1", "<-1> forward: max_fails must be in range [0, 4294967295]: -1"),
        ("max_fails x", "<x> forward: 'x' is not a whole number"),
        ("max_fails +5", "<+5> forward: '+5' is not a whole number"),
        (
            "max_fails 4294967296",
            "<4294967296> forward: max_fails must be in range [0, 4294967295]",
        ),
        ("expire -1s", "<-1s> forward: expire can't be negative: -1s"),
        ("expire 5", '<5> forward: time: missing unit in duration "5"'),
        ("max_age -1s", "<-1s> forward: max_age can't be negative: -1s"),
        ("max_age 5s", "<5s> forward: max_age (5s) must not be less than expire (10s)"),
        ("max_idle_conns -1", "<-1> forward: max_idle_conns can't be negative: -1"),
        ("read_timeout 0s", "<0s> forward: read_timeout must be positive: 0s"),
        ("read_timeout -1s", "<-1s> forward: read_timeout must be positive: -1s"),
        ("health_check", f"<health_check> {COUNT} 'health_check'"),
        ("health_check 5s foo", "<foo> forward: health_check: unknown option foo"),
        ("health_check 5s domain", f"<domain> {COUNT} 'domain'"),
        ("health_check 5s domain a..b", "<a..b> forward: health_check: invalid domain name a..b"),
        ("force_tcp x", f"<x> {COUNT} 'x'"),
        ("policy", f"<policy> {COUNT} 'policy'"),
        ("policy foo", "<foo> forward: unknown policy 'foo'"),
        ("max_concurrent -1", "<-1> forward: max_concurrent can't be negative: -1"),
        ("next", f"<next> {COUNT} 'next'"),
        ("next FOO", "<FOO> forward: FOO is not a valid rcode"),
        ("next_on_nodata x", f"<x> {COUNT} 'x'"),
        ("failover NOERROR", "<NOERROR> forward: NoError cannot be used in failover"),
        ("failfast_all_unhealthy_upstreams x", f"<x> {COUNT} 'x'"),
        ("max_connect_attempts -1", "<-1> forward: max_connect_attempts must be in range [0, "),
        ("tls a b c d", f"<d> {COUNT} 'd'"),
        ("tls_servername", f"<tls_servername> {COUNT} 'tls_servername'"),
        ("source_address x", "<x> forward: invalid IP address: x"),
        ("resolver", f"<resolver> {COUNT} 'resolver'"),
        ("resolver x", '<x> forward: resolver must be an IP address or IP:port: "x"'),
        ("doh_method PUT", "<PUT> forward: doh_method must be either POST or GET"),
        ("foo", "<foo> forward: unknown property 'foo'"),
    ],
)
def test_a_wrong_option_is_one_mistake_in_corednss_words(option: str, problem: str) -> None:
    ((found, _),) = problems_of(DIRECTIVE, f"forward . 10.0.0.2 {{\n{option}\n}}")

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("forward", f"<forward> {COUNT} 'forward'"),
        ("forward .", f"<.> {COUNT} '.'"),
        ("forward . grpc://1.1.1.1", "<grpc://1.1.1.1> forward: 'grpc' is not supported as a"),
        (
            "forward . https://1.1.1.1/dns-query{?dns}",
            "<https://1.1.1.1/dns-query{?dns}> forward: not an address with a path, and nothing",
        ),
        ("forward . 1.2.3.4:99999", "<1.2.3.4:99999> forward: not an IP address, file, or valid"),
        ("forward a..b 10.0.0.2", "<a..b> forward: zone is not a valid domain name"),
        (
            "forward . " + " ".join(f"10.0.0.{number}" for number in range(16)),
            "<10.0.0.15> forward: more than 15 TOs configured: 16",
        ),
        (
            "forward . tls://1.1.1.1%a.example {\ntls_servername b.example\n}",
            "<forward> forward: both forward ('b.example') and proxy level ('a.example') TLS",
        ),
    ],
)
def test_a_wrong_stanza_is_one_mistake(text: str, problem: str) -> None:
    ((found, _),) = problems_of(DIRECTIVE, text)

    assert found.startswith(problem)


def test_of_a_network_that_is_several_zones_the_first_is_used() -> None:
    text = "forward 10.0.0.0/9 10.0.0.2"

    assert "expands to multiple zones" in warnings_of(DIRECTIVE, text)[0]


def test_files_for_tls_that_are_no_good_are_warned_of_where_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "rubbish.pem").write_text("rubbish")
    text = f"forward . tls://10.0.0.2 {{\ntls {tmp_path}/rubbish.pem {tmp_path}/none.pem\n}}"
    arguments = arguments_of("forward", text)

    (settings,) = DIRECTIVE.parse(arguments)

    assert arguments.mistakes == ()
    (warning,) = arguments.warnings
    assert str(warning).startswith(
        f"Corefile:3:{len(str(tmp_path)) + 18}: forward: could not load TLS cert: "
        f"open {tmp_path}/none.pem: no such file or directory: upstreams with TLS cannot be asked"
    )
    assert "readable for the user of the server" in warning.hint
    assert settings.tls_at == "Corefile:3:5"


def test_relative_files_for_tls_are_looked_for_where_root_says(tmp_path: Path) -> None:
    found = warnings_of(DIRECTIVE, "forward . tls://10.0.0.2 {\ntls ca.pem\n}", str(tmp_path))

    assert found[0].startswith(f"forward: error reading {tmp_path}/ca.pem: open {tmp_path}/ca.pem:")


def test_doh_method_without_https_has_no_effect_and_that_is_said() -> None:
    assert warnings_of(DIRECTIVE, "forward . 10.0.0.2 {\ndoh_method GET\n}") == [
        "forward: doh_method has no effect: no upstream is https://"
    ]
    assert warnings_of(DIRECTIVE, "forward . https://10.0.0.2 {\ndoh_method GET\n}") == []
    assert stanza("doh_method GET", "https://10.0.0.2").doh_method == "GET"
    assert stanza("", "https://10.0.0.2").doh_method == "POST"


@given(
    st.sampled_from(["forward . ", "forward . 10.0.0.2 {\n", "forward . 10.0.0.2 {\ntls "]),
    st.lists(st.from_regex(r"[a-z0-9:/.%_-]{1,12}", fullmatch=True), max_size=5),
)
def test_any_words_are_read_or_mistakes(start: str, words: list[str]) -> None:
    end = "\n}" if "{" in start else ""

    for problem, _ in problems_of(DIRECTIVE, start + " ".join(words) + end):
        assert " forward: " in problem


class Built:
    """What `build` returns for a text, to be asked."""

    def __init__(self, text: str) -> None:
        self.scope = FixedScope()
        self.steps: Steps = build(settings_of(DIRECTIVE, text), self.scope)

    async def ask(self, asked: Query, *, stream: bool = False) -> Outcome | None:
        assert self.steps.answer is not None
        outcome = self.steps.answer(asked, FixedClient(stream=stream))
        if isinstance(outcome, LATER):
            outcome = await outcome
        return outcome  # type: ignore[return-value]  # it is here now

    def tick(self) -> None:
        assert self.steps.tick is not None
        self.steps.tick(0.0)

    async def __aenter__(self) -> Self:
        assert self.steps.run is not None
        self._running = asyncio.ensure_future(self.steps.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])


async def test_a_question_is_forwarded_and_its_answer_comes_later() -> None:
    async with FakeUpstream() as upstream, Built(f"forward . {upstream.address}") as built:
        outcome = await built.ask(query())

    assert outcome is not None
    assert addresses_in(outcome) == ["192.0.2.1"]
    assert built.steps.any_class


async def test_the_first_stanza_whose_zone_has_the_name_is_asked() -> None:
    async with (
        FakeUpstream() as corporate,
        FakeUpstream() as world,
        Built(
            f"forward corp.example {corporate.address} {{\nexcept not.corp.example\n}}\n"
            f"forward example {world.address}"
        ) as built,
    ):
        for name in ("a.corp.example.", "a.not.corp.example.", "b.example."):
            await built.ask(query(name))
        outside = await built.ask(query("example.org."))

    assert corporate.asked("udp") == 1
    assert world.asked("udp") == 2
    assert outside is None


async def test_next_leaves_an_answer_to_the_following_stanza() -> None:
    def denying(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, rcode=RCode.NXDOMAIN),)

    async with (
        FakeUpstream(denying) as first,
        FakeUpstream(honest) as second,
        Built(
            f"forward . {first.address} {{\nnext NXDOMAIN\n}}\nforward . {second.address}"
        ) as built,
    ):
        outcome = await built.ask(query())

    assert outcome is not None
    assert addresses_in(outcome) == ["192.0.2.1"]


async def test_without_a_following_stanza_next_changes_nothing() -> None:
    def denying(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, rcode=RCode.NXDOMAIN),)

    async with (
        FakeUpstream(denying) as first,
        Built(f"forward . {first.address} {{\nnext NXDOMAIN\n}}") as built,
    ):
        outcome = await built.ask(query())

    assert outcome is not None
    assert outcome.rcode == RCode.NXDOMAIN


async def test_a_client_on_a_stream_is_forwarded_on_a_stream() -> None:
    async with FakeUpstream() as upstream, Built(f"forward . {upstream.address}") as built:
        await built.ask(query(), stream=True)

    assert upstream.asked("tcp") == 1


async def test_a_resolv_conf_without_name_servers_is_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search example\n")
    async with Built(f"forward . {file}") as built:
        outcome = await built.ask(query())

    assert outcome is not None
    assert outcome.rcode == RCode.SERVFAIL
    assert why(outcome) == f"{file} names no name server (named at Corefile:2)"


async def test_upstreams_are_offered_to_the_block(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.2\nnameserver 10.0.0.3\n")
    async with Built(f"forward . {file}\nforward . 10.0.0.4") as built:
        offered = [
            (upstream.address, upstream.named_at) for upstream in built.scope.offers.upstreams
        ]

    assert offered == [
        ("10.0.0.2:53", f"{file}:1"),
        ("10.0.0.3:53", f"{file}:2"),
        ("10.0.0.4:53", "Corefile:3"),
    ]


async def test_numbers_have_corednss_names() -> None:
    async with (
        FakeUpstream() as upstream,
        Built(f"forward . {upstream.address} {{\nmax_concurrent 1\n}}") as built,
    ):
        await asyncio.gather(*(built.ask(query(f"n{n}.example.")) for n in range(2)))
        await built.ask(query(), stream=True)
        built.tick()
        built.tick()
        metrics = built.scope.metrics

    to = ("forward", upstream.address)
    assert metrics.numbers["coredns_forward_max_concurrent_rejects_total"][()] == 1
    assert metrics.numbers["coredns_proxy_conn_cache_misses_total"] == {
        (*to, "udp"): 1,
        (*to, "tcp"): 1,
    }
    durations = metrics.distributions["coredns_proxy_request_duration_seconds"]
    assert sum(durations[*to, "NOERROR"].counts) == 2


async def test_connections_are_counted_by_transport(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    async with (
        FakeUpstream(tls=server_context(authority)) as tls,
        FakeHttps(server_context(authority)) as https,
        FakeQuic(authority) as quic,
    ):
        named: dict[str, tuple[str, FakeUpstream | FakeHttps | FakeQuic]]
        named = {"tcp-tls": ("tls", tls), "https": ("https", https), "quic": ("quic", quic)}
        for proto, (scheme, upstream) in named.items():
            text = f"forward . {scheme}://{upstream.address} {{\ntls {authority.certificate}\n}}"
            async with Built(text) as built:
                for number in range(3):
                    outcome = await built.ask(query(f"n{number}.example."))
                    assert outcome is not None
                    assert addresses_in(outcome) == ["192.0.2.1"]
                built.tick()

            to = ("forward", upstream.address, proto)
            numbers = built.scope.metrics.numbers
            assert numbers["coredns_proxy_conn_cache_misses_total"] == {to: 1}
            assert numbers["coredns_proxy_conn_cache_hits_total"] == {to: 2}


async def test_a_class_other_than_in_is_forwarded() -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, record(b"\1x", RRType.TXT)),)

    async with FakeUpstream(say) as upstream, Built(f"forward . {upstream.address}") as built:
        outcome = await built.ask(query("version.bind.", RRType.TXT, rrclass=3))

    assert outcome is not None
    assert upstream.queries[0][1].find(b"\0\x10\0\3") > 0
