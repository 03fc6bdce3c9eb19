"""Every place where a name or an address stands is asked for its new one."""

import pytest

from svcdns.cluster import structs
from svcdns.cluster.columns import Columns
from svcdns.cluster.compact import SERVICE_NAME, ZONE
from svcdns.cluster.model import (
    EndpointPort,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    Traffic,
)
from svcdns.source.assembly import NAMESPACE_NAME, Labelled, Labels
from svcdns.source.renaming import HOSTNAME, OLD_ZONE, POD_NAME, Names, Renaming
from svcdns.wire.name import pack_address


class _Marked(dict[str, str]):
    """Writes in front of a name what it was taken for."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = mark

    def __missing__(self, name: str) -> str:
        return f"{self._mark}({name})" if name else ""


class _Shifted(dict[bytes, bytes]):
    """Changes the first octet of an address."""

    def __missing__(self, address: bytes) -> bytes:
        return b"\x63" + address[1:] if address else b""


NAMES = Names._make([*map(_Marked, Names._fields[:-2]), _Shifted(), _Shifted()])


def renamed(value: Object, labels: Labels | None = None) -> Labelled:
    return Renaming(NAMES).renamed(Labelled(value, labels or {}))


def test_a_service() -> None:
    value = Service("shop", "web", addresses=(pack_address("10.96.4.7"),), publish_not_ready=True)

    assert renamed(value).value == Service(
        "namespace(shop)",
        "service(web)",
        addresses=(pack_address("99.96.4.7"),),
        publish_not_ready=True,
    )


def test_what_lies_outside_the_cluster_is_left_out() -> None:
    value = Service("shop", "web", outside=(b"\xc0\0\2\1",), outside_names=("lb.example",))

    assert renamed(value).value == Service("namespace(shop)", "service(web)")


def test_what_the_proxy_needs_stays_but_for_addresses() -> None:
    traffic = Traffic(
        node_ports=(30080,),
        external=(b"\xc0\0\2\1",),
        balancers=(b"\xc0\0\2\2",),
        source_ranges=("192.0.2.0/24",),
        affinity_seconds=60,
        external_local=True,
        scheduler="sh",
    )

    found = renamed(Service("shop", "web", traffic=traffic)).value

    assert isinstance(found, Service)
    assert found.traffic == Traffic(
        node_ports=(30080,), affinity_seconds=60, external_local=True, scheduler="sh"
    )


def test_a_scheduler_that_is_a_name_of_somebodys_goes() -> None:
    value = Service("shop", "web", traffic=Traffic(scheduler="acme-fast"))

    assert renamed(value).value == Service("namespace(shop)", "service(web)")


def test_hints_are_names_of_zones_and_nodes() -> None:
    columns = Columns()
    columns.add(pack_address("10.0.0.1"), 3, "", "", "", "")
    columns.hint_last(structs.Hints([structs.Hint("Zone-1")], [structs.Hint("node-a")]))

    found = renamed(columns.slice("shop", "web-1", "web", 4, ())).value

    assert isinstance(found, EndpointSlice)
    assert (found.zone_hints, found.node_hints) == ((("zone(zone-1)",),), (("node(node-a)",),))


def test_a_slice() -> None:
    columns, expected = Columns(), Columns()
    columns.add(pack_address("10.0.0.1"), 3, "a", "web-1", "node-a", "Zone-1")
    columns.add(pack_address("10.0.0.2"), 5, "", "", "", "")
    expected.add(
        pack_address("99.0.0.1"), 3, "host(a)", "host(web-1)", "node(node-a)", "zone(zone-1)"
    )
    expected.add(pack_address("99.0.0.2"), 5, "", "", "", "")
    ports = (EndpointPort("http", "TCP", 80),)

    found = renamed(columns.slice("shop", "web-1", "web", 4, ports))

    assert found.value == expected.slice(
        "namespace(shop)", "slice(web-1)", "service(web)", 4, ports
    )


def test_columns_that_are_not_there_stay_away() -> None:
    value = EndpointSlice("shop", "web-1", "", 4, b"\n\0\0\1", b"\3")

    found = renamed(value).value

    assert isinstance(found, EndpointSlice)
    assert found.service == ""
    assert found.hostnames == found.pods == found.nodes == found.zones == found.fqdns == ()


def test_a_slice_of_names() -> None:
    value = EndpointSlice("shop", "web-1", "", 0, b"", b"\3", fqdns=("db.acme.org",))

    found = renamed(value).value

    assert isinstance(found, EndpointSlice)
    assert (found.addresses, found.fqdns) == (b"", ("outside(db.acme.org)",))


def test_a_pod() -> None:
    value = Pod("shop", "web-0", (pack_address("::1"),), (("app", "web"), ("b", "")))

    assert renamed(value).value == Pod(
        "namespace(shop)",
        "host(web-0)",
        (pack_address("6300::1"),),
        (("label(app)", "label_value(web)"), ("label(b)", "")),
    )


def test_a_namespace_and_a_node() -> None:
    assert renamed(Namespace("shop")).value == Namespace("namespace(shop)")
    assert renamed(Node("node-a", "Zone-1", (b"\n\0\0\1",))).value == Node(
        "node(node-a)", "zone(zone-1)", (b"\x63\0\0\1",)
    )


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (SERVICE_NAME, "service"),
        (NAMESPACE_NAME, "namespace"),
        (ZONE, "zone"),
        (OLD_ZONE, "zone"),
        (HOSTNAME, "node"),
        (POD_NAME, "host"),
        ("tier", "label_value"),
    ],
)
def test_the_value_of_a_label_is_what_the_label_says(label: str, kind: str) -> None:
    labels = renamed(Service("shop", "web"), {label: "a", "empty": "", "null": None}).labels

    assert labels == {f"label({label})": f"{kind}(a)", "label(empty)": "", "label(null)": None}


@pytest.mark.parametrize("value", [EndpointSlice("shop", "a", "", 4), Node("a")])
def test_labels_that_repeat_the_value_are_left_to_who_writes_it(value: Object) -> None:
    labels = {SERVICE_NAME: "-no-label-", ZONE: "a", OLD_ZONE: "b", "tier": "front"}

    assert renamed(value, labels).labels == {"label(tier)": "label_value(front)"}


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("db.acme.org", "outside(db.acme.org)"),
        ("DB.Acme.org.", "outside(db.acme.org)."),
        ("svc", "outside(svc)"),
        ("a.svc", "outside(a.svc)"),
        ("web.shop.svc", "service(web).namespace(shop).svc"),
        ("web.shop.svc.cluster.local", "service(web).namespace(shop).svc.domain(cluster.local)"),
        ("Web.Shop.svc.k8s.acme.", "service(web).namespace(shop).svc.domain(k8s.acme)."),
        ("svc.svc.svc.a", "service(svc).namespace(svc).svc.domain(a)"),
        ("web-0.web.shop.svc.a", "host(web-0).service(web).namespace(shop).svc.domain(a)"),
        ("_sql._tcp.db.shop.svc.a", "_sql._tcp.service(db).namespace(shop).svc.domain(a)"),
        ("10-1-2-3.db.shop.svc.a", "99-1-2-3.service(db).namespace(shop).svc.domain(a)"),
        ("10-1-2-3.shop.pod.a.b", "99-1-2-3.namespace(shop).pod.domain(a.b)"),
        ("fd00--1.shop.pod", "6300--1.namespace(shop).pod"),
        ("300-1-2-3.shop.pod", "host(300-1-2-3).namespace(shop).pod"),
        ("192.0.2.1", "99.0.2.1"),
        ("2001:db8::1", "6301:db8::1"),
        ("", ""),
    ],
)
def test_a_name_of_the_whole_dns_stays_that_of_the_same_object(name: str, new: str) -> None:
    found = renamed(Service("shop", "ext", "ExternalName", external_name=name)).value

    assert isinstance(found, Service)
    assert found.external_name == new
