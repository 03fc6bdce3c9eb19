"""What is written past the API server looks as if it had written it."""

from tests.bench.files import objects
from tests.bench.plane import FIRST_ADDRESS, probe_slice, stored
from tests.bench.storm import PROBE_SHARE, Storm
from tests.bench.world import build
from tests.support.fakeapi import FakeApi

WORLD = build(services=10, namespaces=2, endpoints=20)


def test_etcd_keeps_the_resource_version_itself() -> None:
    document = next(objects(WORLD))

    kept = stored(document)

    assert "resourceVersion" in document["metadata"]
    assert "resourceVersion" not in kept["metadata"]
    assert kept["metadata"]["managedFields"][0]["apiVersion"] == document["apiVersion"]
    assert kept["spec"] == document["spec"]


def test_a_storm_changes_the_probe_now_and_then_and_takes_no_endpoint_away() -> None:
    api = FakeApi()
    storm = Storm(api, WORLD)
    before = {key: len(one["endpoints"]) for key, one in api.documents("EndpointSlice").items()}

    told = [storm.change() for _ in range(2 * PROBE_SHARE)]

    after = {key: len(one["endpoints"]) for key, one in api.documents("EndpointSlice").items()}
    assert [one[0] for one in told if one] == [FIRST_ADDRESS + 1, FIRST_ADDRESS + 2]
    assert all(after[key] >= count for key, count in before.items())
    assert sum(after.values()) == sum(before.values()) + 10


def test_the_probe_has_the_address_it_is_given() -> None:
    assert probe_slice("10.250.0.7")["endpoints"][0]["addresses"] == ["10.250.0.7"]
