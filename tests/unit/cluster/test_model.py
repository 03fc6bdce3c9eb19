"""Values give back what they were packed from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.model import (
    Condition,
    Endpoint,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
)
from tests.support.cluster_objects import ADDRESSES, slices


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param(Service("shop", "web"), ("shop", "web"), id="Service"),
        pytest.param(EndpointSlice("shop", "web-1", "web", 4), ("shop", "web-1"), id="slice"),
        pytest.param(Pod("shop", "web-0"), ("shop", "web-0"), id="Pod"),
        pytest.param(Namespace("shop"), ("", "shop"), id="Namespace"),
        pytest.param(Node("node-a"), ("", "node-a"), id="Node"),
    ],
)
def test_an_object_is_known_by_namespace_and_name(value: Object, key: tuple[str, str]) -> None:
    assert value.key == key


def test_a_slice_yields_its_endpoints_in_order() -> None:
    value = EndpointSlice(
        "shop", "web-1", "web", 4, bytes((10, 1, 0, 3, 10, 1, 0, 4)), b"\x03\x06", pods=("a", "b")
    )

    assert list(value.endpoints()) == [
        Endpoint(bytes((10, 1, 0, 3)), Condition.READY | Condition.SERVING, "", "a", "", "", ""),
        Endpoint(
            bytes((10, 1, 0, 4)), Condition.SERVING | Condition.TERMINATING, "", "b", "", "", ""
        ),
    ]


@given(slices(), st.sampled_from(ADDRESSES))
def test_an_address_stands_where_its_endpoint_does(value: EndpointSlice, address: bytes) -> None:
    found = [index for index, one in enumerate(value.endpoints()) if one.address == address]

    assert list(value.indexes_of(address)) == (found if value.width == len(address) else [])
