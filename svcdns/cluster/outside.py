"""What of a Service lies outside the cluster: the addresses and host names it is reached at.

Texts of the API become addresses and names here; what is neither is left out and named.

Source: Kubernetes API reference, core/v1: `externalIPs`, `status.loadBalancer.ingress`.
"""

from collections.abc import Iterable

from svcdns.cluster import structs
from svcdns.cluster.object_error import Flaw
from svcdns.wire.name import pack_address


def outside_of(
    document: structs.Service, flaws: list[Flaw]
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return addresses and host names at which a Service is reached from outside."""
    listed = document.spec.external_ips if document.spec is not None else None
    balancer = document.status.load_balancer if document.status is not None else None
    ingress = balancer.ingress if balancer is not None else None
    if not listed and not ingress:
        return (), ()
    path = "status.loadBalancer.ingress[{}]"
    addresses = packed(listed or (), "spec.externalIPs[{}]", flaws)
    names: list[str] = []
    for index, entry in enumerate(ingress or ()):
        if entry.ip:
            addresses += packed((entry.ip,), f"{path.format(index)}.ip", flaws)
        elif problem := name_problem(entry.hostname or ""):
            flaws.append(Flaw(f"{path.format(index)}.hostname", problem))
        else:
            names.append(entry.hostname or "")
    return tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(names))


def packed(texts: Iterable[str], path: str, flaws: list[Flaw]) -> tuple[bytes, ...]:
    """Return the addresses in wire form, without those that are none (then also a flaw).

    Args:
        texts: the addresses.
        path: of the field, `{}` where the place in the list belongs.
        flaws: what was left out is appended.
    """
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(pack_address(text))
        except ValueError as error:
            flaws.append(Flaw(path.format(index), str(error)))
    return tuple(found)


def name_problem(name: str) -> str:
    """Return why a text is no DNS name, as the end of a sentence; empty if it is one."""
    labels = name.removesuffix(".").split(".")
    if not name:
        return "is missing"
    if not name.isascii() or len(name) > 253 or not all(0 < len(part) < 64 for part in labels):
        return f"{name!r} is not a DNS name"
    return ""
