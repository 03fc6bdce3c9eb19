from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.service_records import (
    Slices,
    addresses_of,
    cluster_parts,
    count,
    dashed,
    endpoint_label,
    endpoint_parts,
    fqdn_of,
    has_address,
    is_in_zone,
    is_labelled,
    is_ready,
    known_as,
    ready_labels,
    service_name,
    slices_with,
    srv_rrsets,
)
from svcdns.cluster.model import EndpointSlice, Service
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text, pack_address, to_text
from svcdns.wire.rrset import RRset
from tests.support.cluster_text import object_of

ZONE = from_text("cluster.local")
DB = service_name(ZONE, "shop", "db")


def slice_of(text: str) -> EndpointSlice:
    found = object_of(f"EndpointSlice shop/db-1 of db {text}")
    assert isinstance(found, EndpointSlice)
    return found


def service_of(text: str) -> Service:
    found = object_of(f"Service shop/web {text}")
    assert isinstance(found, Service)
    return found


def srv(*slices: EndpointSlice, pod_names: bool = False, **wanted: Any) -> list[str]:
    answer, _ = srv_rrsets(endpoint_parts(slices, **wanted), DB, 5, DB, pod_names=pod_names)
    return srv_texts(answer)


def srv_texts(answer: tuple[RRset, ...]) -> list[str]:
    return [
        " ".join(str(int.from_bytes(rdata[at : at + 2])) for at in (0, 2, 4))
        + " "
        + to_text(rdata[6:]).removesuffix(".shop.svc.cluster.local.")  # type: ignore[arg-type]
        for rrset in answer
        for rdata in rrset.records
    ]


WEB = service_of("10.0.0.1 fd00::1 port http/TCP 80 port dns/UDP 53 port /TCP 9")


@pytest.mark.parametrize(
    ("port", "protocol", "numbers"),
    [
        ("", "", (80, 53, 9)),
        ("http", "tcp", (80,)),
        ("", "tcp", (80, 9)),
        ("dns", "", (53,)),
        ("http", "udp", None),
        ("sql", "tcp", None),
    ],
)
def test_a_service_is_selected_by_port_and_protocol(
    port: str, protocol: str, numbers: tuple[int, ...] | None
) -> None:
    parts = cluster_parts(WEB, port, protocol)

    assert [part.ports for part in parts] == ([numbers] if numbers else [])


def test_a_service_without_ports_has_addresses_but_no_port() -> None:
    portless = service_of("10.0.0.1")

    (part,) = cluster_parts(portless)
    assert part.ports == (None,)
    assert addresses_of((part,), 4) == (pack_address("10.0.0.1"),)
    assert srv_rrsets((part,), DB, 5, DB, pod_names=False) == ((), ())
    assert cluster_parts(portless, protocol="tcp") == ()


def test_only_ready_addresses_are_endpoints() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1, 10.1.0.2 not-ready, 10.1.0.3 terminating, 10.1.0.4")

    (part,) = endpoint_parts((one,))

    assert part.addresses == (pack_address("10.1.0.1"), pack_address("10.1.0.4"))


def test_ready_and_terminating_endpoints_count_by_their_readiness_alone() -> None:
    one = EndpointSlice("shop", "s", "db", 4, bytes((10, 1, 0, 1)), b"\x07")

    assert is_ready((one,))


def test_a_slice_with_nobody_ready_gives_no_part() -> None:
    assert endpoint_parts((slice_of("port a/TCP 1: 10.1.0.2 not-ready"),)) == ()
    assert not is_ready((slice_of("port a/TCP 1: 10.1.0.2 not-ready"),))


def test_slices_are_filtered_by_their_own_ports() -> None:
    first = slice_of("port sql/TCP 5432: 10.1.0.1")
    second = slice_of("port http/TCP 80: 10.1.0.2")

    parts = endpoint_parts((first, second), "sql", "tcp")

    assert addresses_of(parts, 4) == (pack_address("10.1.0.1"),)


def test_addresses_come_once_and_in_the_order_of_the_slices() -> None:
    first = slice_of("port a/TCP 1: 10.1.0.9, 10.1.0.1")
    second = slice_of("port a/TCP 1: 10.1.0.1, 10.1.0.5")

    found = addresses_of(endpoint_parts((first, second)), 4)

    assert found == tuple(map(pack_address, ("10.1.0.9", "10.1.0.1", "10.1.0.5")))


