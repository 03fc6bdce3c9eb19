"""The Namespace that kubectl would mean when none is named: that of the kubeconfig's context."""

from collections.abc import Mapping

from svcdns.source.apiserver.access import default_kubeconfig
from svcdns.source.apiserver.kubeconfig import read_kubeconfig
from svcdns.source.apiserver.protocol import LostError

DEFAULT = "default"


def current_namespace(environment: Mapping[str, str], kubeconfig: str, context: str) -> str:
    """Return the Namespace of a context; `default` where nothing says one.

    Args:
        environment: `os.environ`.
        kubeconfig: path; empty: where kubectl looks.
        context: of the kubeconfig; empty: its current one.
    """
    paths = (kubeconfig,) if kubeconfig else default_kubeconfig(environment)
    try:
        return read_kubeconfig(paths, context).namespace or DEFAULT
    except LostError:  # whoever reads the cluster says what is wrong
        return DEFAULT
