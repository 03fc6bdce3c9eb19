"""What a stanza should answer, by plain loops over all objects and no index.

Written from the rules of CoreDNS and of the specification, not from the code it checks: names
and addresses are text here, and every question makes the list of all the records there are
(`_items`), out of which it picks. Slow, and meant to be.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

from svcdns.answers.answer import Dependency
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import Change
from svcdns.cluster.model import (
    Condition,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Namespace,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.wire.name import to_text

Said = tuple[str, frozenset[str], frozenset[str]]
"""Rcode (or NODATA), answer and additional records as `OWNER TTL TYPE RDATA`."""

Links = tuple[str, ...]
_NOTHING: frozenset[str] = frozenset()


class Item(NamedTuple):
    """One address or name behind one port, as CoreDNS lists them."""

    host: str
    port: int
    """-1: no number."""
    target: str
    """Name of the Service or of the endpoint."""

    @property
    def family(self) -> str:
        """A, AAAA, or CNAME for a host that is a name."""
        try:
            return "A" if ip_address(self.host).version == 4 else "AAAA"
        except ValueError:
            return "CNAME"


class NaiveModel:
    """One stanza over a list of objects."""

    def __init__(self, objects: Iterable[Object], settings: KubernetesSettings) -> None:
        listed = list(objects)
        self.services = [one for one in listed if isinstance(one, Service)]
        self.slices = sorted(
            (one for one in listed if isinstance(one, EndpointSlice)), key=lambda one: one.key
        )
        self.pods = [one for one in listed if isinstance(one, Pod)]
        self.namespaces = {one.name for one in listed if isinstance(one, Namespace)}
        self.settings = settings
        self.zones = [to_text(zone) for zone in settings.zones]

    def ask(self, name: str, rrtype: str, links: Links = ()) -> Said | None:
        """Return what is said to a lower-case name with its final dot; None: not our zone."""
        zones = [zone for zone in self.zones if name == zone or name.endswith(f".{zone}")]
        if not zones:
            return None
        zone = max(zones, key=len)
        return self._ask(name, rrtype, zone, links)

    def _ask(self, name: str, rrtype: str, zone: str, links: Links) -> Said:
        if zone.endswith("arpa."):
            return self._reverse(name, rrtype, zone)
        below = name.removesuffix(zone).rstrip(".")
        if below == "dns-version" and rrtype == "TXT":
            return "NOERROR", frozenset([f'{name} 28800 TXT "1.1.0"']), _NOTHING
        if below in ("", "svc", "pod", "dns", "ns.dns", "dns-version"):
            return "NODATA", _NOTHING, _NOTHING
        items = self._items(below, zone)
        if items is None:
            exists = self._has_names_below(below, zone)
            return ("NODATA" if exists else "NXDOMAIN"), _NOTHING, _NOTHING
        if rrtype == "SRV":
            return self._srv(name, [item for item in items if item.family != "CNAME"])
        return self._addresses(name, rrtype, zone, items, links)

    def _items(self, below: str, zone: str) -> list[Item] | None:
        """Return all a name stands for; None when no record has this name."""
        *left, namespace, tree = ["", *below.split(".")]
        left = left[1:]
        if tree not in ("svc", "pod") or not self._is_served(namespace):
            return None
        if tree == "pod":
            return self._pod_items(left, namespace, below, zone)
        if not left:
            return []
        service = next(
            (one for one in self.services if one.key == (namespace, left[-1])),
            None,
        )
        if service is None:
            return None
        return self._service_items(service, left[:-1], zone) or None

    def _service_items(self, service: Service, left: list[str], zone: str) -> list[Item]:
        own = f"{service.name}.{service.namespace}.svc.{zone}"
        if service.type == "ExternalName":
            if left or _is_address(service.external_name):
                return []
            return [Item(service.external_name, 0, own)]
        ready = self._ready(service)
        if self.settings.ignore_empty_service and not service.headless and not ready:
            return []
        if len(left) > 2:
            return self._zonal_items(service, left, own)
        port, protocol = ("", "")
        if len(left) == 2:
            port, protocol = (label.removeprefix("_") for label in left)
        label = left[0] if len(left) == 1 else ""
        if not service.headless and not label:
            return [
                Item(str(ip_address(address)), number, own)
                for number in _ports(service.ports, port, protocol)
                for address in service.addresses
            ]
        return [
            Item(_host(endpoint), number, f"{self._label(endpoint)}.{own}")
            for one, endpoint in ready
            if not label or self._label(endpoint) == label
            for number in _ports(one.ports, port, protocol)
        ]

    def _zonal_items(self, service: Service, left: list[str], own: str) -> list[Item]:
        *topology, directive, marker = left
        if not self.settings.zonal or not service.headless:
            return []
        if marker != "_zone" or directive not in ("pin", "prefer"):
            return []
        everyone = [
            (endpoint.zone.lower(), Item(_host(endpoint), number, f"{self._label(endpoint)}.{own}"))
            for one, endpoint in self._ready(service)
            for number in _ports(one.ports, "", "")
        ]
        chosen = [item for zone, item in everyone if zone == ".".join(topology)]
        if not chosen and directive == "prefer":
            return [item for _, item in everyone]
        return chosen

    def _pod_items(
        self, left: list[str], namespace: str, below: str, zone: str
    ) -> list[Item] | None:
        if self.settings.pods == "disabled" or len(left) > 1:
            return None
        if not left:
            return []
        label = left[0]
        dots = label.count("-") == 3 and "--" not in label
        text = label.replace("-", "." if dots else ":")
        try:
            host = str(ip_address(text))
        except ValueError:
            return None
        if self.settings.pods == "verified":
            addresses = [
                str(ip_address(address))
                for pod in self.pods
                if pod.namespace == namespace
                for address in pod.addresses
            ]
            return [Item(host, 0, f"{below}.{zone}")] * addresses.count(text) or None
        return [Item(host, 0, f"{below}.{zone}")]

    def _has_names_below(self, below: str, zone: str) -> bool:
        """Return whether some name that exists ends in this one: RFC 8020 section 2."""
        for service in self.services:
            if not self._is_served(service.namespace) or service.type == "ExternalName":
                continue
            base = f"{service.name}.{service.namespace}.svc"
            ports: list[ServicePort | EndpointPort] = [*service.ports]
            ports += [port for one, _ in self._ready(service) for port in one.ports]
            names = [
                f"{a}{port.name}.{b}{port.protocol.lower()}.{base}"
                for port in ports
                for a in ("", "_")
                for b in ("", "_")
            ]
            names += [f"_._.{base}", *(f"_._{port.protocol.lower()}.{base}" for port in ports)]
            # A port without a name still answers to `_`, the name for any.
            names = [name.removeprefix(".") for name in names]
            found = [name for name in names if self._items(name, zone)]
            if self.settings.zonal and service.headless:
                # Any topology zone has a name, if only to say that nobody is there.
                found += [f"{'x'}.{word}._zone.{base}" for word in ("pin", "prefer")]
                if below.endswith((f".pin._zone.{base}", f".prefer._zone.{base}")):
                    return True
            # A headless Service itself has to vanish when nobody is ready (2.4.1), zonal or not.
            if below != base and any(name.endswith(f".{below}") for name in found):
                return True
        return False

    def _addresses(
        self, name: str, rrtype: str, zone: str, items: list[Item], links: Links
    ) -> Said:
        ttl = self.settings.ttl
        if rrtype not in ("A", "AAAA", "CNAME"):
            return "NODATA", _NOTHING, _NOTHING
        addresses = [item for item in items if item.family != "CNAME"]
        if addresses or not items:
            answer = frozenset(
                f"{name} {ttl} {rrtype} {item.host}" for item in addresses if item.family == rrtype
            )
            return ("NOERROR" if answer else "NODATA"), answer, _NOTHING
        target = items[0].host.lower().rstrip(".") + "."
        link = f"{name} {ttl} CNAME {target}"
        if rrtype == "CNAME" or not target.endswith(f".{zone}"):
            return "NOERROR", frozenset([link]), _NOTHING
        if target in (*links, name) or len(links) >= 10:
            return "NODATA", _NOTHING, _NOTHING
        _, further, _ = self._ask(target, rrtype, zone, (*links, name))
        if not further:
            return "NODATA", _NOTHING, _NOTHING
        return "NOERROR", further | {link}, _NOTHING

    def _srv(self, name: str, items: list[Item]) -> Said:
        ttl = self.settings.ttl
        weight = max(1, 100 // len(items)) if items else 0
        numbered = [item for item in items if item.port != -1]
        answer = frozenset(
            f"{name} {ttl} SRV 0 {weight} {item.port} {item.target}" for item in numbered
        )
        additional = frozenset(
            f"{item.target} {ttl} {item.family} {item.host}" for item in numbered
        )
        return ("NOERROR" if answer else "NODATA"), answer, additional

    def _reverse(self, name: str, rrtype: str, zone: str) -> Said:
        if name == zone or name in (f"dns.{zone}", f"ns.dns.{zone}"):
            return "NODATA", _NOTHING, _NOTHING
        pointers = self._pointers()
        targets = pointers.get(name, [])
        if targets and rrtype == "PTR":
            ttl = self.settings.ttl
            return "NOERROR", frozenset(f"{name} {ttl} PTR {one}" for one in targets), _NOTHING
        exists = bool(targets) or any(one.endswith(f".{name}") for one in pointers)
        return ("NODATA" if exists else "NXDOMAIN"), _NOTHING, _NOTHING

    def _pointers(self) -> dict[str, list[str]]:
        """Return every reverse name and what it points to."""
        primary = next(zone for zone in self.zones if not zone.endswith("arpa."))
        services: dict[str, list[str]] = {}
        for service in sorted(self.services, key=lambda one: one.key):
            if not self.settings.namespaces or self._is_served(service.namespace):
                for address in service.addresses:
                    name = f"{ip_address(address).reverse_pointer}."
                    target = f"{service.name}.{service.namespace}.svc.{primary}"
                    services.setdefault(name, [target])
        endpoints: dict[str, list[str]] = {}
        for one in () if self.settings.noendpoints else self.slices:
            if self.settings.namespaces and not self._is_served(one.namespace):
                continue
            for endpoint in one.endpoints():
                if one.service and endpoint.address and endpoint.conditions & Condition.READY:
                    name = f"{ip_address(endpoint.address).reverse_pointer}."
                    label = self._label(endpoint)
                    target = f"{label}.{one.service}.{one.namespace}.svc.{primary}"
                    endpoints.setdefault(name, []).append(target)
        return endpoints | services

    def _ready(self, service: Service) -> list[tuple[EndpointSlice, Endpoint]]:
        if self.settings.noendpoints:
            return []
        return [
            (one, endpoint)
            for one in self.slices
            if (one.namespace, one.service) == service.key
            for endpoint in one.endpoints()
            if endpoint.conditions & Condition.READY
        ]

    def _is_served(self, namespace: str) -> bool:
        allowed = self.settings.namespaces
        return namespace in self.namespaces and (not allowed or namespace in allowed)

    def _label(self, endpoint: Endpoint) -> str:
        if endpoint.hostname:
            return endpoint.hostname
        usable = 0 < len(endpoint.pod) < 64 and "." not in endpoint.pod
        if self.settings.endpoint_pod_names and usable:
            return endpoint.pod
        label = _host(endpoint).rstrip(".").replace(".", "-").replace(":", "-")
        return f"{label}0" if label.endswith("-") else label


def _host(endpoint: Endpoint) -> str:
    return endpoint.fqdn or str(ip_address(endpoint.address))


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _ports(ports: Iterable[ServicePort | EndpointPort], port: str, protocol: str) -> list[int]:
    listed: list[tuple[str, str, int | None]] = [*ports] or [("", "", None)]
    return [
        -1 if number is None else number
        for name, spelled, number in listed
        if port in ("", name) and protocol in ("", spelled.lower())
    ]


def touched(changes: Iterable[Change]) -> set[Dependency]:
    """Return all that `changes` could have to do with, generously."""
    found: set[Dependency] = set()
    for change in changes:
        for value in (change.before, change.after):
            match value:
                case Service():
                    found |= {("service", *value.key), *value.addresses}
                case EndpointSlice():
                    found.add(("service", value.namespace, value.service))
                    found |= {one.address for one in value.endpoints() if one.address}
                case Pod():
                    found |= {*value.addresses}
                case Namespace():
                    found.add(("namespace", value.name))
                case _:
                    pass
    return found