def test_a_further_address_of_an_endpoint_is_answered_too() -> None:
    parts = endpoint_parts((slice_of("port a/TCP 1: 10.1.0.1+10.1.0.2"),))

    assert len(addresses_of(parts, 4)) == 2


def test_names_are_no_addresses() -> None:
    parts = endpoint_parts((slice_of("port a/TCP 1: a.example.com, b.example.com"),))

    assert not has_address(parts)
    assert fqdn_of(parts) == "a.example.com"
    assert srv_rrsets(parts, DB, 5, DB, pod_names=False) == ((), ())
    assert fqdn_of(()) == ""


@pytest.mark.parametrize(
    ("endpoint", "pod_names", "label"),
    [
        ("10.1.0.1 hostname=db-0 pod=db-0-pod", True, "db-0"),
        ("10.1.0.1 pod=db-0-pod", True, "db-0-pod"),
        ("10.1.0.1 pod=db-0-pod", False, "10-1-0-1"),
        ("10.1.0.1 pod=" + "p" * 63, True, "p" * 63),
        ("10.1.0.1 pod=" + "p" * 64, True, "10-1-0-1"),
        ("10.1.0.1", True, "10-1-0-1"),
        ("5678:abcd::1", False, "5678-abcd--1"),
        ("5678:abcd::", False, "5678-abcd--0"),
        ("a.example.com", False, "a-example-com"),
        ("a.example.com.", False, "a-example-com"),
        (".".join(["a" * 20] * 4), False, ""),
    ],
)
def test_the_label_of_an_endpoint(endpoint: str, label: str, *, pod_names: bool) -> None:
    one = slice_of(f"port a/TCP 1: {endpoint}")

    assert endpoint_label(one, 0, pod_names=pod_names) == label
    if label:
        assert is_labelled(label, pod_names=pod_names)(one, 0)


def test_a_pod_name_that_is_no_label_is_not_used() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 pod=db.0")

    assert endpoint_label(one, 0, pod_names=True) == "10-1-0-1"
    assert is_labelled("10-1-0-1", pod_names=True)(one, 0)


def test_an_endpoint_has_one_label_only() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 hostname=db-0, fd00::1")

    assert not is_labelled("10-1-0-1", pod_names=False)(one, 0)
    other = slice_of("port a/TCP 1: fd00::1")
    assert not is_labelled("fd00-0-0-0-0-0-0-1", pod_names=False)(other, 0)


@given(
    st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
    st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
)
def test_dashed_addresses_find_themselves_and_nobody_else(address: bytes, other: bytes) -> None:
    one = EndpointSlice("shop", "s", "db", len(address), address, b"\x03")

    assert is_labelled(dashed(address), pod_names=False)(one, 0) or "." in dashed(address)
    assert is_labelled(dashed(other), pod_names=False)(one, 0) == (address == other)
    assert not dashed(address).endswith("-")


def test_topology_zones_are_compared_in_lower_case() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 zone=Us-East.1a, 10.1.0.2")

    keep = is_in_zone("us-east.1a")

    assert [keep(one, index) for index in (0, 1)] == [True, False]
    assert not keep(slice_of("port a/TCP 1: 10.1.0.1"), 0)


@pytest.mark.parametrize(
    ("count", "weight"), [(1, 100), (2, 50), (3, 33), (6, 16), (100, 1), (101, 1), (250, 1)]
)
def test_the_weight_is_a_hundred_shared_by_all(count: int, weight: int) -> None:
    listed = ", ".join(f"10.1.0.{number}" for number in range(count))

    found = srv(slice_of(f"port a/TCP 1: {listed}"))

    assert len(found) == count
    assert {text.split()[1] for text in found} == {str(weight)}


def test_ports_without_a_number_share_the_weight_but_have_no_record() -> None:
    one = slice_of("port a/TCP 1 port b/TCP 0: 10.1.0.1")

    assert srv(one) == ["0 50 1 10-1-0-1.db"]


