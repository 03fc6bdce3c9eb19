"""What an API server refuses, and in which words; the same for the fake and for kube-apiserver.

Source: recorded from kube-apiserver 1.37.2.
"""

import pytest

from tests.support.api_server import ApiServer, Cluster, scenario
from tests.support.watching import WATCH_LIST, fetch, read_all

INVALID = 'ListOptions.meta.k8s.io "" is invalid: '
MATCH = f"{INVALID}resourceVersionMatch: "
REFUSED = {
    "sendInitialEvents=true watch=true": (
        422,
        (
            f"{MATCH}Forbidden: sendInitialEvents requires setting resourceVersionMatch to"
            " NotOlderThan"
        ),
    ),
    "resourceVersionMatch=NotOlderThan watch=true": (
        422,
        (
            f"{MATCH}Forbidden: resourceVersionMatch is forbidden for watch unless"
            " sendInitialEvents is provided"
        ),
    ),
    "resourceVersionMatch=NotOlderThan": (
        422,
        f"{MATCH}Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
    ),
    "sendInitialEvents=true": (
        422,
        f"{INVALID}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
    ),
    "resourceVersionMatch=Other resourceVersion=1": (
        422,
        f'{MATCH}Unsupported value: "Other": supported values: "Exact", "NotOlderThan", ""',
    ),
    "resourceVersionMatch=Exact resourceVersion=0": (
        422,
        f'{MATCH}Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ),
    "resourceVersion=abc": (
        400,
        (
            'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint:'
            ' parsing "abc": invalid syntax'
        ),
    ),
    "limit=abc": (400, 'strconv.ParseInt: parsing "abc": invalid syntax'),
    "fieldSelector=spec.nothing=1": (400, "field label not supported: spec.nothing"),
    "fieldSelector=nothing": (400, "invalid selector: 'nothing'; can't understand 'nothing'"),
}


@scenario
async def test_nobody_who_may_nothing_sees_anything(cluster: Cluster) -> None:
    connection = cluster.connection(is_weak=True)

    status, listed = await fetch(connection, "Service")
    watched, watch = await fetch(connection, "EndpointSlice", watch=True)

    assert (status, watched) == (403, 403)
    assert listed == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'services is forbidden: User "weak" cannot list resource "services"'
        ' in API group "" at the cluster scope',
        "reason": "Forbidden",
        "details": {"kind": "services"},
        "code": 403,
    }
    assert watch["message"] == (
        'endpointslices.discovery.k8s.io is forbidden: User "weak" cannot watch resource'
        ' "endpointslices" in API group "discovery.k8s.io" at the cluster scope'
    )


@scenario
async def test_a_watch_list_is_422_where_the_gate_is_off(cluster: Cluster) -> None:
    await cluster.turn_watch_list_off()

    status, refusal = await fetch(cluster.connection(), "Service", watch=True, **WATCH_LIST)

    assert (status, refusal["reason"]) == (422, "Invalid")
    assert refusal["message"] == (
        'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents'
        " is forbidden for watch unless the WatchList feature gate is enabled"
    )


@pytest.mark.parametrize("options", REFUSED)
def test_parameters_that_make_no_sense_are_refused_in_these_words(
    api: ApiServer, options: str
) -> None:
    async def steps(cluster: Cluster) -> None:
        parameters = dict(option.split("=", 1) for option in options.split())
        status, refusal = await fetch(cluster.connection(), "Service", **parameters)

        assert (status, refusal["message"]) == REFUSED[options]
        assert refusal["code"] == status

    api.run(steps)


@scenario
async def test_what_does_not_exist_is_404(cluster: Cluster) -> None:
    connection = cluster.connection()

    unknown = await connection.get("/api/v1/nothing", silence_seconds=30)
    elsewhere = await connection.get("/nothing", silence_seconds=30)

    assert (unknown.status, elsewhere.status) == (404, 404)
    assert b'"reason":"NotFound"' in await read_all(unknown)
    assert await read_all(elsewhere) == b"404 page not found\n"


@scenario
async def test_the_version_can_be_asked_for(cluster: Cluster) -> None:
    reply = await cluster.connection().get("/version", silence_seconds=30)

    assert reply.status == 200
    assert b'"gitVersion": "v1.' in await read_all(reply)
