"""Lists of an API server: pages, versions, selectors; the same for the fake and kube-apiserver.

Each scenario gets a cluster whose namespace `shop` is empty. Other namespaces may hold what a
real cluster has by itself, so nothing here counts Services or Namespaces of all namespaces.

Source: Kubernetes API concepts, "Resource versions" and "Retrieving large results sets in chunks".
"""

from tests.support.api_server import Cluster, put_slices, scenario
from tests.support.fakeapi import objects
from tests.support.watching import PATHS, WATCH_LIST, Events, current, fetch, names, version


@scenario
async def test_a_list_says_kind_and_version_and_its_items_do_not(cluster: Cluster) -> None:
    await put_slices(cluster, "web-1")

    status, listed = await fetch(cluster.connection(), "EndpointSlice")

    assert status == 200
    assert (listed["kind"], listed["apiVersion"]) == ("EndpointSliceList", "discovery.k8s.io/v1")
    (item,) = listed["items"]
    assert not item.keys() & {"kind", "apiVersion"}
    assert item["metadata"]["managedFields"]
    assert version(item) <= version(listed)


@scenario
async def test_an_empty_list_in_an_object_is_null(cluster: Cluster) -> None:
    await cluster.put(objects.endpoint_slice("web-1", "web", ports={}))

    _, listed = await fetch(cluster.connection(), "EndpointSlice")
    async with Events(cluster.connection(), "EndpointSlice", **WATCH_LIST) as events:
        added, _ = await events.until_synced()

    for document in (listed["items"][0], added["object"]):
        assert document["endpoints"] is None
        assert document["ports"] is None


@scenario
async def test_a_list_of_nothing_is_an_empty_list(cluster: Cluster) -> None:
    _, listed = await fetch(cluster.connection(), "EndpointSlice")

    assert listed["items"] == []


@scenario
async def test_pages_show_one_version_whatever_changes_meanwhile(cluster: Cluster) -> None:
    connection = cluster.connection()
    await put_slices(cluster, "a", "b", "c", "d", "e")

    _, first = await fetch(connection, "EndpointSlice", limit=2)
    await cluster.delete("EndpointSlice", "shop", "d")
    await put_slices(cluster, "f")
    rest = first["metadata"]["continue"]
    _, second = await fetch(connection, "EndpointSlice", limit=2, rest=rest)
    rest = second["metadata"]["continue"]
    _, third = await fetch(connection, "EndpointSlice", limit=2, rest=rest)

    pages = [first, second, third]
    assert [names(page) for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert len({version(page) for page in pages}) == 1
    assert [page["metadata"].get("remainingItemCount") for page in pages] == [3, 1, None]
    assert "continue" not in third["metadata"]


@scenario
async def test_pages_of_a_selection_do_not_say_how_much_is_left(cluster: Cluster) -> None:
    await put_slices(cluster, "a", "b")

    options = {"labelSelector": "kubernetes.io/service-name=web", "limit": 1}
    _, listed = await fetch(cluster.connection(), "EndpointSlice", **options)

    assert listed["metadata"]["continue"]
    assert "remainingItemCount" not in listed["metadata"]


@scenario
async def test_a_page_of_a_forgotten_version_is_410_with_another_token(cluster: Cluster) -> None:
    await put_slices(cluster, "a", "b")
    _, listed = await fetch(cluster.connection(), "EndpointSlice", limit=1)
    await put_slices(cluster, "c")
    await cluster.forget_history()

    rest = listed["metadata"]["continue"]
    status, refusal = await fetch(cluster.connection(), "EndpointSlice", limit=1, rest=rest)

    assert (status, refusal["reason"]) == (410, "Expired")
    rest = refusal["metadata"]["continue"]
    _, listed = await fetch(cluster.connection(), "EndpointSlice", limit=5, rest=rest)
    assert names(listed) == ["b", "c"]


@scenario
async def test_a_limit_does_not_count_for_any_version(cluster: Cluster) -> None:
    await put_slices(cluster, "a", "b")

    _, listed = await fetch(cluster.connection(), "EndpointSlice", limit=1, resourceVersion=0)

    assert names(listed) == ["a", "b"]


@scenario
async def test_a_list_can_be_of_exactly_one_version_or_not_older(cluster: Cluster) -> None:
    connection = cluster.connection()
    await put_slices(cluster, "a")
    then = await current(connection)
    await put_slices(cluster, "b")

    async def listed(**options: object) -> list[str]:
        _, found = await fetch(connection, "EndpointSlice", resourceVersion=then, **options)
        return names(found)

    assert await listed(resourceVersionMatch="Exact") == ["a"]
    assert await listed(limit=5) == ["a"]
    assert await listed(resourceVersionMatch="NotOlderThan") == ["a", "b"]
    assert await listed() == ["a", "b"]
    assert await listed(limit=5, resourceVersionMatch="NotOlderThan") == ["a", "b"]


@scenario
async def test_an_exact_list_of_a_forgotten_version_is_410(cluster: Cluster) -> None:
    await put_slices(cluster, "a")
    then = await current(cluster.connection())
    await put_slices(cluster, "b")
    await cluster.forget_history()

    status, refusal = await fetch(
        cluster.connection(),
        "EndpointSlice",
        resourceVersion=then,
        resourceVersionMatch="Exact",
    )

    assert (status, refusal["reason"]) == (410, "Expired")


@scenario
async def test_a_list_from_the_future_is_504_and_can_be_told_from_others(cluster: Cluster) -> None:
    connection = cluster.connection()
    future = await current(connection) + 1_000_000

    reply = await connection.get(
        PATHS["Service"], (("resourceVersion", str(future)),), silence_seconds=30
    )
    status, refusal = await fetch(connection, "Service", resourceVersion=future)

    reply.close()
    assert reply.headers["retry-after"] == "1"
    assert (status, refusal["reason"]) == (504, "Timeout")
    assert refusal["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@scenario
async def test_a_field_selector_selects(cluster: Cluster) -> None:
    await cluster.put(objects.service("web", addresses=()))
    await cluster.put(objects.service("mail", type="ExternalName", externalName="mail.example.com"))

    async def listed(selector: str) -> list[str]:
        _, found = await fetch(cluster.connection(), "Service", fieldSelector=selector)
        return names(found)

    assert await listed("spec.type=ExternalName,metadata.namespace=shop") == ["mail"]
    assert await listed("spec.type!=ExternalName,metadata.namespace==shop") == ["web"]
