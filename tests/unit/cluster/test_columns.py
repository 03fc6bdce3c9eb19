"""What goes into the columns comes out of the slice."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.columns import Columns
from svcdns.cluster.model import Condition, Endpoint, EndpointSlice
from tests.support.cluster_objects import slices

TEXT = st.sampled_from(("", "a", "b"))
ENDPOINTS = st.lists(
    st.builds(
        Endpoint,
        st.binary(min_size=4, max_size=4),
        st.integers(0, 15).map(Condition),
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        st.just(""),
    )
)


def packed(endpoints: list[Endpoint]) -> EndpointSlice:
    columns = Columns()
    for one in endpoints:
        columns.add(one.address, one.conditions, one.hostname, one.pod, one.node, one.zone)
    return columns.slice("shop", "web-1", "web", 4, ())


@given(ENDPOINTS)
def test_a_slice_gives_back_the_endpoints_it_was_made_of(endpoints: list[Endpoint]) -> None:
    value = packed(endpoints)

    assert list(value.endpoints()) == endpoints
    assert len(value) == len(endpoints)


@given(slices())
def test_a_slice_made_again_of_its_endpoints_is_equal(value: EndpointSlice) -> None:
    columns = Columns()
    for one in value.endpoints():
        columns.add(one.address, one.conditions, one.hostname, one.pod, one.node, one.zone)
        if one.fqdn:
            columns.name_last(one.fqdn)

    assert len(columns) == len(value)
    assert (
        columns.slice(value.namespace, value.name, value.service, value.width, value.ports) == value
    )


def test_a_column_without_a_value_takes_no_room() -> None:
    value = packed([Endpoint(b"\x0a\x01\x00\x03", Condition.READY, "", "web-0", "", "", "")] * 2)

    assert value.hostnames == value.nodes == value.zones == value.fqdns == ()
    assert value.pods == ("web-0", "web-0")


def test_a_host_called_like_its_pod_is_one_string() -> None:
    pod, hostname = "db-0", str(b"db-0", "ascii")
    columns = Columns()
    columns.add(b"\x0a\x01\x00\x03", 3, hostname, pod, "", "")

    value = columns.slice("shop", "db-1", "db", 4, ())

    assert value.hostnames[0] is value.pods[0]
