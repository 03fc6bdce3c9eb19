"""The lines of resolv.conf."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.resolv_conf import NameServer, Problem, ResolvConf, parse


def test_lines_become_values_with_their_numbers() -> None:
    text = (
        "# comment\n"
        "nameserver 10.0.0.2\n"
        "  nameserver\tfd00::2 # second\n"
        "domain a.example\n"
        "search svc.example b.example\n"
        "options ndots:5 timeout:2 attempts:3 rotate edns0\n"
        "sortlist 10.0.0.0\n"
        "; nameserver 10.0.0.9\n"
    )

    assert parse(text) == ResolvConf(
        (NameServer("10.0.0.2", 2), NameServer("fd00::2", 3)),
        ("svc.example", "b.example"),
        ndots=5,
        timeout=2,
        attempts=3,
        rotate=True,
    )


def test_the_last_search_or_domain_counts() -> None:
    assert parse("search a b\ndomain c\n").search == ("c",)


def test_what_cannot_be_used_is_said_with_its_line() -> None:
    said = parse("nameserver\nnameserver localhost\nnameserver 10.0.0.2\n")

    assert said.name_servers == (NameServer("10.0.0.2", 3),)
    assert said.problems == (
        Problem(1, "nameserver without an address"),
        Problem(2, "'localhost' is not an address"),
    )


def test_options_stay_within_their_limits() -> None:
    said = parse("options ndots:99 timeout:0 attempts:99 ndots:x:y\noptions timeout:99\n")

    assert (said.ndots, said.timeout, said.attempts) == (1, 30, 5)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    said = parse(text)

    assert 0 <= said.ndots <= 15
    assert all(server.line >= 1 for server in said.name_servers)
