"""The name grammar: what the labels of a name below a cluster zone mean.

Only the shape is looked at here, never the cluster: `SERVICE.NAMESPACE.svc` is the name of a
Service whether or not one is there. Labels are text here because objects are kept by text;
each octet is one character, so no two labels become equal.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 section 2; what goes beyond it (pods, zone
scoped names) is CoreDNS's.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from svcdns.wire.name import (
    MAX_LABEL,
    MAX_NAME,
    OwnerName,
    from_text,
    is_within,
    reverse_address,
    unmapped,
)

IN_ADDR = from_text("in-addr.arpa")
IP6 = from_text("ip6.arpa")
_ARPA = b"\x04arpa\x00"
_OCTETS = {str(number): number for number in range(256)}
_NIBBLES = frozenset("0123456789abcdef")


class Fixed(Enum):
    """Names that every zone has."""

    APEX = ()
    SVC = ("svc",)
    POD = ("pod",)
    DNS_VERSION = ("dns-version",)
    DNS = ("dns",)
    """Holds nothing but `ns.dns`."""
    NS_DNS = ("ns", "dns")


class NamespaceNode(NamedTuple):
    """`NAMESPACE.svc` or `NAMESPACE.pod`."""

    namespace: str
    tree: str


class ServiceName(NamedTuple):
    """`SERVICE.NAMESPACE.svc`."""

    namespace: str
    service: str


class EndpointName(NamedTuple):
    """`ENDPOINT.SERVICE.NAMESPACE.svc`, or the node above port names: `_tcp.SERVICE…`."""

    namespace: str
    service: str
    endpoint: str


class PortName(NamedTuple):
    """`_PORT._PROTOCOL.SERVICE.NAMESPACE.svc`; either underscore may be missing."""

    namespace: str
    service: str
    port_label: str
    protocol_label: str

    @property
    def port(self) -> str:
        """Without its underscore; empty means any."""
        return self.port_label.removeprefix("_")

    @property
    def protocol(self) -> str:
        """Without its underscore; empty means any."""
        return self.protocol_label.removeprefix("_")


class ZonalName(NamedTuple):
    """`ZONE.pin._zone.SERVICE.NAMESPACE.svc`, or `prefer`; a topology zone may have dots."""

    namespace: str
    service: str
    directive: str
    zone: str


class PodName(NamedTuple):
    """`POD.NAMESPACE.pod`."""

    namespace: str
    pod: str


class ReverseName(NamedTuple):
    """The complete reverse name of one address."""

    address: bytes


class ReverseNode(NamedTuple):
    """A node above reverse names: it stands for all addresses that begin like this."""

    width: int
    """Octets of such an address."""
    prefix: bytes
    nibble: int | None = None
    """The four bits that follow `prefix`, if the name ends in the middle of an octet."""


class Misfit(Enum):
    """Why a name can not exist, whatever the cluster holds."""

    NOT_A_TREE = "below neither svc nor pod"
    TOO_LONG = "too many labels"
    BELOW_POD = "below the name of a pod"
    NOT_REVERSE = "not the beginning of an address"


class Nonexistent(NamedTuple):
    """A name outside the grammar."""

    misfit: Misfit
    labels: tuple[str, ...]


Name = (
    Fixed
    | NamespaceNode
    | ServiceName
    | EndpointName
    | PortName
    | ZonalName
    | PodName
    | ReverseName
    | ReverseNode
    | Nonexistent
)

_FIXED = {member.value: member for member in Fixed}


def labels_below(owner: OwnerName, zone: OwnerName) -> list[str] | None:
    """Return the labels of `owner` left of `zone`, leftmost first; None if it is not within.

    Both must be in lower case.
    """
    if not owner.endswith(zone):
        return None
    left = len(owner) - len(zone)
    text = owner.decode("latin-1")
    found: list[str] = []
    start = 0
    while start < left:
        end = start + owner[start] + 1
        found.append(text[start + 1 : end])
        start = end
    return found if start == left else None


def parse(labels: Sequence[str]) -> Name:
    """Return what the labels left of a forward zone mean."""
    tree = labels[-1] if len(labels) > 1 else ""
    if tree == "svc":
        return _below_svc(labels)
    if tree == "pod":
        return _below_pod(labels)
    return _FIXED.get(tuple(labels)) or Nonexistent(Misfit.NOT_A_TREE, tuple(labels))


def _below_svc(labels: Sequence[str]) -> Name:
    count = len(labels)
    if count == 3:
        return ServiceName(labels[1], labels[0])
    if count == 4:
        return EndpointName(labels[2], labels[1], labels[0])
    if count == 5:
        return PortName(labels[3], labels[2], labels[0], labels[1])
    return _zonal(labels) if count > 5 else NamespaceNode(labels[0], "svc")


def _below_pod(labels: Sequence[str]) -> Name:
    if len(labels) == 3:
        return PodName(labels[1], labels[0])
    if len(labels) == 2:
        return NamespaceNode(labels[0], "pod")
    return Nonexistent(Misfit.BELOW_POD, tuple(labels))


def _zonal(labels: Sequence[str]) -> Name:
    *topology, directive, marker, service, namespace, _ = labels
    # A dot inside a label is not the dot between two labels of a topology zone's name.
    if marker != "_zone" or directive not in ("pin", "prefer") or "." in "".join(topology):
        return Nonexistent(Misfit.TOO_LONG, tuple(labels))
    return ZonalName(namespace, service, directive, ".".join(topology))


def parse_below(owner: OwnerName, zone: OwnerName) -> Name | None:
    """Return what `owner` means in `zone`, forward or reverse; None if it is not within.

    Both must be in lower case.
    """
    labels = labels_below(owner, zone)
    if labels is None:
        return None
    if not owner.endswith(_ARPA):
        return parse(labels)
    fixed = _FIXED.get(tuple(labels))
    if fixed in (Fixed.APEX, Fixed.DNS_VERSION, Fixed.DNS, Fixed.NS_DNS):
        return fixed
    return _parse_reverse(owner) or parse(labels)


def _parse_reverse(owner: OwnerName) -> Name | None:
    address = reverse_address(owner)
    if address is not None:
        return ReverseName(unmapped(address))
    for zone, width in ((IN_ADDR, 4), (IP6, 16)):
        if is_within(owner, zone):
            labels = labels_below(owner, zone) or []
            node = _node(labels[::-1], width)
            return node or Nonexistent(Misfit.NOT_REVERSE, tuple(labels))
    return None


def _node(begin: list[str], width: int) -> ReverseNode | None:
    """Return the node for the first labels of an address, most significant first."""
    if width == 4:
        octets = [_OCTETS[label] for label in begin if label in _OCTETS]
        if len(octets) < len(begin) or len(octets) >= width:
            return None
        return ReverseNode(width, bytes(octets))
    if not _NIBBLES.issuperset(begin) or len(begin) >= 2 * width:
        return None
    nibbles = "".join(begin)
    whole = len(nibbles) & ~1
    rest = nibbles[whole:]
    return ReverseNode(width, bytes.fromhex(nibbles[:whole]), int(rest, 16) if rest else None)


def below(zone: OwnerName, *left: str) -> OwnerName:
    """Return the name of the labels `left` (leftmost first) below `zone`, in lower case.

    Raises:
        ValueError: a label that is empty, over 63 octets or not text as `labels_below` makes
            it, or a name over 255 octets.
    """
    name = bytearray()
    for text in left:
        label = text.encode("latin-1").lower()
        if not 1 <= len(label) <= MAX_LABEL:
            raise ValueError(f"{text!r} cannot be a label of a name")
        name.append(len(label))
        name += label
    name += zone
    if len(name) > MAX_NAME:
        raise ValueError(f"the name of {'.'.join(left)!r} has over {MAX_NAME} octets")
    return OwnerName(bytes(name))
