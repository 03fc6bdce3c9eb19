"""One query, answered without sockets."""

from pathlib import Path

import pytest

from svcdns.app.inprocess import Reply, ask, of_manifests
from svcdns.app.start_error import StartError
from svcdns.corefile.errors import CorefileError
from svcdns.wire.codec import Message, decode, encode_query
from svcdns.wire.codes import RCode, type_number
from svcdns.wire.name import from_text
from svcdns.wire.question import MalformedQueryError
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")
WEB = "web.shop.svc.cluster.local"


def reply_to(name: str, rrtype: str = "A", corefile: Path | None = None) -> Reply:
    message = encode_query(from_text(name), type_number(rrtype), id=7)
    return ask(
        message, known=of_manifests(SHOP), corefile=None if corefile is None else str(corefile)
    )


def message_for(name: str, rrtype: str = "A", corefile: Path | None = None) -> Message:
    return decode(reply_to(name, rrtype, corefile).response)


@pytest.fixture
def corefile(tmp_path: Path) -> Path:
    """A place for a Corefile."""
    return tmp_path / "Corefile"


@pytest.mark.parametrize(
    ("name", "rrtype", "data"),
    [
        (WEB, "A", "10.96.4.7"),
        ("10-244-1-7.shop.pod.cluster.local", "A", "10.244.1.7"),
        ("7.4.96.10.in-addr.arpa", "PTR", "web.shop.svc.cluster.local."),
        ("search.shop.svc.cluster.local", "AAAA", "fd00:10:96::3d05"),
    ],
)
def test_without_a_corefile_it_answers_as_kubeadms_does(name: str, rrtype: str, data: str) -> None:
    message = message_for(name, rrtype)

    assert (message.id, message.rcode) == (7, RCode.NOERROR)
    assert [record.rdata for record in message.answer] == [data]


def test_a_positive_answer_needs_no_names_that_are_near(tmp_path: Path) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: shop}\nspec: {}\n"
    (tmp_path / "carts.yaml").write_text(f"{service % 'cart'}---\n{service % 'carts'}")

    there, missing = (
        ask(
            encode_query(from_text(f"{name}.shop.svc.cluster.local"), 1, id=7),
            known=of_manifests(str(tmp_path)),
        )
        for name in ("cart", "carst")
    )

    assert (there.near, missing.near) == ((), ("cart.shop", "carts.shop"))
    assert 0 < there.seconds < 60


@pytest.mark.parametrize(("name", "rrtype"), [("wep.shop.svc.cluster.local", "A"), (WEB, "MX")])
def test_a_negative_answer_says_why(name: str, rrtype: str) -> None:
    message = message_for(name, rrtype)

    assert message.answer == ()
    assert message.extended_errors


def test_names_that_are_near_come_with_a_negative_answer() -> None:
    assert reply_to("wep.shop.svc.cluster.local").near[0] == "web.shop"


def test_the_corefile_decides_what_is_answered(corefile: Path) -> None:
    corefile.write_text("example {\n kubernetes {\n ttl 30\n }\n}\n")

    (record,) = message_for("web.shop.svc.example", corefile=corefile).answer

    assert (record.rdata, record.ttl) == ("10.96.4.7", 30)
    assert message_for(WEB, corefile=corefile).rcode == RCode.REFUSED


def test_the_listener_that_serves_the_name_is_asked(corefile: Path) -> None:
    corefile.write_text("other {\n whoami\n}\ncluster.local:1053 {\n kubernetes\n}\n")

    assert message_for(WEB, corefile=corefile).rcode == RCode.NOERROR
    assert message_for("nowhere", corefile=corefile).rcode == RCode.REFUSED


def test_the_answer_is_not_cut(tmp_path: Path) -> None:
    endpoints = "".join(f"- addresses: [10.9.0.{last}]\n" for last in range(200))
    (tmp_path / "many.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: many, namespace: shop}\n"
        "spec: {clusterIP: None}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: m, namespace: shop, labels: {kubernetes.io/service-name: many}}\n"
        f"addressType: IPv4\nports: []\nendpoints:\n{endpoints}"
    )
    message = encode_query(from_text("many.shop.svc.cluster.local"), 1, id=7)

    response = ask(message, known=of_manifests(str(tmp_path))).response

    assert len(decode(response).answer) == 200


def test_mistakes_of_the_corefile_are_reported(corefile: Path) -> None:
    corefile.write_text(". {\n kubernetes cluster.local {\n ttl -1\n }\n}\n")

    with pytest.raises(CorefileError, match="ttl"):
        reply_to(WEB, corefile=corefile)


def test_a_corefile_without_a_server_block_is_reported(corefile: Path) -> None:
    corefile.write_text("# nothing\n")

    with pytest.raises(StartError, match="no server block"):
        reply_to(WEB, corefile=corefile)


def test_a_corefile_that_is_not_there_is_reported(corefile: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reply_to(WEB, corefile=corefile)


def test_manifests_that_are_not_there_are_reported(tmp_path: Path) -> None:
    message = encode_query(from_text(WEB), 1, id=7)

    with pytest.raises(StartError, match="does not exist"):
        ask(message, known=of_manifests(str(tmp_path / "missing")))


def test_what_is_wrong_with_the_manifests_comes_with_the_answer(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: 7\n"
    )

    reply = ask(encode_query(from_text(WEB), 1, id=7), known=of_manifests(str(tmp_path)))

    (problem,) = reply.problems
    assert problem.startswith(f"{tmp_path / 'bad.yaml'}:")
    assert "Service shop/web: spec" in problem
    assert reply_to(WEB).problems == ()


def test_what_is_no_query_is_not_answered() -> None:
    with pytest.raises(MalformedQueryError):
        ask(b"\0" * 11, known=of_manifests(SHOP))
