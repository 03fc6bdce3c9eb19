"""Following a CNAME: within the zone at once, outside through the whole server.

A target in the cluster that does not resolve makes the answer NODATA, as CoreDNS does; a
target outside leaves the CNAME standing, whatever became of it. Two Services that point to
each other end here, not in the stack: both ways count their steps.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 section 2.5; RFC 1034 section 3.6.2.
"""

from collections.abc import Callable
from functools import partial

from svcdns.answers import reason
from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.asked import Asked
from svcdns.answers.foreign import Outcome, opened
from svcdns.answers.later import Later, then
from svcdns.answers.names import Name, parse_below
from svcdns.answers.negative import nodata
from svcdns.cluster.model import Service
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT, OwnerName, from_text, is_within, lower, pack_address
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, cname

Ask = Callable[[Question], Outcome | Later[Outcome | None] | None]
"""The answer of the whole server; None: nobody can answer it."""
Resolve = Callable[[Asked, Name], Answer | Later[Answer]]
Dependencies = tuple[Dependency, ...]

MAX_HOPS = 10
"""CNAMEs in a row within one zone."""


def cname_target(text: str) -> OwnerName | None:
    """Return the name that an externalName or an FQDN endpoint stands for, in lower case.

    None if it is an address or no name: there is no record for that.
    """
    try:
        pack_address(text)
    except ValueError:
        pass
    else:
        return None
    try:
        target = lower(from_text(text))
    except ValueError:
        return None
    return None if target == ROOT else target


class Chase:
    """Follows the CNAMEs of one stanza."""

    def __init__(
        self,
        ttl: int,
        resolve: Resolve,
        dependencies: Callable[[Name], Dependencies | None],
        ask: Ask | None,
    ) -> None:
        """Follow CNAMEs.

        Args:
            ttl: seconds, of the CNAME records.
            resolve: answers a name of the zone.
            dependencies: what the answer to a name depends on, be it there or not.
            ask: answers any other name; None: the client has to ask by itself.
        """
        self._ttl = ttl
        self._resolve = resolve
        self._dependencies = dependencies
        self._ask = ask

    def follow(
        self, asked: Asked, service: Service, target: OwnerName, depends_on: Dependencies
    ) -> Answer | Later[Answer]:
        """Return the CNAME of `asked` and the addresses of its target.

        Args:
            asked: a question for A or AAAA.
            service: whose name it is.
            target: lower case.
            depends_on: what the CNAME itself depends on.
        """
        zone = asked.zone
        link = cname(asked.owner, self._ttl, target)
        if not is_within(target, zone.name):
            return self._outside(asked, service, target, link)
        hops = (*asked.hops, asked.owner)
        if len(hops) > MAX_HOPS or target in hops:
            why = Reason(InfoCode.OTHER, reason.endless, (service, target))
            return nodata(zone, asked.rrtype, why, depends_on)
        name = parse_below(target, zone.name)
        assert name is not None, "the target was found to be within the zone"  # noqa: S101
        inner = self._resolve(asked._replace(owner=target, hops=hops), name)
        further = partial(self._linked, asked, service, link, name, depends_on)
        return then(inner, further)

    def _linked(
        self,
        asked: Asked,
        service: Service,
        link: RRset,
        name: Name,
        depends_on: Dependencies,
        inner: Answer,
    ) -> Answer:
        """Return `link` and what its target, a name of the zone, is answered with."""
        if inner.rcode == RCode.SERVFAIL:  # not loaded yet: that must not become a denial
            return inner
        further = inner.depends_on
        if inner.rcode != RCode.NOERROR:
            further = self._dependencies(name)
        depends: Dependencies | None = None
        if further is not None:
            depends = tuple(dict.fromkeys(depends_on + further))
        if inner.answer:
            return Answer(answer=(link, *inner.answer), reason=inner.reason, depends_on=depends)
        facts = (service, OwnerName(link.records[0]), asked.rrtype)
        why = Reason(InfoCode.OTHER, reason.dangling, facts)
        return nodata(asked.zone, asked.rrtype, why, depends)

    def _outside(
        self, asked: Asked, service: Service, target: OwnerName, link: RRset
    ) -> Answer | Later[Answer]:
        if self._ask is None:
            return _beyond(asked, service, link, None)
        inner = self._ask(Question.of(target, asked.rrtype))
        return then(inner, partial(_beyond, asked, service, link))


def _beyond(asked: Asked, service: Service, link: RRset, outcome: Outcome | None) -> Answer:
    """Return `link` and what the rest of the world says to its target."""
    target = link.records[0]
    inner = None if outcome is None else opened(outcome)
    if inner is not None and any(rrset.owner == asked.owner for rrset in inner.answer):
        why = Reason(InfoCode.OTHER, reason.endless, (service, target))
        return Answer(answer=(link,), reason=why)
    if inner is not None and inner.answer:
        return Answer(answer=(link, *inner.answer))
    cause = inner.reason if inner is not None else None
    return Answer(
        answer=(link,),
        reason=Reason(InfoCode.OTHER, reason.unresolved, (service, target, cause)),
    )
