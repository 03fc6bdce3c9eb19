from svcdns.cluster import structs
from svcdns.cluster.object_error import Flaw
from svcdns.cluster.outside import outside_of
from svcdns.wire.name import pack_address


def service(external_ips: list[str], *ingress: tuple[str | None, str | None]) -> structs.Service:
    entries = [structs.EndpointAddress(ip, hostname) for ip, hostname in ingress]
    return structs.Service(
        spec=structs.ServiceSpec(external_ips=external_ips),
        status=structs.ObservedStatus(structs.LoadBalancer(entries)),
    )


def test_external_addresses_come_first_then_those_of_load_balancers() -> None:
    flaws: list[Flaw] = []
    document = service(["192.0.2.1", "2001:db8::1"], ("203.0.113.10", None), ("192.0.2.1", None))

    addresses, names = outside_of(document, flaws)

    expected = ("192.0.2.1", "2001:db8::1", "203.0.113.10")
    assert addresses == tuple(map(pack_address, expected))
    assert (names, flaws) == ((), [])


def test_a_load_balancer_without_an_address_has_a_name() -> None:
    flaws: list[Flaw] = []
    document = service([], (None, "lb-1.cloud.example"), ("203.0.113.10", "ignored.example"))

    assert outside_of(document, flaws) == (
        (pack_address("203.0.113.10"),),
        ("lb-1.cloud.example",),
    )


def test_what_is_neither_address_nor_name_is_left_out_and_named() -> None:
    flaws: list[Flaw] = []
    document = service(["300.0.0.1"], ("x", None), (None, "a..b"), (None, None))

    assert outside_of(document, flaws) == ((), ())
    assert [flaw.field for flaw in flaws] == [
        "spec.externalIPs[0]",
        "status.loadBalancer.ingress[0].ip",
        "status.loadBalancer.ingress[1].hostname",
        "status.loadBalancer.ingress[2].hostname",
    ]


def test_most_services_have_nothing_outside() -> None:
    flaws: list[Flaw] = []

    assert outside_of(structs.Service(), flaws) == ((), ())
    assert flaws == []
