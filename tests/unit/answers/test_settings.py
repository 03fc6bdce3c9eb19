import pytest

from svcdns.answers.settings import KubernetesSettings, is_reverse
from svcdns.wire.name import from_text


def settings_of(*zones: str, fallthrough: tuple[str, ...] | None = None) -> KubernetesSettings:
    passed = None if fallthrough is None else tuple(map(from_text, fallthrough))
    return KubernetesSettings(tuple(map(from_text, zones)), fallthrough=passed)


@pytest.mark.parametrize(
    ("zones", "primary"),
    [
        (("cluster.local", "in-addr.arpa"), "cluster.local"),
        (("10.in-addr.arpa", "in-addr.arpa", "ip6.arpa", "a.local", "b.local"), "a.local"),
        (("in-addr.arpa",), "in-addr.arpa"),
        ((".",), "."),
    ],
)
def test_the_primary_zone_is_the_first_forward_one(zones: tuple[str, ...], primary: str) -> None:
    assert settings_of(*zones).primary_zone == from_text(primary)


@pytest.mark.parametrize(
    ("zone", "reverse"),
    [
        ("in-addr.arpa", True),
        ("8.b.d.0.1.0.0.2.ip6.arpa", True),
        ("arpa", False),
        ("home.arpa", False),
        ("xin-addr.arpa", False),
        (".", False),
    ],
)
def test_zones_of_addresses_are_told_apart(zone: str, *, reverse: bool) -> None:
    assert is_reverse(from_text(zone)) is reverse


@pytest.mark.parametrize(
    ("fallthrough", "owner", "passed"),
    [
        (None, "x.cluster.local", False),
        ((".",), "x.cluster.local", True),
        (("in-addr.arpa",), "1.0.0.10.in-addr.arpa", True),
        (("in-addr.arpa",), "x.cluster.local", False),
        (("shop.svc.cluster.local",), "web.shop.svc.cluster.local", True),
        (("shop.svc.cluster.local",), "web.workshop.svc.cluster.local", False),
    ],
)
def test_fallthrough_counts_in_its_zones(
    fallthrough: tuple[str, ...] | None, owner: str, *, passed: bool
) -> None:
    settings = settings_of("cluster.local", fallthrough=fallthrough)

    assert settings.passes_on(from_text(owner)) is passed
