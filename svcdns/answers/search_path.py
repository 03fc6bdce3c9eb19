"""The search list of a client's resolver, gone through in its place.

Who knows a client's list is `plugins.autopath`'s business.

Source: resolv.conf(5), `search`.
"""

from collections.abc import Iterable
from dataclasses import replace

from svcdns.answers.answer import Answer, Dependency
from svcdns.answers.foreign import authority_of
from svcdns.wire.name import (
    MAX_NAME,
    ROOT,
    OwnerName,
    from_labels,
    from_text,
    is_within,
    labels,
    lower,
)
from svcdns.wire.question import Question
from svcdns.wire.rrset import cname

_SVC = b"\x03svc"

MAX_DOMAINS = 32
"""Of a list; every one may cost a question."""


def domains_of(words: Iterable[str]) -> tuple[OwnerName, ...]:
    """Return the domains that a search list names, in lower case; what is no name is left out."""
    found: list[OwnerName] = []
    for word in words:
        try:
            domain = lower(from_text(word))
        except ValueError:
            continue
        if domain != ROOT:
            found.append(domain)
    return tuple(found[:MAX_DOMAINS])


def zone_searched_by_pods(owner: OwnerName, zones: tuple[OwnerName, ...]) -> OwnerName | None:
    """Return the zone of the cluster for whose sake a Pod may ask for `owner`.

    None: no Pod comes to that name through the first domain of its search list.

    Args:
        owner: in lower case.
        zones: of the cluster, in lower case.

    Source: Kubernetes, "DNS for Services and Pods", on `dnsPolicy: ClusterFirst`.
    """
    zone = max((zone for zone in zones if is_within(owner, zone)), key=len, default=None)
    if zone is None:
        return None
    services = OwnerName(_SVC + zone)
    is_below = is_within(owner, services) and len(labels(owner)) >= len(labels(services)) + 2
    return zone if is_below else None


def domains_of_pod(namespace: str, zone: OwnerName) -> tuple[OwnerName, ...]:
    """Return the domains of the cluster in the search list of a Pod."""
    services = OwnerName(_SVC + zone)
    return (from_labels((namespace.encode(), *labels(services))), services, zone)


def further_names(question: Question, domains: tuple[OwnerName, ...]) -> tuple[OwnerName, ...]:
    """Return the names that a resolver would try next, in the client's spelling.

    None at all: the name is not within the first domain, so it is not the first one tried.

    Args:
        question: the one that was asked.
        domains: the search list, in lower case. The name alone comes last.
    """
    if not domains or question.owner == domains[0] or not is_within(question.owner, domains[0]):
        return ()
    typed = question.octets[: -4 - len(domains[0])]
    names = (OwnerName(typed + domain) for domain in (*domains[1:], ROOT))
    return tuple(name for name in names if len(name) <= MAX_NAME)


def as_asked(asked: Question, found: Question, answer: Answer) -> Answer:
    """Return the answer to another name as one to `asked`, with a CNAME in front.

    Args:
        asked: the question of the client.
        found: the question that `answer` is to.
        answer: what was said to it.
    """
    if answer.authority is not None and not is_within(asked.owner, answer.authority.name):
        # Its octets point into the other question; as records they do not follow the zone.
        records = authority_of(found, answer)
        answer = replace(answer, authority=None, authority_records=records, depends_on=None)
    for rrset in answer.answer:
        if rrset.owner.lower() != asked.owner:
            link = cname(asked.owner, rrset.ttl, rrset.owner)
            return replace(answer, answer=(link, *answer.answer))
    return answer


def joined(
    dependencies: Iterable[tuple[Dependency, ...] | None],
) -> tuple[Dependency, ...] | None:
    """Return what an answer depends on that several others have led to; None: it is not kept."""
    found: dict[Dependency, None] = {}
    for one in dependencies:
        if one is None:
            return None
        found |= dict.fromkeys(one)
    return tuple(found)
