"""kube-proxy's configuration file -> values of `ProxySettings`.

Fields without a meaning here are named in a warning, mistakes all at once with their line. Flags
win over what the file says; that is `cli.proxy_flags`'s business.

Source: KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, of Kubernetes 1.36.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from svcdns.app.proxy_settings import READERS
from svcdns.source.yaml_loader import YamlError, documents, line_of

API_VERSION = "kubeproxy.config.k8s.io/v1alpha1"
KIND = "KubeProxyConfiguration"


class ProxyConfigError(Exception):
    """The operator has to change the file; the text has one line for each mistake."""


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """What a file says."""

    values: Mapping[str, object] = field(default_factory=dict)
    """By field of `ProxySettings`."""
    warnings: tuple[str, ...] = ()
    """What has no effect, a sentence each, with its place."""


FIELDS: Mapping[str, tuple[str, type]] = {
    "mode": ("mode", str),
    "hostnameOverride": ("node", str),
    "clientConnection.kubeconfig": ("kubeconfig", str),
    "clusterCIDR": ("cluster_networks", str),
    "nodePortAddresses": ("nodeport_networks", list),
    "healthzBindAddress": ("healthz", str),
    "metricsBindAddress": ("metrics", str),
    "ipvs.scheduler": ("scheduler", str),
    "ipvs.excludeCIDRs": ("exclude", list),
    "ipvs.strictARP": ("strict_arp", bool),
    "ipvs.tcpTimeout": ("tcp_seconds", str),
    "ipvs.tcpFinTimeout": ("tcp_fin_seconds", str),
    "ipvs.udpTimeout": ("udp_seconds", str),
}
"""Path of a field -> field of the settings, and how the file spells its value."""

OF_MODES: Mapping[str, tuple[str, type]] = {
    "masqueradeAll": ("masquerade_all", bool),
    "masqueradeBit": ("masquerade_bit", int),
    "syncPeriod": ("sync_seconds", str),
    "minSyncPeriod": ("min_sync_seconds", str),
}
"""Fields of the sections `ipvs`, `iptables` and `nftables`: those of the mode count. What is
masqueraded with IPVS `iptables` says."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "bindAddress": "the family of a Service decides; name the node with --node-address",
    "bindAddressHardFail": "a port that is taken always ends the start",
    "clientConnection": "only its kubeconfig counts",
    "configSyncPeriod": "the API server is watched",
    "conntrack": "set net.netfilter.nf_conntrack_* on the node",
    "detectLocal": "pods are told by clusterCIDR",
    "detectLocalMode": "pods are told by clusterCIDR",
    "enableProfiling": "there is none",
    "featureGates": "there are none",
    "iptables.localhostNodePorts": "node ports are not served on loopback",
    "logging": "the log has one form and one level",
    "oomScoreAdj": "set it in the Pod",
    "portRange": "no mode needs ports of its own",
    "showHiddenMetricsForVersion": "there are none",
    "udpIdleTimeout": "it belonged to the old userspace mode",
    "windowsRunAsService": "this is not Windows",
    "winkernel": "this is not Windows",
}

_WORDS = {str: "text", bool: "true or false", int: "a number", list: "a list of texts"}
_DEFAULTS: tuple[object, ...] = (None, "", 0, [], {}, "0", "0s", "0.0.0.0", "::")  # noqa: S104
"""What kubeadm writes where nobody asked for anything."""
_PORTS = {"healthz": 10256, "metrics": 10249}
_MODES = ("ipvs", "iptables", "nftables")


def read_config(path: str) -> ProxyConfig:
    """Return what a file says.

    Raises:
        ProxyConfigError: it cannot be read, or has mistakes.
    """
    try:
        octets = Path(path).read_bytes()
    except OSError as error:
        raise ProxyConfigError(
            f"cannot read '{path}': {error.strerror}\n  next  name it with --config FILE"
        ) from None
    return parse_config(octets, path)


