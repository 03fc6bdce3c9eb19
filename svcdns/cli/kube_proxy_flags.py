"""kube-proxy's command line in the spelling of `svcdns proxy`, so that a DaemonSet keeps its args.

A switch may be written `--switch=true`. Flags that have no meaning here pass as `--ignored NAME`,
so that the command can name them; all others pass as they are, and the parser judges them.

Source: the flags of kube-proxy 1.36.
"""

from collections.abc import Sequence

SWITCHES = frozenset(
    (
        "enable-external-ips",
        "ipvs-local-fallback",
        "ipvs-strict-arp",
        "masquerade-all",
    )
)

IGNORED = {
    "alsologtostderr": "the log has one place",
    "bind-address": "the family of a Service decides; name the node with --node-address",
    "bind-address-hard-fail": "a port that is taken always ends the start",
    "config-sync-period": "the API server is watched",
    "conntrack-max-per-core": "set net.netfilter.nf_conntrack_max on the node",
    "conntrack-min": "set net.netfilter.nf_conntrack_max on the node",
    "conntrack-tcp-be-liberal": "set net.netfilter.nf_conntrack_tcp_be_liberal on the node",
    "conntrack-tcp-timeout-close-wait": "set it with sysctl on the node",
    "conntrack-tcp-timeout-established": "set it with sysctl on the node",
    "conntrack-udp-timeout": "set it with sysctl on the node",
    "conntrack-udp-timeout-stream": "set it with sysctl on the node",
    "detect-local-mode": "pods are told by --cluster-cidr",
    "feature-gates": "there are none",
    "iptables-localhost-nodeports": "node ports are not served on loopback",
    "kube-api-burst": "three watches need no limit",
    "kube-api-content-type": "JSON is read",
    "kube-api-qps": "three watches need no limit",
    "log-flush-frequency": "lines are written at once",
    "logtostderr": "the log has one place",
    "oom-score-adj": "set it in the Pod",
    "pod-bridge-interface": "pods are told by --cluster-cidr",
    "pod-interface-name-prefix": "pods are told by --cluster-cidr",
    "profiling": "there is none",
    "proxy-port-range": "no mode needs ports of its own",
    "show-hidden-metrics-for-version": "there are none",
    "v": "the log has one level",
    "vmodule": "the log has one level",
}
"""Flag of kube-proxy -> why it has no effect."""

_IGNORED_SWITCHES = frozenset(
    (
        "alsologtostderr",
        "bind-address-hard-fail",
        "conntrack-tcp-be-liberal",
        "iptables-localhost-nodeports",
        "logtostderr",
        "profiling",
    )
)
_WORDS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def translate(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with kube-proxy's flags as options of `svcdns proxy`."""
    ours: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.lstrip("-").partition("=")
        if argument == "--":
            return [*ours, argument, *rest]
        if not argument.startswith("-") or not name:
            ours.append(argument)
        elif name in SWITCHES and value.lower() in _WORDS:
            ours.append(f"--{name}" if _WORDS[value.lower()] else f"--no-{name}")
        elif name == "cleanup" and (not equals or _WORDS.get(value.lower())):
            ours = ["cleanup", "--kube-proxy", *ours]
        elif name in IGNORED and (argument.startswith("--") or name == "v"):
            ours += ["--ignored", name]
            if not equals and name not in _IGNORED_SWITCHES:
                del rest[:1]
        else:
            ours.append(argument)
    return ours
