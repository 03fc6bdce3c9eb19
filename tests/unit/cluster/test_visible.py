"""The serial rises when an answer can differ, and stays when none can."""

from dataclasses import replace

import pytest

from svcdns.cluster.change import Change
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.cluster.visible import is_visible

READY, SERVING, TERMINATING = Condition.READY, Condition.SERVING, Condition.TERMINATING
WEB = Service("shop", "web", addresses=(b"\x0a\x60\x00\x07",), external_name="a.example")
EXTERNAL = Service("shop", "ext", "ExternalName", external_name="a.example")
SLICE = EndpointSlice(
    "shop",
    "web-1",
    "web",
    4,
    bytes((10, 1, 0, 3, 10, 1, 0, 4)),
    bytes((READY | SERVING, 0)),
    (EndpointPort("http", "TCP", 8080),),
    hostnames=("web-0", "web-1"),
    pods=("web-0", "web-1"),
    nodes=("a", "b"),
    zones=("z1", "z2"),
)
POD = Pod("shop", "web-0", (bytes((10, 1, 0, 3)),))


@pytest.mark.parametrize(
    ("before", "after", "visible"),
    [
        pytest.param(None, WEB, True, id="a Service comes"),
        pytest.param(WEB, None, True, id="a Service goes"),
        pytest.param(None, SLICE, True, id="a slice comes"),
        pytest.param(None, POD, True, id="a Pod comes"),
        pytest.param(None, Namespace("shop"), False, id="a Namespace comes"),
        pytest.param(Node("a"), Node("a", "z1"), False, id="a Node moves"),
        pytest.param(WEB, replace(WEB, type="NodePort"), False, id="type"),
        pytest.param(WEB, replace(WEB, publish_not_ready=True), False, id="publish not ready"),
        pytest.param(WEB, replace(WEB, external_name="b.example"), False, id="unused name"),
        pytest.param(WEB, replace(WEB, ports=(ServicePort("", "TCP", 80),)), True, id="port"),
        pytest.param(WEB, replace(WEB, addresses=(b"\x0a\x60\x00\x08",)), True, id="ClusterIP"),
        pytest.param(WEB, replace(WEB, addresses=(), headless=True), True, id="headless"),
        pytest.param(WEB, replace(WEB, outside=(b"\xc0\0\2\1",)), True, id="external address"),
        pytest.param(WEB, replace(WEB, outside_names=("lb.example",)), True, id="external name"),
        pytest.param(EXTERNAL, replace(EXTERNAL, external_name="b.example"), True, id="target"),
        pytest.param(EXTERNAL, replace(EXTERNAL, type="ClusterIP"), True, id="no CNAME any more"),
        pytest.param(SLICE, replace(SLICE, nodes=("a", "c")), False, id="node"),
        pytest.param(
            SLICE, replace(SLICE, conditions=bytes((READY, 0))), False, id="serving of a ready one"
        ),
        pytest.param(
            SLICE,
            replace(SLICE, conditions=bytes((READY | SERVING, TERMINATING))),
            False,
            id="an endpoint that is not ready ends",
        ),
        pytest.param(
            SLICE, replace(SLICE, hostnames=("web-0", "web-9")), False, id="name of an unready one"
        ),
        pytest.param(SLICE, replace(SLICE, hostnames=("web-9", "web-1")), True, id="name"),
        pytest.param(SLICE, replace(SLICE, hostnames=()), True, id="no names"),
        pytest.param(SLICE, replace(SLICE, pods=("x", "web-1")), True, id="Pod name"),
        pytest.param(SLICE, replace(SLICE, zones=("z9", "z2")), True, id="zone"),
        pytest.param(SLICE, replace(SLICE, ports=()), True, id="slice port"),
        pytest.param(SLICE, replace(SLICE, service="db"), True, id="another Service"),
        pytest.param(
            SLICE, replace(SLICE, conditions=bytes((READY, READY))), True, id="one gets ready"
        ),
        pytest.param(
            SLICE, replace(SLICE, addresses=bytes((10, 1, 0, 9, 10, 1, 0, 4))), True, id="address"
        ),
        pytest.param(POD, replace(POD, labels=(("a", "b"),)), False, id="Pod label"),
        pytest.param(POD, replace(POD, addresses=(bytes((10, 1, 0, 9)),)), True, id="Pod address"),
    ],
)
def test_a_change_is_visible_when_answers_can_differ(
    before: Object | None, after: Object | None, *, visible: bool
) -> None:
    value = after if after is not None else before
    assert value is not None

    assert is_visible(Change(type(value), value.key, before, after)) is visible
