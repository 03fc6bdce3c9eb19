"""Lines of a watch, pages and Status objects: each says what happened, whatever it looks like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.envelope import (
    ADDED,
    DELETED,
    MODIFIED,
    BookmarkEvent,
    ObjectEvent,
    Status,
    UnknownEvent,
    UnusableEvent,
    read_head,
    read_item,
    read_line,
    read_page,
    read_status,
)
from svcdns.cluster.model import Namespace, Service
from svcdns.cluster.object_error import MalformedError
from svcdns.cluster.parse import VERSIONS

TRIGGERED = "endpoints.kubernetes.io/last-change-trigger-time"


def metadata(name: str = "web", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "resourceVersion": "12", **more}


def service(**more: Any) -> dict[str, Any]:
    return {"metadata": metadata(), "spec": {"clusterIPs": ["None"]}, **more}


def line(event_type: object, document: object) -> bytes:
    return json.dumps({"type": event_type, "object": document}).encode() + b"\n"


WEB = Service("shop", "web", headless=True)


@pytest.mark.parametrize("event_type", [ADDED, MODIFIED])
def test_an_object_comes_as_its_value(event_type: str) -> None:
    event = read_line(line(event_type, service()), "Service")

    assert event == ObjectEvent(event_type, 12, ("shop", "web"), WEB)


def test_a_deleted_object_has_no_value() -> None:
    event = read_line(line(DELETED, service()), "Service")

    assert event == ObjectEvent(DELETED, 12, ("shop", "web"), None)


def test_the_type_may_stand_behind_the_object() -> None:
    octets = b'{"object": %b, "type": "ADDED"}' % json.dumps(service()).encode()

    assert read_line(octets, "Service") == ObjectEvent(ADDED, 12, ("shop", "web"), WEB)


def test_an_object_of_the_cluster_has_no_namespace_in_its_key() -> None:
    event = read_line(line(ADDED, {"metadata": metadata("shop", namespace="odd")}), "Namespace")

    assert event == ObjectEvent(ADDED, 12, ("", "shop"), Namespace("shop"))


def test_a_pod_without_an_address_is_there_without_a_value() -> None:
    event = read_line(line(ADDED, {"metadata": metadata("web-0")}), "Pod")

    assert event == ObjectEvent(ADDED, 12, ("shop", "web-0"), None)


def test_a_part_that_cannot_be_used_is_named() -> None:
    document = service(spec={"clusterIPs": ["10.0.0.300"]})

    event = read_line(line(ADDED, document), "Service")

    assert isinstance(event, ObjectEvent)
    assert [flaw.field for flaw in event.flaws] == ["spec.clusterIPs[0]"]


def test_a_slice_says_when_what_is_behind_it_changed() -> None:
    time = "2026-01-02T03:04:05Z"
    document = {"addressType": "IPv4", "metadata": metadata(annotations={TRIGGERED: time})}

    event = read_line(line(MODIFIED, document), "EndpointSlice")

    assert isinstance(event, ObjectEvent)
    assert event.trigger_time == time


@pytest.mark.parametrize(
    ("annotations", "ends_list"),
    [
        (None, False),
        ({}, False),
        ({"k8s.io/initial-events-end": "true"}, True),
        ({"k8s.io/initial-events-end": "false"}, False),
        ({"other": "true"}, False),
    ],
)
def test_a_bookmark_may_end_a_list(annotations: object, ends_list: object) -> None:
    document = {"kind": "Service", "metadata": {"resourceVersion": "9", "annotations": annotations}}

    assert read_line(line("BOOKMARK", document), "Service") == BookmarkEvent(9, bool(ends_list))


@pytest.mark.parametrize("kind", VERSIONS)
def test_an_error_is_never_taken_for_an_object(kind: str) -> None:
    status = {"kind": "Status", "metadata": {}, "status": "Failure", "code": 410}
    status |= {"reason": "Expired", "message": "too old"}

    event = read_line(line("ERROR", status), kind)

    assert event == Status(410, "Expired", "too old")
    assert isinstance(event, Status)
    assert event.is_expired


def test_an_error_that_is_no_status_is_an_error_all_the_same() -> None:
    event = read_line(line("ERROR", [1, 2]), "Service")

    assert event == Status(0, "", "[1, 2]")
    assert str(event) == "[1, 2]"


def test_a_line_of_an_unknown_type_says_its_version() -> None:
    assert read_line(line("SYNC", service()), "Service") == UnknownEvent("SYNC", 12)


@pytest.mark.parametrize(
    ("document", "version", "key", "message"),
    [
        pytest.param(
            service(spec=["x"]),
            12,
            ("shop", "web"),
            "Service shop/web: spec: expected a mapping, found a list",
            id="part of another type",
        ),
        pytest.param(
            {"metadata": metadata(labels=3)},
            12,
            ("shop", "web"),
            "Service shop/web: metadata.labels: expected a mapping, found a number",
            id="metadata of another type",
        ),
        pytest.param(
            {"metadata": metadata("No Label")},
            12,
            ("shop", "No Label"),
            "Service shop/No Label: metadata.name: 'No Label' cannot be a DNS label: at most 63"
            " of a-z, 0-9 and, inside, '-'",
            id="name",
        ),
        pytest.param(
            {"metadata": {"resourceVersion": "x"}},
            0,
            None,
            "Service: metadata.name: is missing",
            id="no name",
        ),
        pytest.param(7, 0, None, "Service: expected a mapping, found a number", id="no mapping"),
    ],
)
def test_an_object_that_cannot_be_used_is_named_as_far_as_it_can_be_read(
    document: object, version: int, key: tuple[str, str] | None, message: str
) -> None:
    event = read_line(line(MODIFIED, document), "Service")

    assert isinstance(event, UnusableEvent)
    assert (event.type, event.version, event.key) == (MODIFIED, version, key)
    assert str(event.error) == message


def test_an_object_is_deleted_however_it_looked() -> None:
    event = read_line(line(DELETED, service(spec=7)), "Service")

    assert event == ObjectEvent(DELETED, 12, ("shop", "web"), None)


def test_a_deleted_object_without_a_name_cannot_be_told() -> None:
    event = read_line(line(DELETED, {"metadata": {"namespace": "shop"}}), "Service")

    assert isinstance(event, UnusableEvent)
    assert event.key is None


@pytest.mark.parametrize(
    "octets",
    [b"", b"<html>", b"[]", b"{}", b'{"type":3,"object":{}}', b'{"type":"ADDED"}', b"\xff", b'{"t'],
)
def test_what_is_no_line_of_a_watch_is_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        read_line(octets, "Service")


@pytest.mark.parametrize("version", ["", "x", "-3", None, "9" * 5_000, "1.5"])
def test_a_version_that_is_no_number_is_none(version: object) -> None:
    octets = line("BOOKMARK", {"metadata": {"resourceVersion": version}})

    assert read_line(octets, "Service") == BookmarkEvent(0, ends_list=False)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_octets_are_a_line_or_malformed(octets: bytes) -> None:
    try:
        read_line(octets, "EndpointSlice")
        read_page(octets)
        read_status(octets)
    except MalformedError:
        return


def test_a_page_has_items_that_do_not_say_what_they_are() -> None:
    meta = {"resourceVersion": "40", "continue": "token", "remainingItemCount": 7}
    body = json.dumps({"kind": "ServiceList", "metadata": meta, "items": [service(), {}]}).encode()

    page = read_page(body)

    assert (page.version, page.next, page.remaining, page.total) == (40, "token", 7, 9)
    assert read_item(page.items[0], "Service") == ObjectEvent(ADDED, 12, ("shop", "web"), WEB)
    assert isinstance(read_item(page.items[1], "Service"), UnusableEvent)


@pytest.mark.parametrize(
    ("meta", "total"),
    [
        pytest.param({}, 0, id="the last page"),
        pytest.param({"continue": "token"}, None, id="with a selector nothing is counted"),
        pytest.param({"continue": "token", "remainingItemCount": 4}, 4, id="more pages"),
    ],
)
def test_a_page_says_how_many_objects_there_are_if_the_server_does(
    meta: dict[str, Any], total: int | None
) -> None:
    page = read_page(json.dumps({"metadata": meta, "items": None}).encode())

    assert page.total == total


@pytest.mark.parametrize("body", [b"", b"[]", b'{"items":[]}', b'{"metadata":{},"items":{}}'])
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_page(body)


def test_a_status_says_when_to_come_back_and_what_the_cause_was() -> None:
    details = {"retryAfterSeconds": 3, "causes": [{"reason": "ResourceVersionTooLarge"}, {}]}
    body = {"code": 504, "reason": "Timeout", "message": "Too large", "details": details}

    status = read_status(json.dumps(body).encode())

    assert status == Status(504, "Timeout", "Too large", 3, ("ResourceVersionTooLarge",))
    assert status.is_ahead
    assert not status.is_expired
    assert str(status) == "504 Timeout Too large"


def test_a_kind_that_is_not_known_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="ConfigMap"):
        read_item(b"{}", "ConfigMap")


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True)
WHY = "it is too long"


@given(st.sampled_from((ADDED, MODIFIED)), NAMES, NAMES, st.booleans())
def test_the_beginning_of_a_line_says_whom_it_is_about(
    event_type: str,
    name: str,
    namespace: str,
    is_generated: bool,  # noqa: FBT001
) -> None:
    generated = {"generateName": name[:-1]} if is_generated else {}
    owner = {"name": name, **generated, "namespace": namespace, "resourceVersion": "12"}
    document = {"kind": "Service", "apiVersion": "v1", "metadata": owner, "spec": {"x": "y" * 999}}
    octets = json.dumps({"type": event_type, "object": document}, separators=(",", ":")).encode()

    event = read_head(octets[:1024], "Service", WHY)

    assert isinstance(event, UnusableEvent)
    assert (event.type, event.version, event.key) == (event_type, 0, (namespace, name))
    assert str(event.error) == f"Service {namespace}/{name}: {WHY}"
    whole = read_line(octets, "Service")
    assert isinstance(whole, ObjectEvent | UnusableEvent)
    assert whole.key == event.key


OWNER = b'"object":{"kind":"Service","apiVersion":"v1","metadata":{'


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        pytest.param(b'{"type":"DELETED",' + OWNER + b'"name":"a",', "Namespace", id="a deletion"),
        pytest.param(b'{"type":"BOOKMARK",' + OWNER + b'"name":"a",', "Namespace", id="no object"),
        pytest.param(b'{"type":"ADDED",' + OWNER + b'"na', "Namespace", id="cut off"),
        pytest.param(b'{"type":"ADDED",' + OWNER + b'"name":"a",', "Service", id="no namespace"),
        pytest.param(
            b'{"type":"ADDED","object":{"metadata":{"name":"a",', "Namespace", id="no kind"
        ),
        pytest.param(b"", "Service", id="nothing"),
        pytest.param(b"\xff" * 99, "Service", id="rubbish"),
    ],
)
def test_a_beginning_that_does_not_say_it_is_nobodys(head: bytes, kind: str) -> None:
    assert read_head(head, kind, WHY) is None


def test_a_namespace_is_in_no_namespace() -> None:
    event = read_head(b'{"type":"ADDED",' + OWNER + b'"name":"a","uid"', "Namespace", WHY)

    assert event is not None
    assert event.key == ("", "a")
