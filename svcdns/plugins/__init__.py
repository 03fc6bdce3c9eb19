"""The directives of svcdns: one module each, listed by hand in the order in which they act.

The order is CoreDNS's (`corefile.directives.ORDER`), whatever the order in a Corefile. Plugins
do not know one another; what they share is in `route` and `corefile`. A directive that CoreDNS
has and svcdns has not is a mistake, never skipped: `UNSUPPORTED` says for each one what it
would do and what there is instead.
"""

from collections.abc import Mapping

from svcdns.plugins import (
    cancel,
    debug,
    errors,
    health,
    kubernetes,
    loadbalance,
    log,
    metadata,
    prometheus,
    ready,
    root,
    whoami,
)
from svcdns.route.directive import Directive

DIRECTIVES: tuple[Directive, ...] = (
    root.DIRECTIVE,
    metadata.DIRECTIVE,
    cancel.DIRECTIVE,
    debug.DIRECTIVE,
    ready.DIRECTIVE,
    health.DIRECTIVE,
    prometheus.DIRECTIVE,
    errors.DIRECTIVE,
    log.DIRECTIVE,
    loadbalance.DIRECTIVE,
    kubernetes.DIRECTIVE,
    whoami.DIRECTIVE,
)

SUPPORTED: tuple[str, ...] = tuple(directive.name for directive in DIRECTIVES)

_NO_UPSTREAM = "svcdns asks no other server yet"
_NO_ZONES = "svcdns serves names of a Kubernetes cluster only"
_NO_TRANSPORT = "svcdns speaks UDP and TCP only"

UNSUPPORTED: Mapping[str, str] = {
    "geoip": "it looks up where a client is; take it out, no directive here asks for that",
    "proxyproto": "it reads PROXY protocol headers; take it out and pass packets on unchanged",
    "quic": f"it limits DNS over QUIC; {_NO_TRANSPORT}, take it out",
    "grpc_server": f"it limits DNS over gRPC; {_NO_TRANSPORT}, take it out",
    "https": f"it limits DNS over HTTPS; {_NO_TRANSPORT}, take it out",
    "https3": f"it limits DNS over HTTP/3; {_NO_TRANSPORT}, take it out",
    "timeouts": "it sets timeouts of connections; take it out, idle ones are closed after 10 s",
    "multisocket": "it opens several sockets for a port; take it out and run more replicas",
    "reload": "it takes a changed Corefile into use; take it out and restart after a change",
    "nsid": "it names the answering server; take it out, 'log' has the address as {local}",
    "bufsize": "it limits UDP responses; take it out, they never exceed 1232 octets",
    "bind": "it chooses where to listen; take it out and start with --bind ADDRESS",
    "trace": "it sends traces; take it out, 'log' has the time each query took",
    "pprof": "it profiles Go; take it out, 'prometheus' has python_* metrics",
    "shed": "it drops queries under load; take it out, work is bounded without it",
    "dnstap": "it sends copies of queries; 'log' writes a line for each one",
    "local": "it answers localhost; take it out, clients have that name in /etc/hosts",
    "dns64": f"it makes AAAA records of A records; {_NO_UPSTREAM}, take it out",
    "siit": f"it translates between IPv4 and IPv6; {_NO_UPSTREAM}, take it out",
    "any": "it shortens answers to ANY; take it out, UDP responses are small anyway",
    "chaos": "it answers version.bind; take it out, coredns_build_info has the version",
    "tsig": f"it signs transfers; {_NO_ZONES}, take it out",
    "rewrite": "it changes names before they are answered; make a Service of type ExternalName",
    "autopath": "it walks the search path for the client; take it out, clients do it themselves",
    "acl": "it refuses clients by address; take it out and use a NetworkPolicy",
    "cache": "it keeps answers; take it out, cluster names come from memory and are never stale",
    "header": "it changes flags of responses; take it out, there is nothing like it yet",
    "dnssec": f"it signs answers; {_NO_ZONES}, which nobody signs, take it out",
    "tls": f"it sets the certificate of DNS over TLS; {_NO_TRANSPORT}, take it out",
    "minimal": "it leaves out records nobody asked for; take it out, there are few",
    "template": "it makes answers from patterns; make a Service of type ExternalName",
    "transfer": "it hands out whole zones; take it out, there is nothing like it yet",
    "dynupdate": f"it takes dynamic updates; {_NO_ZONES}, take it out",
    "hosts": "it answers from a hosts file; make a headless Service with its own EndpointSlice",
    "route53": f"it serves zones of Amazon Route 53; {_NO_ZONES}",
    "azure": f"it serves zones of Azure DNS; {_NO_ZONES}",
    "clouddns": f"it serves zones of Google Cloud DNS; {_NO_ZONES}",
    "k8s_external": "it names external addresses; 'kubernetes' answers the cluster's own names",
    "file": f"it serves a zone file; {_NO_ZONES}",
    "auto": f"it serves a folder of zone files; {_NO_ZONES}",
    "secondary": f"it copies zones from another server; {_NO_ZONES}",
    "etcd": f"it serves records from etcd; {_NO_ZONES}",
    "loop": f"it looks for forwarding loops; {_NO_UPSTREAM}, take it out",
    "forward": f"it asks other resolvers; {_NO_UPSTREAM}, have clients ask those for other names",
    "grpc": f"it asks other servers over gRPC; {_NO_UPSTREAM}, take it out",
    "erratic": "it answers badly on purpose; take it out, 'whoami' answers without a cluster",
    "on": "it runs commands at start and stop; take it out and use hooks of the container",
    "sign": f"it signs zone files; {_NO_ZONES}, take it out",
    "view": "it chooses a server block by client; serve each block at a port of its own",
    "nomad": f"it serves names of Nomad services; {_NO_ZONES}",
}
"""Directive -> what it would do, and the nearest thing there is."""
