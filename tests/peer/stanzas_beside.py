"""Server blocks in which other directives stand beside `kubernetes`, and questions to them."""

from collections.abc import Sequence
from random import Random

import dns.rdatatype

from tests.peer.clusters import Cluster, Document, make_cluster
from tests.peer.questions import Ask, make_questions
from tests.peer.servers import ADDRESS
from tests.peer.stanzas import REVERSE, Stanza
from tests.peer.written import FLAGS, OPTS

_OUTSIDE = ("www.test", "nx.test", "alias.test", "servfail.test", "many.test", "a.example.org")
_SEARCHED = (
    *("web.shop.svc.cluster.local", "web.shop.shop.svc.cluster.local"),
    *("web.ops.shop.svc.cluster.local", "web.ops.svc.cluster.local", "www.test"),
    *("www.test.shop.svc.cluster.local", "nx.test.shop.svc.cluster.local"),
    *("web.shop.svc.cluster.local.shop.svc.cluster.local", "www.test.svc.cluster.local"),
    *("servfail.test.shop.svc.cluster.local", "nodata.test.shop.svc.cluster.local"),
)
_EXTERNAL = (
    *("ext.test", "shop.ext.test", "web.shop.ext.test", "db.shop.ext.test", "mail.ops.ext.test"),
    *("pod.svc.ext.test", "dns.ext.test", "ns1.dns.ext.test", "apex.ext.test", "ns.ext.test"),
    *("_http._tcp.web.shop.ext.test", "_sql._tcp.db.shop.ext.test", "tcp.gone.ext.test"),
    *("ns1.apex.ext.test", "7up.shop.ext.test", "pin.shop.ext.test", "7.113.0.203.in-addr.arpa"),
)
_RENAMED = (
    *("web.shop.here", "web.shop.here", "db.ops.here", "big.shop.here", "shop.here", "here"),
    *("_http._tcp.web.shop.here", "www.here", "mail.svc.here", "step-3.shop.here"),
)
_NAMES = {"autopath": _SEARCHED, "k8s_external": _EXTERNAL, "rewrite": _RENAMED}
_TYPES = ("A", "A", "AAAA", "SRV", "TXT", "PTR", "NS", "SOA", "CNAME", "HTTPS", "ANY", "MX")


def _stanza(
    *beside: str, pods: str = "insecure", slack: int = 0, udp_limit: int = 65_535
) -> Stanza:
    return Stanza(
        (".",),
        ("cluster.local", *REVERSE),
        pods,
        30,
        beside=(*beside, "forward . @honest"),
        slack=slack,
        udp_limit=udp_limit,
    )


HERE = "here"
"""Names that end so are those of Services, after a rule has changed them."""
_SUFFIX = "rewrite name suffix .here .svc.cluster.local answer auto"
BESIDE = (
    _stanza(),
    _stanza("cache 30", slack=3),
    _stanza("cache 600 {", "disable denial", "}", slack=3),
    _stanza("loop", "reload", "loadbalance", "errors", "log", "cache 30", slack=3),
    _stanza("minimal"),
    _stanza("any", "loadbalance"),
    _stanza("header {", "response set ra", "}"),
    _stanza("header {", "response clear aa", "query clear rd", "}"),
    _stanza(_SUFFIX),
    _stanza(
        "rewrite stop {", r"name regex (.*)\.here\.$ {1}.svc.cluster.local", "answer auto", "}"
    ),
    _stanza("rewrite continue ttl suffix .cluster.local 90", _SUFFIX),
    _stanza("rewrite name exact www.here web.shop.svc.cluster.local", "rewrite type ANY HINFO"),
    _stanza("rewrite rcode suffix .test NXDOMAIN NOERROR"),
    _stanza("rewrite cname suffix .example.com. .test."),
    _stanza("dns64"),
    _stanza("dns64 {", "translate_all", "}"),
    _stanza("acl shop.svc.cluster.local {", "block type A AAAA", "}"),
    _stanza(_SUFFIX, "acl svc.cluster.local {", "filter type SRV", "}"),
    _stanza("template IN AAAA cluster.local {", "rcode NOERROR", "}"),
    _stanza("hosts {", "192.0.2.9 web.shop.svc.cluster.local www.test", "fallthrough", "}"),
    _stanza("local", "bufsize 600", udp_limit=600),
    _stanza("autopath @kubernetes", pods="verified"),
    _stanza("autopath @kubernetes", "cache 30", pods="verified", slack=3),
    _stanza("autopath @folder/resolv.conf"),
    _stanza("autopath cluster.local @folder/resolv.conf", "loadbalance"),
    _stanza("k8s_external ext.test"),
    _stanza("k8s_external ext.test {", "apex apex", "ttl 60", "}"),
    _stanza("k8s_external ext.test {", "headless", "fallthrough", "}"),
)
RESOLV_CONF = "nameserver 192.0.2.53\nsearch shop.svc.cluster.local svc.cluster.local test\n"


def make_cluster_with_client(seed: int) -> Cluster:
    """Return the cluster of that seed, in which whoever asks is a Pod of the namespace shop."""
    metadata = {"name": "client", "namespace": "shop", "resourceVersion": "1", "labels": {}}
    status = {"phase": "Running", "podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}
    pod: Document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}
    pod["spec"] = {"containers": [], "nodeName": "node-1"}
    return Cluster((*make_cluster(seed).objects, pod))


def make_mixed(seed: int, cluster: Cluster, stanza: Stanza, count: int) -> list[Ask]:
    """Return questions about the cluster, the outside and what the other directives treat."""
    rng = Random(f"mixed {seed} {stanza}")  # noqa: S311  reproducible, not secret
    names = [*_OUTSIDE]
    for word, treated in _NAMES.items():
        names += [*treated] * 4 if stanza.has(word) else []
    own = [_ask(rng, rng.choice(names), _TYPES) for _ in range(count // 2)]
    if stanza.has("autopath"):  # what no name has is looked for elsewhere, so all rows would meet
        return [_ask(rng, rng.choice(names), _TYPES[:5]) for _ in range(count)]
    return [*make_questions(seed, cluster, stanza, count // 2), *own]


def _ask(rng: Random, name: str, types: Sequence[str]) -> Ask:
    labels = tuple(label.encode() for label in name.split("."))
    rrtype = int(dns.rdatatype.from_text(rng.choice(types)))
    return Ask(labels, rrtype, rng.choice(FLAGS), rng.choice(OPTS), stream=rng.random() < 0.08)
