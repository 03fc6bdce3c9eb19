"""The directives of svcdns: one module each, listed by hand in the order in which they act.

The order is CoreDNS's (`corefile.directives.ORDER`), whatever the order in a Corefile. Plugins
do not know one another; what they share is in `route` and `corefile`. A directive that CoreDNS
has and svcdns has not is a mistake, never skipped: `UNSUPPORTED` says for each one what it
would do and what there is instead.
"""

from collections.abc import Mapping

from svcdns.plugins import (
    acl,
    autopath,
    bind,
    bufsize,
    cache,
    cancel,
    chaos,
    debug,
    dns64,
    dnstap,
    errors,
    file,
    forward,
    header,
    health,
    hosts,
    k8s_external,
    kubernetes,
    loadbalance,
    local,
    log,
    loop,
    metadata,
    minimal,
    multisocket,
    nsid,
    pprof,
    prometheus,
    ready,
    reload,
    rewrite,
    root,
    shed,
    template,
    timeouts,
    trace,
    transfer,
    whoami,
)
from svcdns.plugins import (
    any as any_,
)
from svcdns.route.directive import Directive

DIRECTIVES: tuple[Directive, ...] = (
    root.DIRECTIVE,
    metadata.DIRECTIVE,
    cancel.DIRECTIVE,
    timeouts.DIRECTIVE,
    multisocket.DIRECTIVE,
    reload.DIRECTIVE,
    nsid.DIRECTIVE,
    bufsize.DIRECTIVE,
    bind.DIRECTIVE,
    debug.DIRECTIVE,
    trace.DIRECTIVE,
    ready.DIRECTIVE,
    health.DIRECTIVE,
    pprof.DIRECTIVE,
    shed.DIRECTIVE,
    prometheus.DIRECTIVE,
    errors.DIRECTIVE,
    log.DIRECTIVE,
    dnstap.DIRECTIVE,
    local.DIRECTIVE,
    dns64.DIRECTIVE,
    any_.DIRECTIVE,
    chaos.DIRECTIVE,
    loadbalance.DIRECTIVE,
    rewrite.DIRECTIVE,
    autopath.DIRECTIVE,
    acl.DIRECTIVE,
    cache.DIRECTIVE,
    header.DIRECTIVE,
    minimal.DIRECTIVE,
    template.DIRECTIVE,
    transfer.DIRECTIVE,
    hosts.DIRECTIVE,
    k8s_external.DIRECTIVE,
    kubernetes.DIRECTIVE,
    file.DIRECTIVE,
    loop.DIRECTIVE,
    forward.DIRECTIVE,
    whoami.DIRECTIVE,
)

SUPPORTED: tuple[str, ...] = tuple(directive.name for directive in DIRECTIVES)

_NO_ZONES = "zones come from clusters and zone files only"
_NO_TRANSPORT = "svcdns speaks UDP and TCP only"

UNSUPPORTED: Mapping[str, str] = {
    "geoip": "it looks up where a client is; take it out, no directive here asks for that",
    "proxyproto": "it reads PROXY protocol headers; take it out and pass packets on unchanged",
    "quic": f"it limits DNS over QUIC; {_NO_TRANSPORT}, take it out",
    "grpc_server": f"it limits DNS over gRPC; {_NO_TRANSPORT}, take it out",
    "https": f"it limits DNS over HTTPS; {_NO_TRANSPORT}, take it out",
    "https3": f"it limits DNS over HTTP/3; {_NO_TRANSPORT}, take it out",
    "siit": "it translates between IPv4 and IPv6 both ways; 'dns64' makes AAAA records of A",
    "tsig": "it signs transfers; take it out, 'transfer' goes by the client's address",
    "dnssec": "it signs answers; take it out, nobody signs cluster.local",
    "tls": f"it sets the certificate of DNS over TLS; {_NO_TRANSPORT}, take it out",
    "dynupdate": "it takes dynamic updates; take it out, a 'file' is read again when it changes",
    "route53": f"it serves zones of Amazon Route 53; {_NO_ZONES}",
    "azure": f"it serves zones of Azure DNS; {_NO_ZONES}",
    "clouddns": f"it serves zones of Google Cloud DNS; {_NO_ZONES}",
    "auto": "it serves a folder of zone files; name each one with 'file'",
    "secondary": "it copies zones from another server; fetch them and serve them with 'file'",
    "etcd": f"it serves records from etcd; {_NO_ZONES}",
    "grpc": "it asks other servers over gRPC; write 'forward', over UDP, TCP or TLS",
    "erratic": "it answers badly on purpose; take it out, 'whoami' answers without a cluster",
    "on": "it runs commands at start and stop; take it out and use hooks of the container",
    "sign": "it signs zone files; take it out, sign them before and serve them with 'file'",
    "view": "it chooses a server block by client; serve each block at a port of its own",
    "nomad": f"it serves names of Nomad services; {_NO_ZONES}",
}
"""Directive -> what it would do, and the nearest thing there is."""
