"""What goes into the columns comes out of the slice."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster import structs
from svcdns.cluster.columns import Columns, condition_bits
from svcdns.cluster.compact import compact
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


def hints_of(value: EndpointSlice, index: int) -> structs.Hints:
    zones, nodes = (
        [structs.Hint(name) for name in column[index]] if column else None
        for column in (value.zone_hints, value.node_hints)
    )
    return structs.Hints(zones, nodes)


@given(slices())
def test_a_slice_made_again_of_its_endpoints_is_equal(value: EndpointSlice) -> None:
    columns = Columns()
    for index, one in enumerate(value.endpoints()):
        columns.add(one.address, one.conditions, one.hostname, one.pod, one.node, one.zone)
        columns.hint_last(hints_of(value, index))
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


FLAGS = st.none() | st.booleans()
WORDS = st.sampled_from(("a", "b", "")) | st.none()
SIMPLE = st.builds(
    structs.Endpoint,
    st.ip_addresses(v=4).map(lambda address: [str(address)]),
    st.none() | st.builds(structs.EndpointConditions, FLAGS, FLAGS, FLAGS),
    st.none(),
    st.none() | st.builds(structs.Reference, WORDS),
    WORDS,
    WORDS,
)
SPECIAL = st.builds(
    structs.Endpoint,
    st.none() | st.lists(st.sampled_from(("10.0.0.1", "10.0.0.01", "10.0.0", "::1", "1.2.3.256"))),
    hostname=st.none() | st.sampled_from(("", "web-0", "Not a label")),
)


def value_of(endpoints: list[structs.Endpoint]) -> EndpointSlice:
    metadata = structs.Metadata("web-1", "shop")
    value = compact(structs.EndpointSlice(metadata, "IPv4", endpoints)).value
    assert isinstance(value, EndpointSlice)
    return value


@given(st.lists(SIMPLE))
def test_the_faster_way_leads_to_the_same_slice(endpoints: list[structs.Endpoint]) -> None:
    columns = Columns()
    for one in endpoints:
        (text,) = one.addresses or []
        pod = (one.target_ref.name if one.target_ref else "") or ""
        bits = condition_bits(one.conditions)
        address = bytes(map(int, text.split(".")))
        columns.add(address, bits, "", pod, one.node_name or "", one.zone or "")
    simple = Columns.of_simple(endpoints)

    assert simple is not None
    assert len(simple) == len(columns)
    slices = [each.slice("shop", "web-1", "", 4, ()) for each in (simple, columns)]
    assert slices[0] == slices[1] == value_of(endpoints)


@given(st.lists(SIMPLE | SPECIAL))
def test_what_is_special_about_one_endpoint_changes_no_other(
    endpoints: list[structs.Endpoint],
) -> None:
    together = value_of(endpoints)

    alone = [value_of([endpoint]) for endpoint in endpoints]
    assert list(together.endpoints()) == [one for each in alone for one in each.endpoints()]
