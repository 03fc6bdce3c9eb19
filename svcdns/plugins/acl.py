"""acl - say who may ask for what: by address of the client, TYPE and zone.

The name is the one that `rewrite` has left, since that acts before. Nothing of a server block
with `acl` is kept ready for the next client, so every query comes through here.
"""

from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple, TypeVar

from svcdns.answers.answer import Answer, Reason
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.lexer import Token
from svcdns.corefile.networks import Network, Networks, parse_network
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Client, Steps
from svcdns.telemetry.catalogue import Metric
from svcdns.telemetry.plugin_metrics import ACL_ALLOWED, ACL_BLOCKED, ACL_DROPPED, ACL_FILTERED
from svcdns.wire.codes import RCode, type_number, type_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import (
    ROOT,
    OwnerName,
    from_text,
    is_within,
    lower,
    pack_address,
    to_text,
)
from svcdns.wire.question import Query

Value = TypeVar("Value")

ALLOW, BLOCK, FILTER, DROP = ACTIONS = ("allow", "block", "filter", "drop")
SECTIONS = ("type", "net")
_ANY_TYPE = ("*", "None")
"""In place of all TYPEs; to CoreDNS `None` is the number that it writes for `*`."""

_REMEMBERED = 4096
"""Addresses of clients for which is known what concerns them."""
_SILENCE = Answer(is_silent=True, written_by="acl")
_COUNTED: dict[str, Metric] = {BLOCK: ACL_BLOCKED, FILTER: ACL_FILTERED, DROP: ACL_DROPPED}


class Policy(NamedTuple):
    """What to do with some queries."""

    action: str
    types: tuple[int, ...] | None
    """None: any."""
    networks: tuple[Network, ...] | None
    """None: whoever asks."""


class Rule(NamedTuple):
    """One stanza: the first of its policies that is meant for a query counts."""

    zones: tuple[OwnerName, ...]
    policies: tuple[Policy, ...]


def parse(arguments: Arguments) -> tuple[Rule, ...]:
    """Read `acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }`; stanzas add up."""
    rules: list[Rule] = []
    for stanza in arguments:
        zones = tuple(lower(from_text(zone)) for zone in stanza.zones())
        policies = [
            policy for option in stanza.options() if (policy := _policy(option)) is not None
        ]
        if not policies:
            stanza.warning(
                "there is no rule, so every query is let through", "write: block net ..."
            )
        rules.append(Rule(zones, tuple(policies)))
    return tuple(rules)


def _policy(option: Words) -> Policy | None:
    action = option.name.lower()
    if action not in ACTIONS:
        near = suggest(action, ACTIONS)
        hint = f"write: {near}" if near else f"known are: {', '.join(ACTIONS)}"
        option.mistake(
            f"unexpected token '{option.name}'; expect 'allow', 'block', 'filter' or 'drop'", hint
        )
        option.skip()
        return None
    words: dict[str, list[Token]] = {}
    section: list[Token] | None = None
    heading = option.token
    for word in option.rest():
        if word.text.lower() in SECTIONS:
            _complain_if_empty(option, section, heading)
            section, heading = words.setdefault(word.text.lower(), []), word
        elif section is None:
            hint = f"write: {'net' if _is_network(word.text) else 'type'} {word.text}"
            option.mistake(f"unexpected token '{word.text}'; expect 'type | net'", hint, at=word)
            return None
        else:
            section.append(word)
    _complain_if_empty(option, section, heading)
    types = _values(option, words.get("type"), type_number, _ANY_TYPE)
    return Policy(action, types, _values(option, words.get("net"), parse_network))


def _complain_if_empty(option: Words, section: list[Token] | None, heading: Token) -> None:
    if section is not None and not section:
        example = "A" if heading.text.lower() == "type" else "10.0.0.0/8"
        option.mistake(
            f"no token specified in '{heading.text}' section",
            f"write: {heading.text} {example}",
            at=heading,
        )


