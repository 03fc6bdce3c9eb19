import json

import pytest

from svcdns.cli.query_report import Record, Report, as_json, split_advice, table
from tests.support.terminal import plain

ANSWER = Report(
    "NOERROR",
    "db.shop.svc.cluster.local",
    "SRV",
    "127.0.0.1:5300",
    milliseconds=0.234,
    transport="udp",
    authoritative=True,
    answer=(
        Record("db.shop.svc.cluster.local.", 5, "SRV", "0 50 5432 db-0.db.shop.svc.cluster.local."),
        Record(
            "db.shop.svc.cluster.local.", 30, "SRV", "0 50 5432 db-1.db.shop.svc.cluster.local."
        ),
    ),
    additional=(Record("db-0.db.shop.svc.cluster.local.", 5, "A", "10.244.1.7"),),
)
NEGATIVE = Report(
    "NXDOMAIN",
    "cart.shop.svc.cluster.local",
    "A",
    "127.0.0.1:5300",
    milliseconds=0.2,
    transport="udp",
    why=("no Service 'cart' in namespace 'shop'",),
    near=("carts.shop", "cart.checkout"),
)


def test_an_answer_is_a_head_line_and_aligned_records() -> None:
    assert table(ANSWER, colour=False) == (
        "NOERROR  db.shop.svc.cluster.local SRV   0.2 ms  127.0.0.1:5300\n"
        "  db.shop.svc.cluster.local.   5  SRV  0 50 5432 db-0.db.shop.svc.cluster.local.\n"
        "  db.shop.svc.cluster.local.  30  SRV  0 50 5432 db-1.db.shop.svc.cluster.local.\n"
        "  with it\n"
        "  db-0.db.shop.svc.cluster.local.  5  A  10.244.1.7"
    )


def test_a_negative_answer_says_why_and_what_is_near() -> None:
    assert table(NEGATIVE, colour=False) == (
        "NXDOMAIN  cart.shop.svc.cluster.local A   0.2 ms  127.0.0.1:5300\n"
        "  why   no Service 'cart' in namespace 'shop'\n"
        "  near  carts.shop, cart.checkout"
    )


def test_what_comes_without_an_answer_is_shown_too() -> None:
    whoami = Report("NODATA", "x", "A", "127.0.0.1:53", additional=(Record("x.", 0, "A", "::1"),))

    assert table(whoami, colour=False) == "NODATA  x A  127.0.0.1:53\n  with it\n  x.  0  A  ::1"


def test_silence_has_no_time_and_says_what_to_do() -> None:
    silence = Report(
        "UNREACHABLE", "a.example", "A", "[::1]:53", why=("nobody listens",), next="start one"
    )

    assert table(silence, colour=False) == (
        "UNREACHABLE  a.example A  [::1]:53\n  why   nobody listens\n  next  start one"
    )


def test_the_status_has_a_colour_and_what_is_read_second_is_dim() -> None:
    coloured = table(NEGATIVE, colour=True)

    assert coloured.startswith("\x1b[31m\x1b[1mNXDOMAIN\x1b[0m  cart.shop")
    assert "\n  \x1b[2mwhy \x1b[0m  no Service 'cart'" in coloured


@pytest.mark.parametrize("report", [ANSWER, NEGATIVE])
def test_colour_moves_no_column(report: Report) -> None:
    assert plain(table(report, colour=True)) == table(report, colour=False)


def test_text_from_a_server_cannot_move_the_cursor() -> None:
    hostile = Report(
        "NOERROR",
        "a.example",
        "TXT",
        "127.0.0.1:53",
        answer=(Record("a.example.", 5, "TXT", "\x1b[2J\r\u202e"),),
        why=("\x07bell\nnext line",),
    )

    shown = table(hostile, colour=False)

    assert shown.splitlines()[1:] == [
        "  a.example.  5  TXT  \\x1b[2J\\r\\u202e",
        "  why   \\x07bell\\nnext line",
    ]


@pytest.mark.parametrize("report", [ANSWER, NEGATIVE])
def test_json_always_has_the_same_fields(report: Report) -> None:
    fields = json.loads(as_json(report))

    assert list(fields) == [
        "status",
        "name",
        "type",
        "server",
        "transport",
        "milliseconds",
        "authoritative",
        "answer",
        "authority",
        "additional",
        "why",
        "near",
        "next",
    ]
    assert fields["answer"] == [record._asdict() for record in report.answer]


@pytest.mark.parametrize(
    ("reason", "why", "advice"),
    [
        pytest.param(
            "Service shop/db exists; 0 of 3 endpoints are ready (db-0); set x to publish them",
            "Service shop/db exists; 0 of 3 endpoints are ready (db-0)",
            "set x to publish them",
            id="advice at the end",
        ),
        pytest.param("no Service 'a'; settings are", "no Service 'a'; settings are", "", id="none"),
        pytest.param("pods disabled", "pods disabled", "", id="one part"),
    ],
)
def test_advice_is_told_from_the_reason(reason: str, why: str, advice: str) -> None:
    assert split_advice(reason) == (why, advice)


def test_only_an_answer_with_records_is_an_answer() -> None:
    assert ANSWER.is_answer
    assert not NEGATIVE.is_answer
