"""dns64 - make AAAA records of A records, for clients that have nothing but IPv6.

Where the octets of the IPv4 address go is `answers.dns64`'s business. Unless `allow_ipv4` is
set, clients that ask over IPv4 do not get such addresses: what two clients are told differs
then, so it is not kept. All other answers pass through as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv6Network, ip_network

from svcdns.answers.answer import Answer
from svcdns.answers.dns64 import PREFIX_LENGTHS, UNUSED_OCTET, has_addresses, synthesized
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.lexer import Token
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Rest, Steps
from svcdns.telemetry.plugin_metrics import DNS64_TRANSLATED
from svcdns.wire.codes import TC, RCode, RRClass, RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Query, Question
from svcdns.wire.records import MalformedMessageError

WELL_KNOWN = IPv6Network("64:ff9b::/96")
"""The prefix of RFC 6052 section 2.1."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all `dns64` stanzas of a server block say together."""

    prefix: IPv6Network = WELL_KNOWN
    translate_all: bool = False
    """Also names that have AAAA records."""
    allow_ipv4: bool = False
    """Also for clients that ask over IPv4."""


def parse(arguments: Arguments) -> Settings:
    """Read `dns64 [PREFIX] { prefix PREFIX; translate_all; allow_ipv4 }`; several add up."""
    settings = Settings()
    for stanza in arguments:
        if stanza.left:
            settings = replace(settings, prefix=_prefix(stanza))
        for option in stanza.options("prefix", "translate_all", "allow_ipv4"):
            match option.name:
                case "prefix":
                    settings = replace(settings, prefix=_prefix(option))
                case "translate_all":
                    settings = replace(settings, translate_all=True)
                case _:
                    settings = replace(settings, allow_ipv4=True)
    return settings


def _prefix(words: Words) -> IPv6Network:
    word = words.peek()
    text = words.text(example=str(WELL_KNOWN))
    if word is None:
        return WELL_KNOWN
    try:
        network = ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        network = None
    if network is None:
        words.mistake(f"invalid CIDR address: {text}", f"write it as in {WELL_KNOWN}", at=word)
        return WELL_KNOWN
    if not isinstance(network, IPv6Network):
        words.mistake(
            f"invalid netmask 32 IPv6 address: '{text}'", f"write it as in {WELL_KNOWN}", at=word
        )
        return WELL_KNOWN
    _check(words, word, network)
    return network


def _check(words: Words, word: Token, network: IPv6Network) -> None:
    if network.prefixlen not in PREFIX_LENGTHS:
        lengths = ", ".join(f"/{length}" for length in PREFIX_LENGTHS)
        words.mistake(
            f"invalid prefix length '{word.text}'", f"the length is one of {lengths}", at=word
        )
    elif network.network_address.packed[UNUSED_OCTET]:
        words.warning(
            f"bits 64 to 71 of '{word.text}' are not zero, as RFC 6052 wants them",
            "take another prefix: not every translator knows what to do with this one",
            at=word,
        )


def build(settings: Settings, scope: Scope) -> Steps:
    """Return the step that looks at answers to questions for AAAA."""
    translation = Translation(settings, scope)
    reach = Reach(rrtypes=(RRType.AAAA,))
    return Steps(around=translation.around, reach=reach, tick=translation.tick)


class Translation:
    """The `dns64` of one server block."""

    def __init__(self, settings: Settings, scope: Scope) -> None:
        self._settings = settings
        self._scope = scope
        self._count = 0

    def tick(self, _now: float) -> None:
        """Hand over what was counted."""
        if self._count > 0:
            count, self._count = self._count, 0
            self._scope.metrics.add(DNS64_TRANSLATED, self._scope.server, by=count)

    def around(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        """Return the answer, with addresses made of IPv4 ones if it has none of its own."""
        question = query.question
        outcome = rest(query, client)
        if question.rrtype != RRType.AAAA or question.rrclass != RRClass.IN:
            return outcome
        is_meant = self._settings.allow_ipv4 or ":" in client.address
        further = partial(self._translated, query, lambda asked: rest(asked, client), is_meant)
        return then(outcome, further)

    def _translated(
        self,
        query: Query,
        ask: Callable[[Query], Outcome | Later[Outcome]],
        is_meant: bool,  # noqa: FBT001  bound by partial
        outcome: Outcome,
    ) -> Outcome | Later[Outcome]:
        """Return `outcome`, or what is made in its place."""
        denial = self._in_need(outcome)
        if denial is None:
            return outcome
        if not is_meant:
            return replace(outcome, depends_on=None)
        asked = Question.of(OwnerName(query.question.octets[:-4]), RRType.A)
        further = partial(self._made, query.question, outcome, denial)
        return then(ask(query._replace(question=asked)), further)

    def _in_need(self, outcome: Outcome) -> Answer | None:
        """Return `outcome` as records if addresses are to be made in its place, else None."""
        answer = _readable(outcome)
        if answer is None or answer.is_silent:
            return None
        if outcome is answer and answer.rcode == RCode.SERVFAIL:  # our own, so A fails as well
            return None
        if answer.rcode == RCode.NXDOMAIN and not answer.answer:
            return None
        return None if has_addresses(answer) and not self._settings.translate_all else answer

    def _made(
        self, question: Question, outcome: Outcome, denial: Answer, found: Outcome
    ) -> Outcome:
        """Return the answer that is made of the one for A."""
        addresses = _readable(found)
        if addresses is None or addresses.is_silent:
            return found
        if has_addresses(denial) and all(one.rrtype != RRType.A for one in addresses.answer):
            return outcome
        self._count += 1
        prefix = self._settings.prefix
        made = synthesized(
            prefix.network_address.packed, prefix.prefixlen, question, denial, addresses
        )
        is_cut = isinstance(found, ForeignAnswer) and found.is_truncated
        return replace(
            made,
            raised=made.raised | TC if is_cut else made.raised,
            depends_on=made.depends_on if self._settings.allow_ipv4 else None,
            on_hits=partial(self._count_again, denial.on_hits, addresses.on_hits),
        )

    def _count_again(
        self,
        denied: Callable[[int], None] | None,
        found: Callable[[int], None] | None,
        hits: int,
    ) -> None:
        self._count += hits
        for tell in (denied, found):
            if tell is not None:
                tell(hits)


def _readable(outcome: Outcome) -> Answer | None:
    """Return `outcome` as records; None if they cannot be read."""
    try:
        return opened(outcome)
    except MalformedMessageError:
        return None


DIRECTIVE = Directive("dns64", parse, build)
