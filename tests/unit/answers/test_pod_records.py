import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.pod_records import count_pods, is_canonical, pod_address
from svcdns.wire.name import address_text, pack_address
from tests.support.cluster_text import state_of


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("10-244-1-7", "10.244.1.7"),
        ("0-0-0-0", "0.0.0.0"),
        ("fd00--7", "fd00::7"),
        ("fd00--", "fd00::"),
        ("--", "::"),
        ("1-2-3-4-5-6-7-8", "1:2:3:4:5:6:7:8"),
        ("fd00--1-2", "fd00::1:2"),
        ("--ffff-af4-107", "10.244.1.7"),
    ],
)
def test_a_label_spells_an_address(label: str, address: str) -> None:
    assert pod_address(label) == pack_address(address)


@pytest.mark.parametrize(
    "label",
    [
        *("web", "1-2-3", "1-2-3-256", "01-2-3-4", "1-2-3-4-5", "-1-2-3", "1--2--3", "1.2.3.4"),
        *("fd00::7", "fd00--7%eth0", "1-2.3-4", "fd00---7", ""),
    ],
)
def test_another_label_spells_none(label: str) -> None:
    assert pod_address(label) is None


@given(st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)))
def test_the_dashes_of_an_address_spell_it(address: bytes) -> None:
    separator = "." if len(address) == 4 else ":"
    label = address_text(address).replace(separator, "-")

    # The text of an IPv4-mapped address has dots, `::ffff:1.2.3.4`: no such label.
    assert pod_address(label) == address or "." in label
    assert is_canonical(label, address)


def test_an_ipv6_address_has_one_canonical_spelling() -> None:
    address = pack_address("fd00::7")

    assert is_canonical("fd00--7", address)
    assert not is_canonical("fd00-0-0-0-0-0-0-7", address)
    assert not is_canonical("fd00--0007", address)


def test_every_address_of_a_pod_counts_in_its_own_namespace() -> None:
    state = state_of(
        "Pod shop/db-0 10.1.0.3 fd00::3\nPod ops/x 10.1.0.4\n"
        "Pod ops/on-node 10.0.0.9\nPod ops/beside-it 10.0.0.9"
    )

    assert count_pods(state, "shop", pack_address("10.1.0.3")) == 1
    assert count_pods(state, "shop", pack_address("fd00::3")) == 1
    assert count_pods(state, "shop", pack_address("10.1.0.4")) == 0
    assert count_pods(state, "ops", pack_address("10.1.0.3")) == 0
    assert count_pods(state, "ops", pack_address("10.0.0.9")) == 2
