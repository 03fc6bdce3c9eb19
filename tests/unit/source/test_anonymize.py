"""Nobody recognises a cluster, and it answers as it did."""

import re

from hypothesis import given

from svcdns.cluster.model import (
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.source.anonymize import Renamed, anonymize
from svcdns.source.assembly import Labelled
from svcdns.source.manifest_writer import files, text
from svcdns.source.manifests import read as read_folder
from svcdns.wire.name import pack_address
from tests.support.labelled_clusters import CLUSTERS, by_key, read
from tests.support.tree import ROOT

SHOP = [
    one
    for of_kind in read_folder([str(ROOT / "examples/shop")]).cluster.objects.values()
    for one in of_kind
]


def anonymized(*values: Object) -> list[Object]:
    return [one.value for one in anonymize([Labelled(value, {}) for value in values]).objects]


def shape(value: Object) -> tuple[object, ...]:
    """What answers depend on, but for names and addresses."""
    match value:
        case Service():
            widths = tuple(map(len, value.addresses))
            return (value.type, widths, value.headless, value.ports, value.publish_not_ready)
        case EndpointSlice():
            columns = (value.hostnames, value.pods, value.nodes, value.zones, value.fqdns)
            filled = tuple(tuple(map(bool, column)) for column in columns)
            return (value.width, value.conditions, value.ports, bool(value.service), filled)
        case Pod() | Node():
            return tuple(map(len, value.addresses))
        case Namespace():
            return ()


@given(CLUSTERS)
def test_structure_stays(cluster: list[Labelled]) -> None:
    found = anonymize(cluster).objects

    assert [type(one.value) for one in found] == [type(one.value) for one in cluster]
    assert [shape(one.value) for one in found] == [shape(one.value) for one in cluster]


@given(CLUSTERS)
def test_no_two_objects_become_one(cluster: list[Labelled]) -> None:
    found = anonymize(cluster).objects

    assert len(by_key(list(found))) == len(by_key(cluster))


@given(CLUSTERS)
def test_no_two_names_of_a_kind_become_one(cluster: list[Labelled]) -> None:
    table = anonymize(cluster).renamed

    assert len({(one.kind, one.after) for one in table}) == len(table)
    assert len({(one.kind, one.before) for one in table}) == len(table)


@given(CLUSTERS)
def test_what_belonged_together_belongs_together(cluster: list[Labelled]) -> None:
    table = {(one.kind, one.before): one.after for one in anonymize(cluster).renamed}

    for before, after in zip(cluster, anonymize(cluster).objects, strict=True):
        one, other = before.value, after.value
        if isinstance(one, EndpointSlice) and isinstance(other, EndpointSlice):
            assert other.service == table.get(("service", one.service), one.service)
            for old, new in zip(one.endpoints(), other.endpoints(), strict=True):
                assert (new.hostname == new.pod) == (old.hostname == old.pod)
        assert after.value.key[0] == table.get(("namespace", one.key[0]), one.key[0])


@given(CLUSTERS)
def test_the_same_objects_get_the_same_names_in_any_order(cluster: list[Labelled]) -> None:
    forwards, backwards = anonymize(cluster), anonymize(cluster[::-1])

    assert backwards.objects[::-1] == forwards.objects
    assert backwards.renamed == forwards.renamed


@given(CLUSTERS)
def test_an_export_of_it_reads_back_to_the_same_objects(cluster: list[Labelled]) -> None:
    found = list(anonymize(cluster).objects)

    assert by_key(read(dict(files(found, "yaml")))) == by_key(found)


def test_nothing_of_the_example_can_be_recognised() -> None:
    before, found = text(SHOP, "json"), anonymize(SHOP)
    after = text(found.objects, "json")

    secret = {one.before for one in found.renamed if one.kind not in {"zone", "address"}}
    secret |= set(re.findall(r"10\.244\.\d+\.\d+|172\.18\.\d+\.\d+|192\.0\.2\.\d+", before))
    words = set(re.findall(r'"([^"]*)"', after))
    assert len(secret) > 60
    assert words & secret == {"kubernetes"}  # a slice and a Service: the Service's name stays
    assert "shop" not in after


def test_what_every_cluster_has_stays() -> None:
    values: list[Object] = [
        Namespace("default"),
        Namespace("kube-system"),
        Service("default", "kubernetes"),
        Service("kube-system", "kube-dns"),
    ]

    assert anonymized(*values) == values


def test_the_domain_of_the_cluster_stays() -> None:
    names = ("web.shop.svc.cluster.local", "kube-dns.kube-system.svc.cluster.local.")

    found = anonymized(
        Service("shop", "web"),
        *(Service("shop", "b", "ExternalName", external_name=name) for name in names),
    )

    assert [one.external_name for one in found if isinstance(one, Service)] == [
        "",
        "service-2.namespace-1.svc.cluster.local",
        "kube-dns.kube-system.svc.cluster.local.",
    ]


def test_another_domain_does_not() -> None:
    (found,) = anonymized(
        Service("shop", "a", "ExternalName", external_name="web.shop.svc.k8s.acme.org")
    )

    assert isinstance(found, Service)
    assert found.external_name == "service-2.namespace-1.svc.cluster-1.example"


def test_names_outside_are_nobodys() -> None:
    (found,) = anonymized(Service("shop", "a", "ExternalName", external_name="db.acme.org"))

    assert isinstance(found, Service)
    assert found.external_name == "outside-1.example"


def test_labels_everybody_has_keep_their_names_not_their_values() -> None:
    labels = {"app": "billing", "k8s-app": "kube-dns", "acme.org/team": "money", "empty": ""}

    (found,) = anonymize([Labelled(Service("shop", "web"), labels)]).objects

    assert found.labels == {
        "app": "value-1",
        "k8s-app": "kube-dns",
        "label-1": "value-2",
        "label-2": "",
    }


def test_ports_stay() -> None:
    ports = (ServicePort("billing", "TCP", 8443),)

    (found,) = anonymized(Service("shop", "web", ports=ports))

    assert isinstance(found, Service)
    assert found.ports == ports


def test_the_table_leads_back() -> None:
    addresses = (pack_address("172.20.0.1"), pack_address("2001:db8::1"))
    service = Service("shop", "web", addresses=addresses)
    pod = Pod("shop", "web-0", (pack_address("192.168.0.1"),), (("tier", "front"),))

    found = anonymize([Labelled(service, {}), Labelled(pod, {"tier": "front"})])

    assert found.renamed == (
        Renamed("namespace", "shop", "namespace-1"),
        Renamed("service", "web", "service-1"),
        Renamed("host", "web-0", "host-1"),
        Renamed("label", "tier", "label-1"),
        Renamed("label value", "front", "value-1"),
        Renamed("address", "172.20.0.1", "10.96.0.1"),
        Renamed("address", "192.168.0.1", "10.128.0.1"),
        Renamed("address", "2001:db8::1", "fd00:10:96::1"),
    )
    assert found.objects[1].value == Pod(
        "namespace-1", "host-1", (pack_address("10.128.0.1"),), (("label-1", "value-1"),)
    )


def test_no_objects_are_no_names() -> None:
    assert anonymize([]) == ((), ())
