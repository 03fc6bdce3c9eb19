"""What is legal in a Corefile and still does harm: said by `svcdns check`, never a mistake.

Each rule looks at plans and yields warnings with a place and a way out. Nothing here knows a
cluster: what can only be seen there is not guessed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from svcdns.answers.settings import KubernetesSettings, is_reverse
from svcdns.corefile.errors import Mistake
from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Key
from svcdns.plugins.bind import Bind
from svcdns.route.compile import Plan
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.targets import Address
from svcdns.wire.name import OwnerName, from_text, is_within, lower, to_text

USUAL_CLUSTER_DNS = {
    "10.96.0.10": "kubeadm, kind and minikube",
    "10.43.0.10": "k3s and RKE2",
    "10.100.0.10": "EKS",
    "172.20.0.10": "EKS and OpenShift",
    "10.0.0.10": "AKS",
    "10.152.183.10": "MicroK8s",
    "100.64.0.10": "kOps",
    "10.233.0.3": "kubespray",
    "10.245.0.10": "DigitalOcean",
    "10.3.0.10": "OVH",
    "10.32.0.10": "Scaleway",
}
"""Where clusters have their DNS Service unless somebody chose otherwise."""

Rule = Callable[[Sequence[Plan]], Iterator[Mistake]]


def advise(plans: Sequence[Plan]) -> tuple[Mistake, ...]:
    """Return a warning for everything in `plans` that does harm; empty for good ones."""
    return tuple(warning for rule in _RULES for warning in rule(plans))


def _settings(plan: Plan, name: str) -> object:
    return next((found for directive, found in plan.settings if directive.name == name), None)


def _has(plan: Plan, name: str) -> bool:
    return any(directive.name == name for directive, _ in plan.settings)


def _kubernetes(plans: Sequence[Plan]) -> Iterator[tuple[Plan, Token, KubernetesSettings]]:
    for plan in plans:
        settings = _settings(plan, "kubernetes")
        if isinstance(settings, KubernetesSettings):
            yield plan, next(_tokens(plan, "kubernetes")), settings


def _tokens(plan: Plan, name: str) -> Iterator[Token]:
    for stanza in plan.block.stanzas:
        if stanza.name.text == name:
            yield stanza.name


def _warning(token: Token, problem: str, hint: str) -> Mistake:
    return Mistake(token.location, problem, hint, token.width)


def _forwards_to_itself(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """Forwarding from the cluster's DNS to the cluster's DNS goes in a circle."""
    if not any(_has(plan, "kubernetes") for plan in plans):
        return  # a cache on each node: that is whom it has to ask
    for plan in plans:
        forwards = _settings(plan, "forward")
        if not isinstance(forwards, tuple):
            continue
        for token, forward in zip(_tokens(plan, "forward"), forwards, strict=True):
            for address in _addresses(forward):
                where = USUAL_CLUSTER_DNS.get(address)
                if where is not None:
                    yield _warning(
                        token,
                        f"forward: {address} is where {where} have the cluster's own DNS: "
                        "questions would go in a circle",
                        "forward to the resolvers of the nodes: forward . /etc/resolv.conf",
                    )


def _addresses(forward: Forwarding) -> Iterable[str]:
    return (one.endpoint.host for one in forward.targets if isinstance(one, Address))


def _forwards_unguarded(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """A resolver that forwards back here is found by `loop` alone."""
    for plan in plans:
        if not _has(plan, "loop"):
            for token in _tokens(plan, "forward"):
                yield _warning(
                    token,
                    "forward: nothing here notices an upstream that forwards back to this server",
                    "add a line: loop",
                )


def _shadowed(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """A block with a longer key takes the names of a zone before the stanza can see them."""
    for plan, token, settings in _kubernetes(plans):
        for zone in settings.zones:
            port = _port(plan.block.keys[0])
            keys = [
                (len(from_text(key.zone)), other is plan, key.token)
                for other in plans
                if _meet(plan, other)
                for key in other.block.keys
                if _port(key) == port and is_within(zone, lower(from_text(key.zone)))
            ]
            if not keys:
                continue
            _, is_own, key = max(keys, key=lambda found: found[:2])
            if is_own:
                continue
            yield _warning(
                token,
                f"kubernetes: names of {to_text(zone)} never come here: the server block "
                f"'{key.text}' at {key.file}:{key.line} takes them",
                "put this stanza into that block, or take the block out",
            )


def _shadowed_below(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """A block for `svc.ZONE`, or for what is below, takes names of Services from the stanza."""
    for plan, token, settings in _kubernetes(plans):
        port = _port(plan.block.keys[0])
        kinds = [
            OwnerName(kind + zone)
            for zone in settings.zones
            if not is_reverse(zone)
            for kind in (b"\3svc", b"\3pod")
        ]
        for other in plans:
            own = _settings(other, "kubernetes")
            served = own.zones if isinstance(own, KubernetesSettings) else ()
            for key in other.block.keys:
                zone = lower(from_text(key.zone))
                if (
                    other is plan
                    or not _meet(plan, other)
                    or _port(key) != port
                    or not any(is_within(zone, kind) for kind in kinds)
                    or any(is_within(zone, one) for one in served)
                ):
                    continue
                yield _warning(
                    key.token,
                    f"names below {to_text(zone)} never come to the 'kubernetes' at "
                    f"{token.file}:{token.line}: this server block takes them",
                    "take the block out, or give it a 'kubernetes' of its own",
                )


def _meet(plan: Plan, other: Plan) -> bool:
    """Whether two blocks may listen at one address."""
    here, there = _bound(plan), _bound(other)
    return not here or not there or bool(here & there)


def _bound(plan: Plan) -> set[str]:
    """Return what a block is bound to; nothing: every address."""
    bind = _settings(plan, "bind")
    return {token.text for token in bind.wanted} if isinstance(bind, Bind) else set()


def _port(key: Key) -> int:
    return 53 if key.port is None else key.port


def _unready(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """Without `/ready` a Service sends questions to a server that knows nothing yet."""
    if any(_has(plan, "ready") for plan in plans):
        return
    for _, token, _ in _kubernetes(plans):
        yield _warning(
            token,
            "kubernetes: nothing says when the cluster is known: clients are sent here before",
            "add a line: ready, and point the readinessProbe to :8181/ready",
        )
        return


def _verified_for_nothing(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """`pods verified` watches every Pod of the cluster."""
    for plan, token, settings in _kubernetes(plans):
        if settings.pods == "verified" and not (_has(plan, "autopath") or _has(plan, "metadata")):
            yield _warning(
                token,
                "kubernetes: 'pods verified' watches every Pod of the cluster and keeps it in "
                "memory",
                "write 'pods insecure' unless somebody relies on names of Pods that are gone "
                "not resolving",
            )


def _acl_after_rewrite(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """Rules about names see the rewritten name, whatever the order in the Corefile."""
    for plan in plans:
        if _has(plan, "rewrite"):
            for token in _tokens(plan, "acl"):
                yield _warning(
                    token,
                    "acl: 'rewrite' acts first: rules see the name that a question was "
                    "rewritten to",
                    "name the rewritten zones in acl, or put the two into different server blocks",
                )


def _reverse_missing(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """Without the reverse zones, addresses of the cluster are asked of resolvers outside."""
    for plan, token, settings in _kubernetes(plans):
        takes_all = any(key.zone == "." for key in plan.block.keys)
        is_named = any(is_reverse(zone) for zone in settings.zones)
        if takes_all and _has(plan, "forward") and not is_named:
            yield _warning(
                token,
                "kubernetes: addresses of the cluster have no names: PTR questions are forwarded",
                "write: kubernetes ZONE in-addr.arpa ip6.arpa, with a fallthrough for the last two",
            )


def _external_alone(plans: Sequence[Plan]) -> Iterator[Mistake]:
    """External names are known through the `kubernetes` stanza of their own server block."""
    for plan in plans:
        if not _has(plan, "kubernetes"):
            for token in _tokens(plan, "k8s_external"):
                yield _warning(
                    token,
                    "k8s_external: there is no 'kubernetes' in this server block: all its names "
                    "get SERVFAIL",
                    "add a line: kubernetes cluster.local",
                )


_RULES: tuple[Rule, ...] = (
    _forwards_to_itself,
    _forwards_unguarded,
    _shadowed,
    _shadowed_below,
    _unready,
    _verified_for_nothing,
    _acl_after_rewrite,
    _reverse_missing,
    _external_alone,
)
