"""The words CoreDNS knows: directives in their fixed order, and what became of older ones.

Which of them svcdns supports is `route.compile`'s business. `suggest` is the spelling help of
every message about a word.

Source: plugin.cfg of CoreDNS 1.15.0; the release notes of CoreDNS 1.0 to 1.15.
"""

from collections.abc import Iterable, Mapping

from svcdns.corefile.errors import shown

ORDER: tuple[str, ...] = (
    "root",
    "metadata",
    "geoip",
    "cancel",
    "proxyproto",
    "quic",
    "grpc_server",
    "https",
    "https3",
    "timeouts",
    "multisocket",
    "reload",
    "nsid",
    "bufsize",
    "bind",
    "debug",
    "trace",
    "ready",
    "health",
    "pprof",
    "shed",
    "prometheus",
    "errors",
    "log",
    "dnstap",
    "local",
    "dns64",
    "siit",
    "any",
    "chaos",
    "loadbalance",
    "tsig",
    "rewrite",
    "autopath",
    "acl",
    "cache",
    "header",
    "dnssec",
    "tls",
    "minimal",
    "template",
    "transfer",
    "dynupdate",
    "hosts",
    "route53",
    "azure",
    "clouddns",
    "k8s_external",
    "kubernetes",
    "file",
    "auto",
    "secondary",
    "etcd",
    "loop",
    "forward",
    "grpc",
    "erratic",
    "whoami",
    "on",
    "sign",
    "view",
    "nomad",
)
"""Whatever the order in the Corefile, directives are set up and asked in this one."""

REMOVED: Mapping[str, str] = {
    "proxy": "write: forward {arguments}",
    "upstream": "take the line out: targets of CNAMEs are looked up through the server itself",
    "federation": "take it out: Kubernetes has no federation v1 any more",
    "resyncperiod": "take the line out: the watch needs no resync",
    "reverse": "the directive 'template' answers such names",
    "startup": "it ran a command; take it out and use hooks of the container",
    "shutdown": "it ran a command; take it out and use hooks of the container",
}
"""Words of old CoreDNS versions -> the modern form.

`{arguments}` stands for what the line says behind the word.
"""

FOREIGN: Mapping[str, str] = {
    "kubernetai": "write one 'kubernetes' in a server block of its own for each cluster",
    "fanout": "write: forward {arguments}",
    "alternate": "the directive 'forward' has the options 'next' and 'failover'",
    "k8s_gateway": "the directive 'k8s_external' serves external addresses of Services",
    "unbound": "write: forward . /etc/resolv.conf",
    "ocp_dnsnameresolver": "take it out: only OpenShift's own CoreDNS has it",
}
"""Plugins that only special builds of CoreDNS have -> what comes nearest."""

REMOVED_OPTIONS: Mapping[tuple[str, str], str] = {
    ("kubernetes", "upstream"): REMOVED["upstream"],
    ("kubernetes", "resyncperiod"): REMOVED["resyncperiod"],
    ("kubernetes", "federation"): REMOVED["federation"],
    ("kubernetes", "transfer"): "write the directive 'transfer { to ADDRESS }' beside 'kubernetes'",
    (
        "kubernetes",
        "autopath",
    ): "write: pods verified; and beside 'kubernetes': autopath @kubernetes",
    ("kubernetes", "cidrs"): "name the ranges as zones: kubernetes cluster.local 10.0.0.0/24",
    ("kubernetes", "wildcards"): "take the line out: names with wildcards are not answered",
    ("etcd", "upstream"): REMOVED["upstream"],
    ("etcd", "stubzones"): "write a server block with 'forward' for each stub zone",
    ("file", "upstream"): REMOVED["upstream"],
    ("file", "transfer"): "write the directive 'transfer { to ADDRESS }' beside 'file'",
    ("file", "no_reload"): "write: reload 0",
    ("auto", "upstream"): REMOVED["upstream"],
    ("auto", "transfer"): "write the directive 'transfer { to ADDRESS }' beside 'auto'",
    ("auto", "no_reload"): "write: reload 0",
    ("secondary", "upstream"): REMOVED["upstream"],
    ("route53", "upstream"): REMOVED["upstream"],
    ("forward", "protocol"): "put the protocol into the address: forward . tls://9.9.9.9",
    ("forward", "fail_timeout"): "take the line out: 'health_check 0.5s' says how often to look",
    ("forward", "spray"): "take the line out",
}
"""(directive, option) of old CoreDNS versions -> the modern form."""

OPTION_OF: Mapping[str, str] = {
    "fallthrough": "kubernetes",
    "pods": "kubernetes",
    "namespaces": "kubernetes",
    "endpoint_pod_names": "kubernetes",
    "endpoint": "kubernetes",
    "ttl": "kubernetes",
    "lameduck": "health",
    "class": "log",
    "policy": "forward",
    "max_concurrent": "forward",
    "max_fails": "forward",
    "health_check": "forward",
    "prefer_udp": "forward",
    "force_tcp": "forward",
    "except": "forward",
    "tls_servername": "forward",
    "success": "cache",
    "denial": "cache",
    "servfail": "cache",
    "prefetch": "cache",
    "serve_stale": "cache",
    "match": "template",
    "answer": "template",
    "rcode": "template",
    "consolidate": "errors",
    "stacktrace": "errors",
}
"""An option that may be met where a directive should be -> a directive that has it."""

_LONGEST = 40


def correct(word: str, arguments: str) -> tuple[str, str]:
    """Return what is wrong with a word that is no directive, and what would be right.

    Args:
        word: in the place of a directive.
        arguments: what follows it on the line; the hint may be the whole line in its modern form.
    """
    problem = f"{shown(word)} is not a directive"
    if owner := OPTION_OF.get(word):
        return problem, f"it belongs into the block of one: {owner} {{"
    if modern := REMOVED.get(word):
        return f"{problem} any more", modern.format(arguments=arguments).rstrip()
    if nearest := FOREIGN.get(word):
        return f"{problem} of CoreDNS itself", nearest.format(arguments=arguments).rstrip()
    if near := suggest(word, (*ORDER, "import")):
        return f"{problem}; did you mean '{near}'?", ""
    return problem, ""


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` was most likely meant to be; None when none is near.

    Near is one slip for each three letters begun, at most three; a slip is a letter too much,
    too few, wrong, or swapped with its neighbour.
    """
    if not 2 <= len(word) <= _LONGEST:
        return None
    folded = word.casefold()
    limit = min(3, (len(word) + 2) // 3)
    near = [
        (slips, candidate)
        for candidate in candidates
        if abs(len(candidate) - len(word)) <= limit
        and (slips := _slips(folded, candidate.casefold())) <= limit
        and slips < len(candidate) - 1
    ]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _slips(left: str, right: str) -> int:
    """Return the optimal string alignment distance of two short words."""
    above: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, above, row = above, row, [i]
        for j, other in enumerate(right, 1):
            slips = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                slips = min(slips, before[j - 2] + 1)
            row.append(slips)
    return row[-1]
