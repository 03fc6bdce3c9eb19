from svcdns.answers import reason
from svcdns.answers.names import (
    EndpointName,
    Misfit,
    NamespaceNode,
    Nonexistent,
    PortName,
    ReverseNode,
    ServiceName,
)
from svcdns.cluster.model import EndpointSlice, Service
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from tests.support.cluster_text import object_of

CART = Service("shop", "cart", headless=True)


def slice_of(text: str) -> EndpointSlice:
    found = object_of(f"EndpointSlice shop/cart-1 of cart port http/TCP 80: {text}")
    assert isinstance(found, EndpointSlice)
    return found


UNREADY = slice_of(", ".join(f"10.1.0.{n} not-ready hostname=cart-{n}" for n in range(3)))


def nowhere(_service: str) -> tuple[str, ...]:
    return ()


def test_endpoints_that_are_not_ready_are_counted_and_named() -> None:
    assert reason.nothing_ready(CART, (UNREADY,)) == (
        "Service shop/cart exists; 0 of 3 endpoints are ready (cart-0, cart-1, cart-2); "
        "set publishNotReadyAddresses to publish them"
    )


def test_what_is_set_already_is_not_advised() -> None:
    publishing = Service("shop", "cart", headless=True, publish_not_ready=True)

    assert "set publish" not in reason.nothing_ready(publishing, (UNREADY,))


def test_a_long_list_is_cut() -> None:
    many = slice_of(", ".join(f"10.1.0.{n} not-ready pod=cart-{n}" for n in range(9)))

    assert "(cart-0, cart-1, cart-2, cart-3, cart-4 and 4 more)" in reason.nothing_ready(
        CART, (many,)
    )


def test_an_endpoint_that_is_there_but_not_ready_is_told_apart() -> None:
    name = EndpointName("shop", "cart", "cart-1")

    assert reason.no_endpoint(CART, (UNREADY,), name, pod_names=False) == (
        "endpoint 'cart-1' of Service shop/cart is not ready; "
        "set publishNotReadyAddresses to publish it"
    )


def test_an_endpoint_that_is_not_ready_is_found_by_the_name_it_would_have() -> None:
    other = slice_of("10.1.0.4 not-ready pod=cart-x7f2, 10.1.0.5")

    by_address = EndpointName("shop", "cart", "10-1-0-4")
    by_pod = EndpointName("shop", "cart", "cart-x7f2")

    assert "'10-1-0-4' of Service shop/cart is not ready" in reason.no_endpoint(
        CART, (other,), by_address, pod_names=False
    )
    assert "'cart-x7f2' of Service shop/cart is not ready" in reason.no_endpoint(
        CART, (other,), by_pod, pod_names=True
    )
    # Without `endpoint_pod_names` nobody will ever have this name, ready or not.
    assert reason.no_endpoint(CART, (other,), by_pod, pod_names=False) == (
        "Service shop/cart has no endpoint 'cart-x7f2'; ready are 10-1-0-5"
    )


def test_of_many_ready_endpoints_the_first_are_named_and_all_counted() -> None:
    many = slice_of(", ".join(f"10.1.0.{n} hostname=cart-{n}" for n in range(9)))
    name = EndpointName("shop", "cart", "nope")

    assert reason.no_endpoint(CART, (many,), name, pod_names=False).endswith(
        "; ready are cart-0, cart-1, cart-2, cart-3, cart-4 and 4 more"
    )


def test_of_many_namespaces_the_first_are_named() -> None:
    few = [f"team-{n}" for n in range(reason.FEW)]
    name = ServiceName("shop", "web")

    assert reason.no_service(lambda _: few[:5], name) == (
        "Service 'web' exists in namespaces 'team-0', 'team-1', 'team-2', 'team-3', 'team-4', "
        "not in 'shop'"
    )
    assert "'team-4' and others, not in 'shop'" in reason.no_service(lambda _: few, name)


def test_a_name_that_a_search_list_made_is_recognised() -> None:
    made = PortName("default", "com", "www", "example")

    assert reason.no_service(nowhere, made) == (
        "no Service 'com' in namespace 'default'; perhaps the client asked for "
        "'www.example.com' and its search list added the rest"
    )
    assert "'www.example.com'" in reason.no_namespace(
        nowhere, EndpointName("com", "example", "www")
    )
    foreign = Nonexistent(Misfit.NOT_A_TREE, ("www", "example", "com"))
    assert "'www.example.com'" in reason.outside_grammar(foreign, from_text("cluster.local"))
    long = Nonexistent(Misfit.TOO_LONG, ("a", "b", "c", "example", "com", "svc"))
    assert "'a.b.c.example.com'" in reason.outside_grammar(long, from_text("cluster.local"))


def test_a_name_that_somebody_wrote_out_is_not_taken_for_a_search_list() -> None:
    assert "search list" not in reason.no_service(
        nowhere, PortName("default", "web", "_http", "_tcp")
    )
    assert "search list" not in reason.no_service(nowhere, ServiceName("default", "web"))
    assert reason.no_namespace(nowhere, NamespaceNode("shp", "svc")) == "no Namespace 'shp'"


def test_octets_of_the_client_are_escaped() -> None:
    sentence = reason.no_service(nowhere, ServiceName("shop", "\x1b[31m\xff.x"))

    assert sentence == "no Service '\\027[31m\\255.x' in namespace 'shop'"


def test_ports_of_a_headless_service_are_those_of_its_slices() -> None:
    one = slice_of("10.1.0.1")

    sentence = reason.no_port(CART, (one,), PortName("shop", "cart", "_sql", "_tcp"))

    assert sentence == "Service shop/cart has no port _sql._tcp; it has _http._tcp"


def test_a_service_without_named_ports_says_so() -> None:
    sentence = reason.no_port(CART, (), PortName("shop", "cart", "_", "_tcp"))

    assert sentence == "Service shop/cart has no port _*._tcp; none of its ports has a name"


def test_the_beginning_of_an_address_is_shown_as_people_write_it() -> None:
    assert reason.prefix_unknown(ReverseNode(4, bytes((10, 1)))).endswith("begins with 10.1")
    assert reason.prefix_unknown(ReverseNode(16, b"\xfd", 3)).endswith("begins with fd3")
    assert reason.prefix_unknown(ReverseNode(4, b"")).endswith("begins with any number")


def test_nobody_is_told_that_any_is_a_record() -> None:
    web = Service("shop", "web")

    assert reason.missing_type(from_text("web.shop.svc.cluster.local"), RRType.ANY, web) == (
        "Service shop/web exists, but type ANY is not answered; ask for one type, such as A"
    )
    assert reason.missing_type(from_text("cluster.local"), 65280).endswith("no TYPE65280 record")


def test_every_sentence_is_one_line_without_a_full_stop() -> None:
    sentences = [
        reason.below_external_name(Service("shop", "x", external_name="www.example.com")),
        reason.unusable_external_name(Service("shop", "x", external_name="192.0.2.1")),
        reason.endpoints_off(CART),
        reason.empty_service(CART, ()),
        reason.endless(CART, from_text("a.example")),
        reason.zonal_off(),
        reason.zonal_not_headless(CART),
        reason.pods_off(),
        reason.no_name_servers(),
        reason.transfer_refused(),
        reason.holds_names_only(from_text("svc.cluster.local")),
        reason.holds_names_only(from_text(".")),
        reason.address_unknown(bytes((10, 0, 0, 1))),
        reason.namespace_not_served("x"),
    ]

    for sentence in sentences:
        assert "\n" not in sentence
        assert not sentence.endswith(".")
        assert len(sentence) < 200
