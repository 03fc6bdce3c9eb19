"""New names and addresses: equal stays equal, different stays different, in order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.source.pseudonyms import Pseudonyms, Readdressing
from svcdns.wire.name import address_text, pack_address

NAMES = st.lists(st.text("ab.-", min_size=1, max_size=5))
ADDRESSES = st.lists(
    st.binary(min_size=4, max_size=4)
    | st.binary(min_size=16, max_size=16)
    | st.binary(min_size=4, max_size=4).map(lambda last: bytes(10) + b"\xff\xff" + last)
)


def readdressed(*texts: str, services: tuple[str, ...] = ()) -> list[str]:
    given_addresses = list(map(pack_address, texts))
    new = Readdressing(map(pack_address, services), given_addresses)
    return [address_text(new[one]) for one in given_addresses]


@given(NAMES, st.booleans())
def test_names_keep_their_order_and_stay_different(names: list[str], shaped: bool) -> None:  # noqa: FBT001
    new = Pseudonyms("name", names, shaped=shaped)

    assert all(new[a] < new[b] for a, b in pairwise(sorted(set(names))))


def test_numbers_follow_the_order_of_the_names() -> None:
    new = Pseudonyms("service", ["web", "db", "web", *map(str, range(10))])

    assert (new["0"], new["9"], new["db"], new["web"]) == (
        "service-01",
        "service-10",
        "service-11",
        "service-12",
    )


def test_what_everybody_has_stays() -> None:
    new = Pseudonyms("namespace", ["shop", "default", ""], ["default", "kube-system"])

    assert dict(new) == {"shop": "namespace-1"}
    assert [new[name] for name in ("default", "kube-system", "")] == ["default", "kube-system", ""]


def test_a_name_that_was_not_there_has_no_new_one() -> None:
    with pytest.raises(KeyError):
        Pseudonyms("service", ["web"])["db"]


def test_new_names_can_be_below_a_domain() -> None:
    new = Pseudonyms("outside", ["db.acme.org"], domain="example")

    assert new["db.acme.org"] == "outside-1.example"


@pytest.mark.parametrize(
    ("name", "new"),
    [
        pytest.param("web-0", "pod-1", id="a label"),
        pytest.param("web.0.a", "pod-1.x.x", id="three labels"),
        pytest.param("w" * 63, "pod-1", id="a long label"),
        pytest.param("w" * 64, "pod-1" + "x" * 64, id="too long for a label"),
    ],
)
def test_what_dns_sees_of_a_form_stays(name: str, new: str) -> None:
    assert Pseudonyms("pod", [name], shaped=True)[name] == new


@given(ADDRESSES, ADDRESSES)
def test_addresses_keep_their_family_and_stay_different(
    services: list[bytes], others: list[bytes]
) -> None:
    new = Readdressing(services, others)
    every = {*services, *others}

    assert len({new[one] for one in every}) == len(every)
    assert all(len(new[one]) == len(one) for one in every)
    assert all(
        new[one][:12] == one[:12] for one in every if one.startswith(bytes(10) + b"\xff\xff")
    )


@given(ADDRESSES)
def test_addresses_keep_their_order_and_their_neighbours(others: list[bytes]) -> None:
    new = Readdressing((), others)
    ipv4 = sorted({one for one in others if len(one) == 4 and one[0] != 127 and any(one)})

    for before, after in pairwise(ipv4):
        assert new[before] < new[after]
        assert (before[:3] == after[:3]) == (new[before][:3] == new[after][:3])


def test_addresses_look_like_those_of_a_cluster() -> None:
    found = readdressed(
        *("172.20.4.7", "172.20.4.9", "172.20.5.1"),
        *("192.168.3.1", "192.168.3.200", "192.168.9.1"),
        *("2001:db8::1", "2001:db8:0:1::1", "2001:db8:ffff::9"),
        services=("172.20.4.7", "172.20.4.9", "172.20.5.1", "2001:db8:ffff::9"),
    )

    assert found == [
        *("10.96.0.1", "10.96.0.2", "10.96.1.1"),
        *("10.128.0.1", "10.128.0.2", "10.128.1.1"),
        *("fd00:10:244::1", "fd00:10:244:1::1", "fd00:10:96::1"),
    ]


def test_a_whole_network_fits() -> None:
    found = readdressed(*(f"192.168.3.{n}" for n in range(256)))

    assert found == [f"10.128.0.{n}" for n in range(256)]


def test_ranges_never_overlap() -> None:
    services = [(0x0B000000 + 256 * n).to_bytes(4) for n in range(9000)]

    new = Readdressing(services, [b"\x09\0\0\1"])

    assert new[b"\x09\0\0\1"] > max(new[one] for one in services)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"]
)
def test_what_says_nothing_about_a_cluster_stays(text: str) -> None:
    assert readdressed(text) == [text]


def test_an_ipv4_address_inside_an_ipv6_one_stays_the_same_one() -> None:
    assert readdressed("192.0.2.7", "::ffff:192.0.2.7") == ["10.128.0.1", "::ffff:10.128.0.1"]


def test_an_address_that_was_not_there_has_no_new_one() -> None:
    with pytest.raises(KeyError):
        Readdressing([], [])[b"\n\0\0\1"]


def test_the_table_has_each_renamed_one_once() -> None:
    new = Readdressing([b"\n\0\0\1"], [b"\n\0\0\1", b"\n\0\0\2"])

    assert sorted(new) == [b"\n\0\0\1", b"\n\0\0\2"]
    assert len(new) == 2
    assert len(Pseudonyms("a", ["b", "c", "b"])) == 2