def _values(
    option: Words,
    words: list[Token] | None,
    read: Callable[[str], Value],
    anything: Collection[str] = ("*",),
) -> tuple[Value, ...] | None:
    """Return what `words` are; None: any, as there are none or one of them is for anything."""
    found: list[Value] = []
    for word in words or ():
        if word.text in anything:
            return None
        try:
            found.append(read(word.text))
        except WordError as error:
            option.mistake(error.problem, error.hint, at=word)
        except ValueError as error:
            option.mistake(str(error), at=word)
    return None if words is None else tuple(found)


def _is_network(text: str) -> bool:
    try:
        parse_network(text)
    except WordError:
        return False
    return True


class _Concern(NamedTuple):
    """What one rule says to one client."""

    zones: tuple[OwnerName, ...]
    """The longest first."""
    policies: tuple[tuple[str, frozenset[int] | None], ...]
    """Action and types of each policy that is about the client's address."""


class Gate:
    """The rules of one server block at work."""

    def __init__(self, rules: tuple[Rule, ...], scope: Scope) -> None:
        self._rules = tuple(
            (
                tuple(sorted(rule.zones, key=len, reverse=True)),
                tuple(
                    (
                        policy.action,
                        None if policy.types is None else frozenset(policy.types),
                        None if policy.networks is None else Networks(policy.networks),
                    )
                    for policy in rule.policies
                ),
            )
            for rule in rules
        )
        self._scope = scope
        self._concerns = lru_cache(_REMEMBERED)(self._concerning)
        self._allowed = 0
        self._stopped: Counter[tuple[str, OwnerName]] = Counter()

    def answer(self, query: Query, client: Client) -> Answer | None:
        """Return what is said to a query that is stopped; None: it is let through."""
        owner, rrtype, _, _ = query.question
        for concern in self._concerns(client.address):
            zone = _zone_of(owner, concern.zones)
            if zone is None:
                continue
            action = next(
                (action for action, types in concern.policies if types is None or rrtype in types),
                None,
            )
            if action == ALLOW:
                break
            if action is not None:
                self._stopped[action, zone] += 1
                return _answer(action, client.address, rrtype, zone)
        self._allowed += 1
        return None

    def tick(self, _now: float) -> None:
        """Hand over what was counted."""
        scope = self._scope
        stopped, self._stopped = self._stopped, Counter()
        for (action, zone), number in stopped.items():
            labels = (scope.server, to_text(zone), "")
            scope.metrics.add(_COUNTED[action], *labels, by=number)
        if self._allowed:
            scope.metrics.add(ACL_ALLOWED, scope.server, "", by=self._allowed)
            self._allowed = 0

    def _concerning(self, address: str) -> tuple[_Concern, ...]:
        """Return all that is about one address; who has none that can be read is blocked."""
        try:
            packed = pack_address(address.partition("%")[0])
        except ValueError:
            return tuple(_Concern(zones, ((BLOCK, None),)) for zones, _ in self._rules)
        return tuple(
            _Concern(
                zones,
                tuple(
                    (action, types)
                    for action, types, networks in policies
                    if networks is None or packed in networks
                ),
            )
            for zones, policies in self._rules
        )


def _zone_of(owner: OwnerName, zones: tuple[OwnerName, ...]) -> OwnerName | None:
    for zone in zones:
        if zone == ROOT or is_within(owner, zone):
            return zone
    return None


def _answer(action: str, address: str, rrtype: int, zone: OwnerName) -> Answer:
    if action == DROP:
        return _SILENCE
    is_blocked = action == BLOCK
    return Answer(
        RCode.REFUSED if is_blocked else RCode.NOERROR,
        authoritative=False,
        reason=Reason(
            InfoCode.BLOCKED if is_blocked else InfoCode.FILTERED,
            _stopped,
            (action, address, rrtype, zone),
        ),
        written_by="acl",
    )


def _stopped(action: str, address: str, rrtype: int, zone: OwnerName) -> str:
    return (
        f"a rule of acl with the action '{action}' is meant for {address} "
        f"asking for {type_text(rrtype)} in the zone {to_text(zone)}"
    )


def build(rules: tuple[Rule, ...], scope: Scope) -> Steps:
    """Return the step that stops queries."""
    gate = Gate(rules, scope)
    return Steps(answer=gate.answer, tick=gate.tick, per_client=True)


DIRECTIVE = Directive("acl", parse, build)
