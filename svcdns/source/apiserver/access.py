"""How to reach the API server of one cluster, as the operator said it. No file is opened here.

Three places say it: the command line, the `kubernetes` stanza of the Corefile, and the Pod we
run in. `Access.of` weighs them; `destination` reads the files that are named.

Source: client-go, rest.InClusterConfig and clientcmd; CoreDNS's options `endpoint`, `tls`,
`kubeconfig`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from svcdns.answers.settings import KubernetesSettings

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where the kubelet puts a Pod's token and the cluster's certificate authority."""


@dataclass(frozen=True, slots=True)
class Access:
    """The way to one cluster; a kubeconfig wins over `service_account`, that over `tls`."""

    servers: tuple[str, ...] = ()
    """URLs of API servers in the order to try; empty: the one the kubeconfig names."""
    kubeconfig: tuple[str, ...] = ()
    """Paths; what an earlier one says, a later one does not change. Empty: there is none."""
    context: str = ""
    """Which context of the kubeconfig; empty: its current one."""
    service_account: str = ""
    """Folder of the Pod we run in with `token` and `ca.crt`; empty: we run in none."""
    tls: tuple[str, str, str] | None = None
    """Files: client certificate, its key, certificate authority."""
    qps: float = 0.0
    """Requests a second, watches not counted; 0: no limit of ours."""
    burst: int = 0
    """Requests at once before `qps` holds; 0: ten, as in client-go."""
    max_inflight: int = 0
    """Requests at the same time, watches not counted; 0: no limit."""
    connect_seconds: float = 5.0
    """How long a connection may take, TLS and the look-up of the name included."""

    @classmethod
    def of(
        cls,
        settings: KubernetesSettings,
        environment: Mapping[str, str],
        *,
        kubeconfig: str = "",
        context: str = "",
        servers: tuple[str, ...] = (),
        service_account: str = SERVICE_ACCOUNT,
    ) -> Self:
        """Return the access that command line, Corefile and environment amount to.

        Who we are: `kubeconfig`, else the stanza's, else what the stanza says with `endpoint`,
        else the Pod we run in, else `$KUBECONFIG` or `~/.kube/config`. Where the API server is:
        `servers`, else as in the place that says who we are.

        Args:
            settings: the stanza.
            environment: `os.environ`.
            kubeconfig: of the command line.
            context: of the command line; it also chooses in the stanza's kubeconfig.
            servers: of the command line.
            service_account: where a Pod finds its token.
        """
        file, named = settings.kubeconfig or ("", "")
        in_pod = in_cluster_url(environment)
        paths: tuple[str, ...] = ()
        folder = ""
        if chosen := kubeconfig or file:
            paths = (chosen,)
            context = context or ("" if kubeconfig else named)
        elif settings.endpoint:
            servers = servers or settings.endpoint[:1]
        elif in_pod:
            servers, folder = servers or (in_pod,), service_account
        elif not servers:
            paths = default_kubeconfig(environment)
        return cls(
            servers,
            paths,
            context,
            folder,
            settings.tls,
            settings.apiserver_qps,
            settings.apiserver_burst,
            settings.apiserver_max_inflight,
        )


def in_cluster_url(environment: Mapping[str, str]) -> str:
    """Return the URL of the API server as the kubelet tells every Pod; empty outside of one."""
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    port = environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        return ""
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def default_kubeconfig(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return where kubectl looks: the paths of `$KUBECONFIG`, without it `~/.kube/config`."""
    paths = tuple(path for path in environment.get("KUBECONFIG", "").split(":") if path)
    home = environment.get("HOME") or str(Path.home())
    return paths or (f"{home}/.kube/config",)
