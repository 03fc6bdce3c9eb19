"""What dig and kdig get from the example cluster, over every transport."""

import re

import pytest

from tests.e2e.conftest import ENDPOINTS
from tests.support.dig import dig, kdig, short
from tests.support.process import ServerProcess
from tests.support.tree import ROOT

SVC = "svc.cluster.local"

QUESTIONS = {
    ("my-service.default.svc.cluster.local",): ["10.96.114.20"],
    ("db.shop.svc.cluster.local",): ["10.244.1.7", "10.244.1.8", "10.244.2.7"],
    ("db-0.db.shop.svc.cluster.local",): ["10.244.1.7"],
    ("_sql._tcp.db.shop.svc.cluster.local", "SRV"): [
        f"0 33 5432 db-{number}.db.shop.svc.cluster.local." for number in range(3)
    ],
    ("_http3._udp.gateway.shop.svc.cluster.local", "SRV"): [
        "0 100 443 gateway.shop.svc.cluster.local."
    ],
    ("-x", "10.96.114.20"): ["my-service.default.svc.cluster.local."],
    ("-x", "fd00:10:96::3d05"): ["search.shop.svc.cluster.local."],
    ("search.shop.svc.cluster.local", "AAAA"): ["fd00:10:96::3d05"],
    ("10-244-1-7.shop.pod.cluster.local",): ["10.244.1.7"],
    ("10-244-1-21.web.shop.svc.cluster.local",): ["10.244.1.21"],
    ("payments.shop.svc.cluster.local", "CNAME"): ["api.payments.example.com."],
    ("queue.shop.svc.cluster.local",): ["10.244.1.31", "10.244.2.31"],
    ("dns-version.cluster.local", "TXT"): ['"1.1.0"'],
}
EXAMPLES = re.findall(
    r"^dig @127\.0\.0\.1 -p 5300 (.+?) +# (.+)$",
    (ROOT / "examples/README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)

every_transport = pytest.mark.parametrize(
    ("server", "transport"),
    [
        pytest.param("127.0.0.1", "+notcp", id="UDP"),
        pytest.param("127.0.0.1", "+tcp", id="TCP"),
        pytest.param("::1", "+notcp", id="UDP over IPv6"),
        pytest.param("::1", "+tcp", id="TCP over IPv6"),
    ],
)


@every_transport
def test_every_kind_of_name_is_answered(shop: ServerProcess, server: str, transport: str) -> None:
    for question, expected in QUESTIONS.items():
        assert short(shop.port, transport, *question, server=server) == expected, question


@pytest.mark.parametrize(("question", "promise"), EXAMPLES)
def test_the_examples_page_says_what_dig_shows(
    shop: ServerProcess, question: str, promise: str
) -> None:
    shown = dig(shop.port, *question.split())

    status = "NXDOMAIN" if "NXDOMAIN" in promise else "NOERROR"
    assert f"status: {status}," in shown
    for value in re.findall(r'^(?:[\da-f:]+[.:][\da-f:.]+|"[\d.]+"|[\w.]+\.)(?=,|$)', promise):
        assert re.search(rf"\s{re.escape(value)}$", shown, re.MULTILINE), shown


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15


def test_the_reason_of_a_negative_answer_is_shown(shop: ServerProcess) -> None:
    shown = dig(shop.port, f"cart.shop.{SVC}")

    assert "status: NXDOMAIN" in shown
    assert "flags: qr aa rd;" in shown
    assert "; EDE: 0 (Other): (Service shop/cart exists; 0 of 3 endpoints are ready (" in shown
    assert re.search(
        r"^cluster\.local\.\s+5\s+IN\s+SOA\s+ns\.dns\.cluster\.local\.", shown, re.MULTILINE
    )


def test_a_refusal_says_why(shop: ServerProcess) -> None:
    shown = dig(shop.port, "www.example.com")

    assert "status: REFUSED" in shown
    assert "; EDE: 20 (Not Authoritative): (no server block here serves www.example.com.)" in shown


def test_without_edns_there_is_none_in_the_response(shop: ServerProcess) -> None:
    shown = dig(shop.port, "+noedns", f"cart.shop.{SVC}")

    assert "status: NXDOMAIN" in shown
    assert "OPT PSEUDOSECTION" not in shown


def test_the_name_comes_back_as_it_was_spelled(shop: ServerProcess) -> None:
    shown = dig(shop.port, "+noall", "+answer", "WeB.sHOp.SVC.cluster.LOCAL")

    assert shown.split() == ["WeB.sHOp.SVC.cluster.LOCAL.", "5", "IN", "A", "10.96.4.7"]


@pytest.mark.parametrize(
    ("words", "most"),
    [(["+noedns"], 512), (["+bufsize=512"], 512), (["+bufsize=900"], 900), ([], 1232)],
)
def test_a_long_answer_is_cut_to_what_the_client_can_take(
    shop: ServerProcess, words: list[str], most: int
) -> None:
    shown = dig(shop.port, "+ignore", *words, f"many.shop.{SVC}")

    size = int(shown.rpartition("rcvd: ")[2])
    assert "flags: qr aa tc rd;" in shown
    assert most - 16 < size <= most


def test_a_long_answer_comes_whole_over_tcp(shop: ServerProcess) -> None:
    shown = dig(shop.port, f"many.shop.{SVC}")

    assert ";; Truncated, retrying in TCP mode." in shown
    assert f"ANSWER: {ENDPOINTS}," in shown


@pytest.mark.parametrize("cookie", ["+cookie", "+nocookie"])
def test_the_second_time_the_answer_is_the_same(shop: ServerProcess, cookie: str) -> None:
    asked = ("+noall", "+answer", "+additional", cookie, f"db.shop.{SVC}", "SRV")

    first, second = (sorted(dig(shop.port, *asked).splitlines()) for _ in range(2))

    assert first == second
    assert len(first) == 6


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        pytest.param(["+edns=1", "+noednsneg"], "status: BADVERS", id="EDNS of the future"),
        pytest.param(["+opcode=UPDATE"], "status: NOTIMP", id="dynamic update"),
        pytest.param(["+opcode=NOTIFY"], "status: NOTIMP", id="NOTIFY"),
        pytest.param(["-c", "CH", "-t", "TXT"], "status: REFUSED", id="class CHAOS"),
        pytest.param(["+dnssec"], "flags: do; udp: 1232", id="DO comes back"),
        pytest.param(["+norecurse"], "flags: qr aa; QUERY", id="RD comes back"),
        pytest.param(["-t", "TYPE65280"], "ANSWER: 0, AUTHORITY: 1", id="a type nobody knows"),
        pytest.param(["-t", "HTTPS"], "status: NOERROR", id="HTTPS is NODATA, as browsers need"),
    ],
)
def test_unusual_queries_get_the_answer_of_their_rfc(
    shop: ServerProcess, words: list[str], shown: str
) -> None:
    assert shown in dig(shop.port, *words, f"web.shop.{SVC}")


@pytest.mark.parametrize("server", ["127.0.0.1", "::1"])
def test_kdig_asks_several_questions_over_one_connection(shop: ServerProcess, server: str) -> None:
    shown = kdig(
        shop.port,
        "+tcp",
        "+keepopen",
        *(f"web.shop.{SVC}", f"db-1.db.shop.{SVC}", f"crt.shop.{SVC}", "-x", "10.244.2.7"),
        server=server,
    )

    assert re.findall(r"status: (\w+);", shown) == ["NOERROR", "NOERROR", "NXDOMAIN", "NOERROR"]
    assert shown.count("(TCP)") == 4
    assert "10.96.4.7" in shown
    assert f"db-1.db.shop.{SVC}." in shown


def test_kdig_understands_the_reason(shop: ServerProcess) -> None:
    shown = kdig(shop.port, "+edns", f"crt.shop.{SVC}")

    assert "EDE: 0 (Other): 'no Service 'crt' in namespace 'shop''" in shown
