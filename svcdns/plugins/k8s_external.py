"""k8s_external - names under which Services are reached from outside the cluster.

The answers come from `answers.external_records`, the cluster from the `kubernetes` stanza of
the same server block. Left for here: the words of the Corefile, and passing on a name that
does not exist where `fallthrough` says so.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.external_records import ExternalNames
from svcdns.answers.external_zone import ExternalZone
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later, then
from svcdns.answers.settings import ExternalSettings
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.offers import ZoneContents
from svcdns.route.stages import Client, Rest, Steps
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, from_text, is_within, labels, lower
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset

MAX_TTL = 3600
_NAME = "k8s_external"


def parse(arguments: Arguments) -> ExternalSettings:
    """Read `k8s_external [ZONES...] { options }`; of several the zones of the last count."""
    settings = ExternalSettings(())
    for stanza in arguments:
        settings = replace(settings, zones=_names(stanza.zones()))
        for option in stanza.options("apex", "ttl", "headless", "fallthrough"):
            match option.name:
                case "apex":
                    settings = replace(settings, apex=_apex(option))
                case "ttl":
                    ttl = option.integer(0, MAX_TTL, meaning="a number of seconds")
                    settings = replace(settings, ttl=ttl)
                    _ignore_rest(option)
                case "headless":
                    settings = replace(settings, headless=True)
                case "fallthrough":
                    zones = _names(option.zones(default=(".",)))
                    settings = replace(settings, fallthrough=zones)
    return settings


def _apex(option: Words) -> tuple[str, ...]:
    """Return the labels of the name that name servers are put below."""
    word = option.peek()
    text = option.text(example="dns")
    _ignore_rest(option)
    try:
        apex = labels(lower(from_text(text)))
    except ValueError as error:
        option.mistake(f"apex '{text}' is no name: {error}", "write: apex dns", at=word)
        return ()
    return tuple(label.decode("latin-1") for label in apex)


def _ignore_rest(option: Words) -> None:
    """Let words pass that CoreDNS does not read either."""
    rest = option.rest()
    if rest:
        option.warning(f"nothing reads '{rest[0].text}' here", "take it out", at=rest[0])


def _names(zones: tuple[str, ...]) -> tuple[OwnerName, ...]:
    return tuple(lower(from_text(zone)) for zone in zones)


def build(settings: ExternalSettings, scope: Scope) -> Steps:
    """Return the step that answers names of the zones; offer them to be transferred."""
    step = _Step(settings, scope)
    scope.offers.zones += [
        ZoneContents(name, partial(step.serial, index), partial(step.rrsets, index))
        for index, name in enumerate(settings.zones)
    ]
    reach = Reach(zones=settings.zones)
    if settings.fallthrough is None:
        return Steps(answer=step.answer, reach=reach)
    return Steps(around=step.around, reach=reach)


class _Step:
    """The questions of one server block on their way past the zones of the stanza."""

    def __init__(self, settings: ExternalSettings, scope: Scope) -> None:
        self._settings = settings
        self._scope = scope

    @cached_property
    def _names(self) -> ExternalNames | None:
        """The names of the block's cluster, which is known when the first query comes."""
        scope = self._scope
        if not scope.offers.clusters:
            return None
        stanza, state = scope.offers.clusters[-1]
        return ExternalNames(
            self._settings,
            stanza.settings,
            state,
            local_addresses=scope.local_addresses,
            ask=scope.ask,
        )

    def answer(self, query: Query, _: Client) -> Answer | Later[Answer] | None:
        """Return the answer; None if the name is in none of the zones."""
        if self._names is not None:
            return self._names.find(query.question)
        owner = query.question.owner
        return _NO_CLUSTER if any(is_within(owner, zone) for zone in self._settings.zones) else None

    def around(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        """Return the answer, or that of the next directive where the name falls through."""
        found = self.answer(query, client)
        if found is None:
            return rest(query, client)
        names = self._names
        is_passed_on = names is not None and names.is_passed_on(query.question.owner)
        # An answer with a zone and an rcode is about a name that does not exist, or may not.
        if isinstance(found, Answer) and found.rcode and found.authority and is_passed_on:
            # What comes from behind is not to be said again: the name may exist by then.
            return then(rest(query, client), partial(replace, depends_on=None))
        return found

    def serial(self, index: int) -> int:
        """Return the serial of a zone; 0 without a cluster."""
        names = self._names
        return 0 if names is None else ExternalZone(names, names.zones[index]).serial()

    def rrsets(self, index: int) -> Iterator[RRset]:
        """Return the RRsets of a zone; none without a cluster."""
        names = self._names
        return iter(()) if names is None else ExternalZone(names, names.zones[index]).rrsets()


def _no_cluster() -> str:
    return (
        "kubernetes plugin not loaded: k8s_external needs the directive 'kubernetes' in the same "
        "server block"
    )


_NO_CLUSTER = Answer(
    RCode.SERVFAIL,
    authoritative=False,
    reason=Reason(InfoCode.OTHER, _no_cluster),
    written_by=_NAME,
)

DIRECTIVE = Directive(_NAME, parse, build)
