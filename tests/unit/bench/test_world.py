"""The benchmark's world: always the same, and shaped like a cluster."""

import pytest

from tests.bench.world import build, records, reverse

SMALL = build(services=300, namespaces=20, endpoints=700)


def test_equal_sizes_give_an_equal_world() -> None:
    assert build(services=300, namespaces=20, endpoints=700) == SMALL


def test_another_seed_gives_another_world() -> None:
    assert build(services=300, namespaces=20, endpoints=700, seed=9) != SMALL


@pytest.mark.parametrize(("services", "endpoints"), [(300, 700), (50, 50), (50, 900)])
def test_a_world_has_exactly_the_size_asked_for(services: int, endpoints: int) -> None:
    world = build(services=services, namespaces=20, endpoints=endpoints)

    assert len(world.services) == services
    assert sum(len(service.endpoints) for service in world.services) == endpoints


def test_a_world_without_an_endpoint_for_each_service_is_refused() -> None:
    with pytest.raises(ValueError, match="an endpoint for each Service"):
        build(services=10, namespaces=2, endpoints=9)


def test_no_name_and_no_address_is_used_twice() -> None:
    owners = [service.owner for service in SMALL.services]
    addresses = [service.address for service in SMALL.services if service.address]
    addresses += [endpoint.address for s in SMALL.services for endpoint in s.endpoints]

    assert len(set(owners)) == len(owners)
    assert len(set(addresses)) == len(addresses)


def test_about_a_tenth_of_the_services_is_headless() -> None:
    headless = sum(not service.address for service in build().services)

    assert 900 < headless < 1100


def test_every_namespace_has_a_service() -> None:
    assert {service.namespace for service in SMALL.services} == set(SMALL.namespaces)


def test_an_endpoint_that_is_not_ready_has_no_record() -> None:
    unready = {e.address for s in SMALL.services for e in s.endpoints if not e.ready}
    rdata = {record.rdata for record in records(SMALL)}
    owners = {record.owner for record in records(SMALL)}

    assert unready
    assert not unready & rdata
    assert not {reverse(address) for address in unready} & owners


def test_every_service_has_a_ready_endpoint() -> None:
    assert all(service.ready for service in SMALL.services)