def test_each_endpoint_has_a_record_for_each_port() -> None:
    found = srv(
        slice_of("port a/TCP 1 port b/UDP 2: 10.1.0.1 hostname=db-0, 10.1.0.2 hostname=db-1")
    )

    assert found == ["0 25 1 db-0.db", "0 25 2 db-0.db", "0 25 1 db-1.db", "0 25 2 db-1.db"]


def test_two_endpoints_with_one_label_share_a_record_and_bring_both_addresses() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 hostname=db, 10.1.0.2 hostname=db")

    answer, additional = srv_rrsets(endpoint_parts((one,)), DB, 5, DB, pod_names=False)

    assert srv_texts(answer) == ["0 50 1 db.db"]
    (addresses,) = additional
    assert addresses.records == tuple(map(pack_address, ("10.1.0.1", "10.1.0.2")))


def test_the_addresses_of_both_families_are_sets_of_their_own() -> None:
    _, additional = srv_rrsets(cluster_parts(WEB), DB, 5, DB, pod_names=False)

    assert [(one.rrtype, len(one.records)) for one in additional] == [
        (RRType.A, 1),
        (RRType.AAAA, 1),
    ]


def test_an_endpoint_whose_name_is_too_long_has_no_srv_record() -> None:
    service = from_text(".".join(["a" * 61] * 4))
    parts = endpoint_parts((slice_of("port a/TCP 1: 10.1.0.1"),))

    assert srv_rrsets(parts, DB, 5, service, pod_names=False) == ((), ())


def test_people_call_endpoints_by_hostname_pod_or_address() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 not-ready hostname=db-0, 10.1.0.2 pod=db-1, 10.1.0.3")
    named = slice_of("port a/TCP 1: a.example.com")

    assert list(known_as((one,), ready=False)) == ["db-0"]
    assert list(known_as((one, named), ready=True)) == ["db-1", "10.1.0.3", "a.example.com"]


def test_an_endpoint_with_two_addresses_is_called_once() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1+10.1.0.2 not-ready pod=db-0")

    assert list(known_as((one,), ready=False)) == ["db-0"]
    assert [count((one,), ready=ready) for ready in (False, True)] == [1, 0]


def test_ready_labels_come_once() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 hostname=db, 10.1.0.2 hostname=db, 10.1.0.3 not-ready")

    assert list(ready_labels((one,), pod_names=False)) == ["db"]


ENDPOINTS = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.0.1+10.1.0.2", "10.1.0.3+10.1.0.4"]),
        st.sampled_from(["", "not-ready", "terminating"]),
        st.sampled_from(["", "hostname=db-0", "hostname=db-1"]),
        st.sampled_from(["", "pod=db-0", "pod=db.0"]),
    ),
)
SLICES = st.lists(
    st.lists(ENDPOINTS, min_size=1, max_size=4).map(
        lambda endpoints: slice_of(f"port a/TCP 1: {', '.join(endpoints)}")
    ),
    max_size=4,
).map(tuple)


@given(slices=SLICES, ready=st.booleans())
def test_as_many_are_counted_as_have_a_name(slices: Slices, *, ready: bool) -> None:
    assert count(slices, ready=ready) == len(list(known_as(slices, ready=ready)))


@given(
    slices=SLICES,
    label=st.sampled_from(["db-0", "db-1", "10-1-0-1", "10-1-0-4", "db.0", "nope"]),
    pod_names=st.booleans(),
)
def test_a_slice_that_is_passed_over_has_nobody_of_that_label(
    slices: Slices, label: str, *, pod_names: bool
) -> None:
    few = slices_with(slices, label, pod_names=pod_names)
    is_wanted = is_labelled(label, pod_names=pod_names)

    assert [one for one in slices if any(is_wanted(one, index) for index in range(len(one)))] == [
        one for one in few if any(is_wanted(one, index) for index in range(len(one)))
    ]


def test_a_large_service_is_passed_over_for_a_label_nobody_has() -> None:
    one = slice_of("port a/TCP 1: 10.1.0.1 hostname=db-0, 10.1.0.2 pod=db-1")

    assert slices_with((one,), "nope", pod_names=False) == ()
    assert slices_with((one,), "10-1-0-9", pod_names=False) == ()
