"""What one node should have, as JSON for programs and as the commands of ipvsadm and ip.

Both are sorted and hold nothing that changes from run to run: they can be compared.

Source: ipvsadm(8), ip-address(8); docs/proxy.md has the form of the JSON.
"""

import json
from collections.abc import Iterable, Iterator

from svcdns.dataplane.backend import Failure
from svcdns.proxy.model import (
    PERSISTENT,
    PROTOCOL_TEXTS,
    SCHED_1,
    SCHED_2,
    SCTP,
    TCP,
    UDP,
    Desired,
    RealServer,
    VirtualKey,
    VirtualServer,
)
from svcdns.source.yaml_writer import Value, document
from svcdns.wire.name import address_text

FORWARDING = "masquerade"
"""How every packet gets to its real server: with another destination address."""

_PROTOCOL_FLAGS = {TCP: "-t", UDP: "-u", SCTP: "--sctp-service"}
_SCHED_FLAGS = {SCHED_1: "fallback", SCHED_2: "port"}


def in_order(keys: Iterable[VirtualKey]) -> list[VirtualKey]:
    """Return virtual servers by family, address, port and protocol."""
    return sorted(keys, key=lambda key: (len(key.address), key.address, key.port, key.protocol))


def addresses_in_order(addresses: Iterable[bytes]) -> list[str]:
    """Return the texts of addresses, IPv4 first."""
    return [address_text(one) for one in sorted(addresses, key=lambda one: (len(one), one))]


def as_json(desired: Desired) -> str:
    """Return everything in the form that docs/proxy.md promises."""
    return json.dumps(_document(desired), indent=2)


def as_yaml(desired: Desired) -> str:
    """Return the same in YAML."""
    return document(_document(desired))


def _document(desired: Desired) -> dict[str, Value]:
    return {
        "virtual_servers": [
            _virtual_server(desired.virtual_servers[key])
            for key in in_order(desired.virtual_servers)
        ],
        "addresses": addresses_in_order(desired.addresses),
        "health_checks": [
            {"service": f"{namespace}/{name}", "port": one.port, "local_endpoints": count}
            for (namespace, name), one in sorted(desired.health_checks.items())
            for count in (one.local_endpoints,)
        ],
        "skipped": [{"object": one.object, "reason": one.reason} for one in desired.skipped],
    }


def _virtual_server(one: VirtualServer) -> dict[str, Value]:
    return {
        "protocol": PROTOCOL_TEXTS[one.key.protocol],
        "address": address_text(one.key.address),
        "port": one.key.port,
        "scheduler": one.scheduler,
        "flags": one.flags,
        "persistence_timeout": one.persistence_timeout,
        "service": str(one.service),
        "real_servers": [
            {
                "address": address_text(server.address),
                "port": server.port,
                "weight": 1,
                "forwarding": FORWARDING,
            }
            for server in one.real_servers()
        ],
    }


def as_text(desired: Desired, device: str, binding: str = "device") -> str:
    """Return the commands that would make it so, and as remarks what no command says.

    Args:
        desired: what a node should have.
        device: of its addresses.
        binding: how they are bound there, `device` or `route`.
    """
    return "\n".join(_lines(desired, device, binding))


def _lines(desired: Desired, device: str, binding: str) -> Iterator[str]:
    for key in in_order(desired.virtual_servers):
        one = desired.virtual_servers[key]
        yield f"# {one.service}{_remark(one)}"
        yield from ipvsadm_lines(one)
    for address in addresses_in_order(desired.addresses):
        family = " -6" if ":" in address else ""
        if binding == "route":
            yield f"ip{family} route replace local {address} dev {device} table local proto static"
        else:
            yield f"ip addr add {address}/{128 if family else 32} dev {device}"
    yield from remarks(desired)


def remarks(desired: Desired, failures: Iterable[Failure] = ()) -> Iterator[str]:
    """Yield what no command says, a line each.

    Args:
        desired: what a node should have.
        failures: what the mode cannot do.
    """
    for (namespace, name), check in sorted(desired.health_checks.items()):
        yield (
            f"# health check of {namespace}/{name} on port {check.port}: "
            f"{check.local_endpoints} local endpoint{'s' * (check.local_endpoints != 1)}"
        )
    for skipped in desired.skipped:
        yield f"# left out: {skipped.object}: {skipped.reason}"
    for failure in failures:
        yield f"# left out: {' '.join(failure.cause.split())}"


def _remark(one: VirtualServer) -> str:
    words = []
    if not one.servers:
        words.append("no local endpoint, dropped" if one.drops else "no endpoint, refused")
    if one.source_ranges:
        ranges = (f"{address_text(network)}/{prefix}" for network, prefix in one.source_ranges)
        words.append(f"only for {', '.join(ranges)}")
    return f" ({'; '.join(words)})" if words else ""


def ipvsadm_lines(one: VirtualServer) -> Iterator[str]:
    """Yield the lines of `ipvsadm -R` for a virtual server and its real servers."""
    where = f"{_PROTOCOL_FLAGS[one.key.protocol]} {_place(one.key.address, one.key.port)}"
    persistence = f" -p {one.persistence_timeout}" if one.flags & PERSISTENT else ""
    named = [f"{one.scheduler}-{word}" for bit, word in _SCHED_FLAGS.items() if one.flags & bit]
    flags = f" -b {','.join(named)}" if named else ""
    yield f"-A {where} -s {one.scheduler}{persistence}{flags}"
    for server in one.real_servers():
        yield f"-a {where} -r {place(server)} -m -w 1"


def place(server: RealServer) -> str:
    """Return address and port of a real server."""
    return _place(server.address, server.port)


def _place(address: bytes, port: int) -> str:
    text = address_text(address)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
