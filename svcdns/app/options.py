"""What the command line asks of one server process, as a value.

Nothing here opens, reads or checks anything: `cli.serve` fills it, `app.run` obeys it.
"""

from dataclasses import dataclass

from svcdns.app.proxy_settings import ProxySettings

DEFAULT_COREFILE = """\
. {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""
"""What is served when no Corefile was named and the working directory has none, or an empty one:
what kubeadm writes, at the port of the command line."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    corefile: str = "Corefile"
    """Path of the Corefile; with `corefile_text` the name messages use, `stdin` or `default`."""
    corefile_text: str | None = None
    """The text itself when it came from no file; then there is nothing to reload."""
    manifests: str | None = None
    """Folder or file of Kubernetes objects, `-` for standard input; None: no such source."""
    kubeconfig: str = ""
    """Path; empty: what the Corefile says, else the Pod we run in, else where kubectl looks."""
    context: str = ""
    """Of the kubeconfig; empty: its current one."""
    servers: tuple[str, ...] = ()
    """URLs of API servers, in the order to try; empty: the one that the kubeconfig names."""
    snapshot: str = ""
    """File of the last known state, for a start while the API server is away; empty: none."""
    port: int = 53
    """For server block keys that name no port; 0 lets the system choose."""
    bind: str = ""
    """Address for server blocks that do not say where to listen; empty: every address."""
    reasons: bool = True
    """Send the reason of a negative or failed answer as Extended DNS Error."""
    exemplars: bool = False
    """Show a question of each duration on the page of metrics, to who asks for OpenMetrics."""
    hedge: bool = False
    """Ask a second upstream when the first takes longer than it usually does."""
    random_case: bool = False
    """Send names to upstreams in random letter case, which their replies have to repeat."""
    proxy: ProxySettings | None = None
    """Be the service proxy of a node too; None: only a DNS server."""
    log_json: bool = False
    """One JSON object a log line instead of text."""
    pidfile: str | None = None
    quiet: bool = False
    """Leave out the lines that name zones and version at start."""
    demo: bool = False
    """Say at start what is served and which questions to try."""
