"""Small stand-ins shared by tests: a client, a zone, an exchange over fixed answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svcdns.answers.answer import Answer
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route, chain
from svcdns.route.router import Router
from svcdns.route.stages import AnswerStep, Client, ObserveStep, Rest, Steps
from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.question import Query, Question
from svcdns.wire.rrset import RRset


@dataclass(frozen=True)
class FixedClient:
    """A client that always asks from the same place."""

    address: str = "10.244.0.7"
    port: int = 51234
    local_address: str = "10.96.0.10"
    local_port: int = 53
    stream: bool = False
    lane: int = 0


@dataclass
class FixedAuthority:
    """A zone whose SOA record names nobody; only its TTL can be told apart."""

    name: OwnerName
    ttl: int = 5
    padding: int = 0
    """Octets that make the record longer than any real one."""

    def authority_at(self, question_length: int) -> bytes:
        assert question_length > 4
        fixed = b"\0\0\x06\0\1" + self.ttl.to_bytes(4)
        rdata = b"\0\0" + bytes(20 + self.padding)
        return fixed + len(rdata).to_bytes(2) + rdata


def addresses(owner: str, *packed: bytes, ttl: int = 5) -> RRset:
    rrtype = RRType.A if len(packed[0]) == 4 else RRType.AAAA
    return RRset(from_text(owner), rrtype, ttl, packed)


def question(name: str, rrtype: int = RRType.A, rrclass: int = 1) -> Question:
    return Question.of(from_text(name), rrtype, rrclass)


def packet(
    asked: Question,
    *,
    identity: int = 0x1234,
    flags: int = 0x0100,
    opt: bytes = b"",
    octets: bytes | None = None,
) -> bytes:
    """Return the octets of a query."""
    counts = (1).to_bytes(2) + bytes(4) + bool(opt).to_bytes(2)
    head = identity.to_bytes(2) + flags.to_bytes(2) + counts
    return head + (asked.octets if octets is None else octets) + opt


def step_of(answers: Mapping[bytes, Answer]) -> Callable[[Query, Client], Answer | None]:
    """Return an answer step that knows these questions and passes on all others."""
    return lambda query, _: answers.get(query.question.key)


def steps_of(*steps: AnswerStep, zone: str = "cluster.local.") -> Rest:
    """Return answer steps as one, as a server block of `zone` has them."""
    return chain([Steps(answer=step) for step in steps], zone)


def exchange_of(
    answers: Mapping[bytes, Answer],
    *,
    zone: str = "cluster.local.",
    observe: tuple[ObserveStep, ...] = (),
    bugs: list[Exception] | None = None,
    rotate: bool = False,
    measured: bool = True,
    reasons: bool = True,
) -> Exchange:
    """Return the exchange of a listener with one server block that knows `answers`."""
    route = Route(
        zone,
        from_text(zone),
        steps_of(step_of(answers), zone=zone),
        observe_steps=observe,
        rotate=rotate,
        measured=measured,
    )
    return Exchange(
        "dns://:53",
        Router([route]),
        clock=lambda: 0.0,
        on_bug=lambda bug, _: (bugs if bugs is not None else []).append(bug),
        reasons=reasons,
    )


def fast_of(exchange: Exchange, *, stream: bool = False) -> Callable[[bytes], bytes | None]:
    """Return the fast lane of `exchange` as a function of octets; None: not for it."""
    lane = exchange.fast_lane(stream=stream, ipv6=False)
    octets = bytearray(65_535)

    def respond(query: bytes) -> bytes | None:
        # Beside other datagrams, as in a batch: nothing of theirs may be read or written.
        around = b"\xff" * 7
        size = lane(around + query + around, len(around), len(query), memoryview(octets), 7)
        return bytes(octets[7 : 7 + size]) if size else None

    return respond
