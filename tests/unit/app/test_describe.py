"""Everything about one Service comes from the objects; the kernel where it can be read."""

from dataclasses import replace

import pytest

from svcdns.app import describe
from svcdns.app.describe import Answered, described
from svcdns.app.proxy_backend import Observed
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.proxy.model import Desired
from svcdns.proxy.realized import Realized, RealizedVirtual
from tests.support.live_api import live_api
from tests.support.tree import ROOT

SHOP = ProxySettings(
    mode="userspace", listen="127.0.0.1", manifests=str(ROOT / "examples/shop"), node="node-a"
)


def test_names_have_the_answers_that_a_server_gives() -> None:
    found = described(SHOP, "shop", "web")

    assert found.names == (
        Answered("web.shop.svc.cluster.local", "A", ("10.96.4.7",)),
        Answered(
            "_http._tcp.web.shop.svc.cluster.local",
            "SRV",
            ("0 100 80 web.shop.svc.cluster.local.",),
        ),
    )


def test_a_name_without_an_answer_says_why() -> None:
    found = described(SHOP, "shop", "cart")

    assert found.names[0].answers == ()
    assert "0 of 3 endpoints are ready" in found.names[0].why


def test_an_external_name_is_a_cname() -> None:
    (name,) = described(SHOP, "shop", "payments").names

    assert name.rrtype == "CNAME"
    assert name.answers


def test_another_zone_is_the_corefiles(tmp_path_factory: pytest.TempPathFactory) -> None:
    corefile = tmp_path_factory.mktemp("c") / "Corefile"
    corefile.write_text("example {\n kubernetes example\n}\n", encoding="ascii")

    found = described(SHOP, "shop", "web", str(corefile))

    assert found.names[0].name == "web.shop.svc.example"


def test_a_kernel_that_cannot_be_read_is_said() -> None:
    found = described(SHOP, "shop", "web")

    assert "known to its process alone" in found.kernel
    assert [(str(one.key), one.there) for one in found.virtual_servers] == [
        ("10.96.4.7:80/TCP", None),
        ("172.18.0.2:30080/TCP", None),
    ]


def test_what_the_kernel_has_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(_: ProxySettings, desired: Desired) -> Observed:
        return Observed(Realized({key: RealizedVirtual("rr") for key in desired.virtual_servers}))

    monkeypatch.setattr(describe, "observed", seen)

    found = described(SHOP, "shop", "web")

    assert not found.kernel
    assert [one.there for one in found.virtual_servers] == [RealizedVirtual("rr")] * 2


def test_what_was_left_out_is_this_services_own() -> None:
    lc = replace(SHOP, mode="nftables", external_ips=False)

    assert described(lc, "shop", "web").skipped == ()


def test_a_service_that_is_not_there_has_a_near_one() -> None:
    with pytest.raises(StartError, match=r"no Service 'wbe' in Namespace 'shop'\n  near  shop/web"):
        described(SHOP, "shop", "wbe")


def test_an_api_server_will_do() -> None:
    with live_api() as api:
        found = described(replace(SHOP, manifests=None, servers=(api.url,)), "shop", "web")

    assert found.names[0].answers == ("10.96.4.7",)
