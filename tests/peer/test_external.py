"""External names that random clusters hardly ever have: load balancers and endpoints with names."""

from pathlib import Path

import dns.rdatatype

from tests.peer.clusters import SERVICE_NAME, Cluster, Document
from tests.peer.comparing import Report, compare
from tests.peer.directive_differences import FORWARDED
from tests.peer.questions import Ask
from tests.peer.servers import Background, both
from tests.peer.stanzas import Stanza
from tests.peer.test_answers import conclude
from tests.peer.test_corefiles import explain_beside

PORTS: list[Document] = [
    {"name": "http", "port": 80, "protocol": "TCP"},
    {"name": "dns", "port": 53, "protocol": "UDP"},
]
INSIDE = "web.shop.svc.cluster.local"
STANZA = Stanza((".",), ("cluster.local",), beside=("k8s_external ext.test {", "headless", "}"))
NAMES = (
    *("named", "two", "both", "away", "_http._tcp.named", "_http._tcp.both", "x.named"),
    *("far", "mixed", "near", "a.mixed", "web-shop-svc-cluster-local.far", "_http._tcp.far"),
    *("_http._tcp.mixed", "a.near", "_http._tcp.near", "10-244-0-4.near", "web", "nobody"),
)


def document(version: str, kind: str, name: str, **others: object) -> Document:
    metadata: Document = {"name": name, "resourceVersion": "1", "labels": {}}
    if kind != "Namespace":
        metadata["namespace"] = "shop"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **others}


def service(name: str, address: str, *ingress: dict[str, str]) -> Document:
    spec: Document = {"type": "LoadBalancer" if ingress else "ClusterIP", "ports": PORTS}
    spec |= {"clusterIP": address, "clusterIPs": [address]}
    status = {"loadBalancer": {"ingress": list(ingress)}}
    return document("v1", "Service", name, spec=spec, status=status)


def endpoints(of: str, kind: str, *addresses: str, first: str = "") -> Document:
    made = document("discovery.k8s.io/v1", "EndpointSlice", f"{of}-{kind.lower()}")
    made["metadata"]["labels"] = {SERVICE_NAME: of}
    listed: list[Document] = [{"addresses": [one]} for one in addresses]
    if first:
        listed[0]["hostname"] = first
    return made | {"addressType": kind, "ports": PORTS[:1], "endpoints": listed}


CLUSTER = Cluster(
    (
        document("v1", "Namespace", "shop"),
        service("web", "10.96.0.9"),
        service("named", "10.96.0.1", {"hostname": INSIDE}),
        service("two", "10.96.0.2", {"hostname": INSIDE}, {"hostname": f"b.{INSIDE}"}),
        service("both", "10.96.0.3", {"hostname": INSIDE}, {"ip": "203.0.113.6"}),
        service("away", "10.96.0.4", {"hostname": "lb.example.com"}),
        *(service(name, "None") for name in ("far", "mixed", "near")),
        endpoints("far", "FQDN", INSIDE),
        endpoints("mixed", "FQDN", INSIDE, "www.example.com"),
        endpoints("mixed", "IPv4", "10.244.0.1", "10.244.0.2", first="a"),
        endpoints("near", "IPv4", "10.244.0.3", "10.244.0.4", first="a"),
    )
)


def test_both_servers_say_the_same_about_names_in_the_place_of_addresses(
    program: str, background: Background, tmp_path: Path
) -> None:
    asks = [
        Ask(tuple(f"{name}.shop.ext.test".encode().split(b".")), dns.rdatatype.from_text(rrtype))
        for name in NAMES
        for rrtype in ("A", "AAAA", "SRV", "TXT")
    ]
    report = Report(1)

    with both(background, program, CLUSTER, [STANZA], tmp_path) as (pair,):
        compare(pair, CLUSTER, asks, report, FORWARDED._replace(of_content=explain_beside))

    conclude(report)
