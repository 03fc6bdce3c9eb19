import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.names import (
    EndpointName,
    Fixed,
    Misfit,
    Name,
    NamespaceNode,
    Nonexistent,
    PodName,
    PortName,
    ReverseName,
    ReverseNode,
    ServiceName,
    ZonalName,
    below,
    labels_below,
    parse,
    parse_below,
)
from svcdns.wire.name import ROOT, OwnerName, from_labels, from_text, is_within, labels, to_text

ZONE = from_text("cluster.local")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", Fixed.APEX),
        ("svc", Fixed.SVC),
        ("pod", Fixed.POD),
        ("dns-version", Fixed.DNS_VERSION),
        ("dns", Fixed.DNS),
        ("ns.dns", Fixed.NS_DNS),
        ("shop.svc", NamespaceNode("shop", "svc")),
        ("shop.pod", NamespaceNode("shop", "pod")),
        ("web.shop.svc", ServiceName("shop", "web")),
        ("web-0.web.shop.svc", EndpointName("shop", "web", "web-0")),
        ("_tcp.web.shop.svc", EndpointName("shop", "web", "_tcp")),
        ("_http._tcp.web.shop.svc", PortName("shop", "web", "_http", "_tcp")),
        ("pin._zone.web.shop.svc", PortName("shop", "web", "pin", "_zone")),
        ("a.pin._zone.web.shop.svc", ZonalName("shop", "web", "pin", "a")),
        ("a.b.c.prefer._zone.web.shop.svc", ZonalName("shop", "web", "prefer", "a.b.c")),
        ("1-2-3-4.shop.pod", PodName("shop", "1-2-3-4")),
        # The words of the grammar are ordinary labels everywhere else.
        ("svc.svc", NamespaceNode("svc", "svc")),
        ("pod.svc.svc", ServiceName("svc", "pod")),
        ("svc.pod.svc", ServiceName("pod", "svc")),
    ],
)
def test_labels_have_a_meaning(text: str, meaning: Name) -> None:
    assert parse(text.split(".") if text else []) == meaning


@pytest.mark.parametrize(
    ("text", "misfit"),
    [
        ("foo", Misfit.NOT_A_TREE),
        ("www.example.com", Misfit.NOT_A_TREE),
        ("x.dns", Misfit.NOT_A_TREE),
        ("x.ns.dns", Misfit.NOT_A_TREE),
        ("x.dns-version", Misfit.NOT_A_TREE),
        ("a.b.c.web.shop.svc", Misfit.TOO_LONG),
        ("a.avoid._zone.web.shop.svc", Misfit.TOO_LONG),
        ("a.pin.zone.web.shop.svc", Misfit.TOO_LONG),
        ("a.1-2-3-4.shop.pod", Misfit.BELOW_POD),
        ("a.b.1-2-3-4.shop.pod", Misfit.BELOW_POD),
    ],
)
def test_other_labels_have_none(text: str, misfit: Misfit) -> None:
    meaning = parse(text.split("."))

    assert meaning == Nonexistent(misfit, tuple(text.split(".")))


def test_a_dot_inside_a_label_is_not_a_dot_of_a_topology_zone() -> None:
    meaning = parse(["a.b", "pin", "_zone", "web", "shop", "svc"])

    assert isinstance(meaning, Nonexistent)


def test_port_and_protocol_lose_one_underscore() -> None:
    name = PortName("shop", "web", "__http", "_")

    assert (name.port, name.protocol) == ("_http", "")


@pytest.mark.parametrize(
    ("owner", "zone", "found"),
    [
        ("cluster.local", "cluster.local", []),
        ("a.b.cluster.local", "cluster.local", ["a", "b"]),
        ("a.b", ".", ["a", "b"]),
        ("local", "cluster.local", None),
        ("xcluster.local", "cluster.local", None),
        ("a.cluster.localx", "cluster.local", None),
    ],
)
def test_labels_below_a_zone(owner: str, zone: str, found: list[str] | None) -> None:
    assert labels_below(from_text(owner), from_text(zone)) == found


def test_a_label_that_ends_in_the_octets_of_the_zone_is_not_below_it() -> None:
    owner = from_labels([b"x" + ZONE[:-1]])

    assert labels_below(owner, ZONE) is None


NAMES = st.lists(st.binary(min_size=1, max_size=12), max_size=8).map(from_labels)


@given(NAMES, NAMES)
def test_labels_below_agree_with_is_within(owner: OwnerName, zone: OwnerName) -> None:
    inside = from_labels([*labels(owner), *labels(zone)])

    for name in (owner, inside):
        found = labels_below(name, zone)

        assert (found is not None) == is_within(name, zone)
        if found is not None:
            assert (
                from_labels([*(label.encode("latin-1") for label in found), *labels(zone)]) == name
            )


@pytest.mark.parametrize(
    ("owner", "zone", "meaning"),
    [
        ("in-addr.arpa", "in-addr.arpa", Fixed.APEX),
        ("in-addr.arpa", ".", ReverseNode(4, b"")),
        ("10.in-addr.arpa", "in-addr.arpa", ReverseNode(4, bytes((10,)))),
        ("0.10.in-addr.arpa", "10.in-addr.arpa", ReverseNode(4, bytes((10, 0)))),
        ("4.3.2.1.in-addr.arpa", "in-addr.arpa", ReverseName(bytes((1, 2, 3, 4)))),
        ("2.1.ip6.arpa", "ip6.arpa", ReverseNode(16, b"\x12")),
        ("3.2.1.ip6.arpa", "ip6.arpa", ReverseNode(16, b"\x12", 3)),
        ("dns-version.in-addr.arpa", "in-addr.arpa", Fixed.DNS_VERSION),
        ("ns.dns.ip6.arpa", "ip6.arpa", Fixed.NS_DNS),
        ("web.shop.svc.home.arpa", "home.arpa", ServiceName("shop", "web")),
    ],
)
def test_a_name_in_a_zone_has_a_meaning(owner: str, zone: str, meaning: Name) -> None:
    assert parse_below(from_text(owner), from_text(zone)) == meaning


@pytest.mark.parametrize(
    "owner",
    [
        *("256.in-addr.arpa", "01.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "svc.in-addr.arpa"),
        *("web.shop.svc.in-addr.arpa", "g.ip6.arpa", "12.ip6.arpa"),
        "0." * 33 + "ip6.arpa",
    ],
)
def test_what_is_no_beginning_of_an_address_cannot_be_there(owner: str) -> None:
    meaning = parse_below(from_text(owner), from_text("arpa"))

    assert isinstance(meaning, Nonexistent)
    assert meaning.misfit is Misfit.NOT_REVERSE


def test_a_name_outside_has_no_meaning() -> None:
    assert parse_below(from_text("example.com"), ZONE) is None


def test_below_writes_labels_in_front_of_a_zone_in_lower_case() -> None:
    assert to_text(below(ZONE, "Web-0", "web")) == "web-0.web.cluster.local."
    assert to_text(below(ROOT, "a")) == "a."


@pytest.mark.parametrize(
    "left", [("",), ("a" * 64,), ("\u20ac",), ("a" * 63,) * 4], ids=lambda left: left[0][:3]
)
def test_below_refuses_what_cannot_be_written(left: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"label|octets|encode"):
        below(ZONE, *left)