def parse_config(octets: bytes, name: str) -> ProxyConfig:
    """Return what these octets say.

    Args:
        octets: YAML or JSON; of several documents the one of this kind counts.
        name: of the file, for messages.

    Raises:
        ProxyConfigError: mistakes, all of them.
    """
    try:
        found = list(documents(octets))
    except YamlError as error:
        raise ProxyConfigError(f"{name}:{error.line}: {error.problem}") from None
    for number, document in enumerate(found, 1):
        if document.broken is not None:
            line, problem = document.broken
            raise ProxyConfigError(f"{name}:{line}: {problem}")
        content = document.content
        if isinstance(content, dict) and content.get("kind") == KIND:
            version = content.get("apiVersion")
            if version != API_VERSION:
                where = f"{name}:{line_of(octets, number, 'apiVersion')}: apiVersion"
                raise ProxyConfigError(f"{where}: '{version}' is not {API_VERSION}")
            return _Reading(content, octets, name, number).config()
    raise ProxyConfigError(
        f"{name}: there is no {KIND} in it; it begins with apiVersion: {API_VERSION} and "
        f"kind: {KIND}"
    )


class _Reading:
    """One document while it is read."""

    def __init__(self, content: dict[str, Any], octets: bytes, name: str, number: int) -> None:
        self._content = content
        self._octets = octets
        self._name = name
        self._number = number
        self._values: dict[str, object] = {}
        self._mistakes: list[str] = []
        self._warnings: list[str] = []

    def config(self) -> ProxyConfig:
        mode = self._content.get("mode") or "ipvs"
        filters = "nftables" if mode == "nftables" else "iptables"
        periods = mode if mode in _MODES else "ipvs"
        known = dict(FIELDS)
        for word, one in OF_MODES.items():
            section = periods if word.endswith("Period") else filters
            known[f"{section}.{word}"] = one
        for at, value in _leaves(self._content):
            if at in known:
                self._take(at, value, *known[at])
            elif at not in {"apiVersion", "kind"} and not _is_default(value):
                self._pass_over(at)
        if self._mistakes:
            raise ProxyConfigError("\n".join(self._mistakes))
        return ProxyConfig(self._values, tuple(self._warnings))

    def _take(self, at: str, value: Any, name: str, spelled: type) -> None:
        if value is None or (value in _DEFAULTS and spelled is not int and name not in _PORTS):
            return
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if spelled is str and is_number:
            value = str(value)
        is_right = is_number if spelled is int else isinstance(value, spelled)
        if not is_right or (isinstance(value, list) and not all(map(_is_text, value))):
            self._mistakes.append(f"{self._place(at)}: {at} has to be {_WORDS[spelled]}")
            return
        if name in _PORTS:
            if not value:
                return
            # kube-proxy adds its port to an address without one.
            text = str(value)
            value = text if ":" in text else f"{text}:{_PORTS[name]}"
        if name == "cluster_networks":
            value = [value]
        try:
            self._values[name] = READERS[name](value) if name in READERS else value
        except ValueError as error:
            self._mistakes.append(f"{self._place(at)}: {at}: {error}")

    def _pass_over(self, at: str) -> None:
        section, _, word = at.partition(".")
        place = f"{self._place(at)}: {at}"
        if why := WITHOUT_EFFECT.get(at) or WITHOUT_EFFECT.get(section):
            self._warnings.append(f"{place} has no effect here: {why}")
        elif section in _MODES and word in OF_MODES:
            self._warnings.append(f"{place} has no effect in this mode")
        else:
            names = [
                *FIELDS,
                *WITHOUT_EFFECT,
                *(f"{one}.{at}" for one in _MODES for at in OF_MODES),
            ]
            near = get_close_matches(at, names, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            self._warnings.append(f"{place} is not a field of {KIND}{meant}")

    def _place(self, at: str) -> str:
        return f"{self._name}:{line_of(self._octets, self._number, at)}"


def _leaves(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of each field; a section that means nothing here is one field."""
    for name, value in content.items():
        at = f"{above}{name}"
        if isinstance(value, dict) and (at not in WITHOUT_EFFECT or at == "clientConnection"):
            yield from _leaves(value, f"{at}.")
        else:
            yield at, value


def _is_default(value: object) -> bool:
    """Return whether a value says nothing: kube-proxy writes all of them out."""
    if isinstance(value, dict):
        return all(map(_is_default, value.values()))
    return value in _DEFAULTS


def _is_text(value: object) -> bool:
    return isinstance(value, str)
