"""The dump and the zone files say the same, judged by dnspython and by the objects' own words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.rdatatype
import dns.reversename
import dns.zone
import pytest

from tests.bench.files import write_dump, write_zones
from tests.bench.world import REVERSE_ZONE, ZONE, build

SMALL = build(services=120, namespaces=10, endpoints=300)

Object = dict[str, Any]


def of_kind(dump: Object, kind: str) -> list[Object]:
    return [item for item in dump["items"] if item["kind"] == kind]


def records_of(dump: Object) -> Iterator[tuple[str, str, str]]:
    """Yield the records that CoreDNS makes of the objects, apex and version apart."""
    services = {
        (item["metadata"]["namespace"], item["metadata"]["name"]): item["spec"]
        for item in of_kind(dump, "Service")
    }
    for item in of_kind(dump, "EndpointSlice"):
        name = item["metadata"]["labels"]["kubernetes.io/service-name"]
        namespace = item["metadata"]["namespace"]
        owner = f"{name}.{namespace}.svc.cluster.local."
        spec = services.pop((namespace, name))
        address = spec["clusterIP"]
        ready = [end for end in item["endpoints"] if end["conditions"]["ready"]]
        names = {}
        for end in ready:
            (ip,) = end["addresses"]
            names[ip] = f"{end.get('hostname') or ip.replace('.', '-')}.{owner}"
            yield names[ip], "A", ip
            yield str(dns.reversename.from_address(ip)), "PTR", names[ip]
            if address == "None":
                yield owner, "A", ip
        if address != "None":
            yield owner, "A", address
            yield str(dns.reversename.from_address(address)), "PTR", owner
        for port in item["ports"] if address == "None" else spec["ports"]:
            named = f"_{port['name']}._{port['protocol'].lower()}.{owner}"
            targets = names.values() if address == "None" else [owner]
            for target in targets:
                yield named, "SRV", f"0 {100 // len(targets)} {port['port']} {target}"
    assert not services, "a Service without EndpointSlice"


@pytest.fixture
def dump(tmp_path: Path) -> Object:
    path = tmp_path / "dump.json"
    write_dump(SMALL, path)
    document: Object = json.loads(path.read_bytes())
    return document


def records_in(path: Path, origin: str) -> set[tuple[str, str, str]]:
    zone = dns.zone.from_file(str(path), origin, relativize=False)
    return {
        (str(owner), dns.rdatatype.to_text(rdata.rdtype), rdata.to_text())
        for owner, _ttl, rdata in zone.iterate_rdatas()
    }


def test_the_zone_files_hold_the_records_of_the_dump(dump: Object, tmp_path: Path) -> None:
    zones = write_zones(SMALL, tmp_path)

    written = records_in(zones[ZONE], ZONE) | records_in(zones[REVERSE_ZONE], REVERSE_ZONE)

    apart = {"SOA", "NS", "TXT"}
    assert {record for record in written if record[1] not in apart} - set(records_of(dump)) == {
        ("ns.dns.cluster.local.", "A", "10.96.0.10")
    }
    assert set(records_of(dump)) <= written


def test_the_dump_is_a_list_as_kubectl_prints_it(dump: Object, tmp_path: Path) -> None:
    assert (dump["apiVersion"], dump["kind"]) == ("v1", "List")
    assert len(of_kind(dump, "Service")) == len(of_kind(dump, "EndpointSlice")) == 120
    assert len(of_kind(dump, "Namespace")) == 10
    assert (tmp_path / "dump.json").read_text().startswith('{\n    "apiVersion": "v1",\n')


def test_no_two_objects_share_an_identity(dump: Object) -> None:
    uids = [item["metadata"]["uid"] for item in dump["items"]]

    assert len(set(uids)) == len(uids)
