"""kubernetes - answer names of the cluster from what the API server says is there.

The stanza becomes `answers.settings`, the answers come from `answers.lookup`. What is left for
here: the words of the Corefile, passing on a name that does not exist where `fallthrough` says
so, and labels about the question for whoever logs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from svcdns.answers.answer import Answer
from svcdns.answers.later import Later
from svcdns.answers.lookup import Stanza
from svcdns.answers.names import (
    EndpointName,
    Fixed,
    Name,
    NamespaceNode,
    PodName,
    PortName,
    ServiceName,
    ZonalName,
)
from svcdns.answers.negative import Zone
from svcdns.answers.search_path import domains_of_pod, zone_searched_by_pods
from svcdns.answers.settings import KubernetesSettings, is_reverse
from svcdns.answers.transfer import ClusterZone
from svcdns.cluster.model import Pod
from svcdns.cluster.selector import parse_selector
from svcdns.cluster.state import State
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.offers import Cluster, ZoneContents
from svcdns.route.stages import AnswerStep, Client, Steps
from svcdns.wire.name import OwnerName, from_text, lower, pack_address
from svcdns.wire.question import Query

MAX_TTL = 3600

_BARE_REVERSE = (from_text("in-addr.arpa"), from_text("ip6.arpa"))


def parse(arguments: Arguments) -> KubernetesSettings:
    """Read the only `kubernetes [ZONES...] { options }` of a server block."""
    stanza = arguments.once()
    zones = _names(stanza.zones())
    if not any(zone in _BARE_REVERSE or not is_reverse(zone) for zone in zones):
        stanza.mistake(
            "non-reverse zone name must be used",
            "name the cluster's zone too: kubernetes cluster.local in-addr.arpa ip6.arpa",
        )
    settings = KubernetesSettings(zones)
    seen: dict[str, Words] = {}
    for option in stanza.options(*_READERS):
        settings = _READERS[option.name](option, settings)
        seen[option.name] = option
    if settings.namespaces and settings.namespace_labels:
        seen["namespace_labels"].mistake("namespaces and namespace_labels cannot both be set")
    if settings.zonal and settings.noendpoints:
        seen["zonal"].mistake("zonal requires the endpoint cache; remove noendpoints")
    return settings


Reader = Callable[[Words, KubernetesSettings], KubernetesSettings]


def _namespaces(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    names = frozenset(word.text for word in option.at_least(1, "NAMESPACE"))
    return replace(settings, namespaces=settings.namespaces | names)


def _labels(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, labels=_selector(option, "label"))


def _namespace_labels(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, namespace_labels=_selector(option, "namespace_label"))


def _selector(option: Words, called: str) -> str:
    word = option.peek()
    text = option.joined("KEY=VALUE")
    try:
        parse_selector(text)
    except ValueError as error:
        option.mistake(
            f"unable to parse {called} selector value: '{text}': {error}",
            "a selector is written as in: app=web, tier in (front, back), !legacy",
            at=word,
        )
    return text


def _endpoint(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    first, *others = option.at_least(1, "https://ADDRESS:6443")
    if others:
        option.warning(
            "multiple endpoints have been deprecated, only the first specified endpoint "
            f"'{first.text}' is used",
            "take out: " + " ".join(word.text for word in others),
            at=others[0],
        )
    return replace(settings, endpoint=(first.text, *(word.text for word in others)))


def _tls(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    certificate, key, authority = option.exactly(3, "FILE")
    return replace(settings, tls=(certificate.text, key.text, authority.text))


def _kubeconfig(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    file = option.text(example="FILE")
    return replace(settings, kubeconfig=(file, option.text(default="")))


def _fallthrough(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, fallthrough=_names(option.zones(default=(".",))))


def _ttl(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    ttl = option.integer(0, MAX_TTL, meaning="a number of seconds")
    _ignore_rest(option)
    return replace(settings, ttl=ttl)


def _pods(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    mode = option.choice("disabled", "verified", "insecure")
    return replace(settings, pods=mode)  # type: ignore[arg-type]  # `choice` returned one of them


def _ignore(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    if not option.left:
        option.warning("ignore without a word has no effect", "write: ignore empty_service")
        return settings
    word = option.take()
    if word.text != "empty_service":
        option.mistake(
            f"unable to parse ignore value: '{word.text}'",
            "write: ignore empty_service",
            at=word,
        )
    _ignore_rest(option)
    return replace(settings, ignore_empty_service=True)


def _ignore_rest(option: Words) -> None:
    """Let words pass that CoreDNS does not read either."""
    rest = option.rest()
    if rest:
        option.warning(f"nothing reads '{rest[0].text}' here", "take it out", at=rest[0])


def _startup_timeout(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, startup_timeout=option.duration(0))


def _qps(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, apiserver_qps=option.number(0))


def _burst(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, apiserver_burst=option.integer(0))


def _max_inflight(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    return replace(settings, apiserver_max_inflight=option.integer(0))


def _multicluster(option: Words, settings: KubernetesSettings) -> KubernetesSettings:
    option.rest()
    option.mistake(
        "multicluster is not supported yet: ServiceImports are not watched",
        "take the line out; a CoreDNS beside this server can go on serving those zones",
    )
    return settings


_READERS: Mapping[str, Reader] = {
    "endpoint_pod_names": lambda _, settings: replace(settings, endpoint_pod_names=True),
    "pods": _pods,
    "namespaces": _namespaces,
    "namespace_labels": _namespace_labels,
    "labels": _labels,
    "endpoint": _endpoint,
    "tls": _tls,
    "kubeconfig": _kubeconfig,
    "fallthrough": _fallthrough,
    "ttl": _ttl,
    "noendpoints": lambda _, settings: replace(settings, noendpoints=True),
    "zonal": lambda _, settings: replace(settings, zonal=True),
    "ignore": _ignore,
    "multicluster": _multicluster,
    "startup_timeout": _startup_timeout,
    "apiserver_qps": _qps,
    "apiserver_burst": _burst,
    "apiserver_max_inflight": _max_inflight,
}


def _names(zones: tuple[str, ...]) -> tuple[OwnerName, ...]:
    return tuple(lower(from_text(zone)) for zone in zones)


def build(settings: KubernetesSettings, scope: Scope) -> Steps:
    """Return the step that answers, the labels, and when the cluster is known."""
    state = scope.cluster(settings)
    stanza = Stanza(settings, state, local_addresses=scope.local_addresses, ask=scope.ask)
    if settings.pods == "verified":
        scope.offers.search_paths["kubernetes"] = partial(_search_path, settings.zones, state)
    scope.offers.clusters.append(Cluster(stanza, state))
    for zone in map(partial(_whole, settings, scope, state), stanza.zones):
        scope.offers.zones.append(ZoneContents(zone.name, zone.serial, zone.rrsets))
    return Steps(
        answer=_answer_step(stanza),
        is_volatile=settings.fallthrough is not None,
        reach=Reach(zones=tuple(settings.zones)),
        metadata=_metadata_step(stanza, state),
        ready=lambda: state.synced,
    )


def _answer_step(stanza: Stanza) -> AnswerStep:
    find = stanza.find
    if stanza.settings.fallthrough is None:
        return lambda query, _: find(query.question)

    def answer(query: Query, _: Client) -> Answer | Later[Answer] | None:
        found = find(query.question)
        # An answer with a zone and an rcode is about a name that does not exist, or may not.
        if not isinstance(found, Answer) or not found.rcode or found.authority is None:
            return found
        return None if stanza.is_passed_on(query.question.owner) else found

    return answer


def _metadata_step(stanza: Stanza, state: State) -> Callable[[Query, Client], Mapping[str, str]]:
    def metadata(query: Query, client: Client) -> Mapping[str, str]:
        labels = _client_labels(state, client) if stanza.settings.pods == "verified" else {}
        located = stanza.locate(query.question.owner)
        if located is not None:
            labels |= name_labels(located[1])
        return {f"kubernetes/{key}": value for key, value in labels.items()}

    return metadata


def _whole(settings: KubernetesSettings, scope: Scope, state: State, zone: Zone) -> ClusterZone:
    return ClusterZone(zone, settings, state, scope.local_addresses)


def _search_path(
    zones: tuple[OwnerName, ...], state: State, owner: OwnerName, client: Client
) -> tuple[OwnerName, ...] | None:
    """Return the domains of the cluster in the search list of the Pod that asks."""
    zone = zone_searched_by_pods(owner, zones)
    if zone is None:
        return None
    pods = _pods_at(state, client)
    return domains_of_pod(pods[0].namespace, zone) if pods else ()


def _pods_at(state: State, client: Client) -> tuple[Pod, ...]:
    try:
        return state.pods_at(pack_address(client.address))
    except ValueError:
        return ()  # a socket that is no IP socket


def _client_labels(state: State, client: Client) -> dict[str, str]:
    pods = _pods_at(state, client)
    if not pods:
        return {}
    pod = pods[0]
    return {
        "client-namespace": pod.namespace,
        "client-pod-name": pod.name,
        **{f"client-label/{key}": value for key, value in pod.labels},
    }


def name_labels(name: Name) -> dict[str, str]:
    """Return what a name says, by the words CoreDNS has for it; every word always has a value."""
    labels = dict.fromkeys(
        ("endpoint", "kind", "namespace", "port-name", "protocol", "service"), ""
    )
    match name:
        case Fixed.APEX:
            pass
        case Fixed.SVC | Fixed.POD:
            labels["kind"] = name.value[0]
        case NamespaceNode():
            labels |= {"kind": name.tree, "namespace": name.namespace}
        case PodName():
            labels |= {"kind": "pod", "namespace": name.namespace, "service": name.pod}
        case ServiceName() | EndpointName() | PortName() | ZonalName():
            labels |= {"kind": "svc", "namespace": name.namespace, "service": name.service}
            labels |= _left_of_service(name)
        case _:
            return {"parse-error": "invalid query name"}
    return labels


def _left_of_service(name: ServiceName | EndpointName | PortName | ZonalName) -> dict[str, str]:
    match name:
        case EndpointName():
            return {"endpoint": name.endpoint}
        case PortName():
            return {"port-name": name.port, "protocol": name.protocol}
        case ZonalName():
            return {"zone": name.zone}
        case _:
            return {}


DIRECTIVE = Directive("kubernetes", parse, build)
