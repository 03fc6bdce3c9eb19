import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.hosts import Hosts, host_line, read_hosts, unknown_host
from svcdns.wire.codes import RCode, type_number
from svcdns.wire.name import address_text, from_text, is_within, reverse_name, to_text

TEXT = """\
# a comment
192.0.2.1   a.example.org b.example.org A.EXAMPLE.ORG # and one here
192.0.2.2\ta.example.org\ta.example.org
2001:db8::1 a.example.org
::ffff:192.0.2.7 mapped.example.org
fe80::1%eth0 scoped.example.org
192.0.2.4
192.0.2.6 *.wild.example.org
192.0.2.8 trailing.example.org.
192.0.2.9 www.other.net
"""


def hosts_of(text: str = TEXT, *, reverse: bool = True) -> Hosts:
    zone = from_text("example.org")
    return Hosts(
        read_hosts(text, "hosts").lines, lambda name: is_within(name, zone), ttl=60, reverse=reverse
    )


def found(name: str, rrtype: str) -> list[str] | None:
    """The addresses of a name; None if it is unknown."""
    answer = hosts_of().forward(from_text(name), type_number(rrtype))
    if answer is None:
        return None
    assert (answer.rcode, answer.authority, answer.authoritative) == (RCode.NOERROR, None, True)
    assert answer.depends_on == ()
    assert all((one.owner, one.ttl) == (from_text(name), 60) for one in answer.answer)
    return [address_text(record) for one in answer.answer for record in one.records]


@pytest.mark.parametrize(
    ("name", "rrtype", "addresses"),
    [
        ("a.example.org", "A", ["192.0.2.1", "192.0.2.2"]),
        ("a.example.org", "AAAA", ["2001:db8::1"]),
        ("a.example.org", "MX", []),
        ("a.example.org", "ANY", []),
        ("b.example.org", "AAAA", []),
        ("mapped.example.org", "A", ["192.0.2.7"]),
        ("mapped.example.org", "AAAA", []),
        ("scoped.example.org", "AAAA", ["fe80::1"]),
        ("trailing.example.org", "A", ["192.0.2.8"]),
        ("x.wild.example.org", "A", ["192.0.2.6"]),
        ("*.wild.example.org", "A", ["192.0.2.6"]),
        ("x.y.wild.example.org", "A", None),
        ("wild.example.org", "A", None),
        ("nope.example.org", "A", None),
        ("www.other.net", "A", None),
        (".", "A", None),
    ],
)
def test_a_name_has_the_addresses_of_its_lines(
    name: str, rrtype: str, addresses: list[str] | None
) -> None:
    assert found(name, rrtype) == addresses


def test_an_empty_answer_says_why() -> None:
    answer = hosts_of().forward(from_text("b.example.org"), 28)

    assert answer is not None
    assert answer.reason is not None
    assert answer.reason.text() == "the hosts file has b.example.org., but no AAAA record for it"


def pointers(hosts: Hosts, address: bytes) -> list[str] | None:
    answer = hosts.reverse(reverse_name(address))
    if answer is None:
        return None
    (rrset,) = answer.answer
    return [to_text(from_wire) for from_wire in rrset.records]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (b"\xc0\0\2\1", ["a.example.org.", "b.example.org."]),
        (b"\xc0\0\2\2", ["a.example.org."]),
        (b"\xc0\0\2\7", ["mapped.example.org."]),
        (b"\xc0\0\2\x09", None),
        (b"\xc0\0\2\x63", None),
    ],
)
def test_an_address_has_the_names_of_its_lines(address: bytes, names: list[str] | None) -> None:
    assert pointers(hosts_of(), address) == names


def test_without_reverse_no_address_has_a_name() -> None:
    assert pointers(hosts_of(reverse=False), b"\xc0\0\2\1") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example.org", True),
        ("x.wild.example.org", True),
        ("x.y.wild.example.org", False),
        ("www.other.net", False),
        (".", False),
        ("1.2.0.192.in-addr.arpa", True),
        ("9.2.0.192.in-addr.arpa", False),
        ("2.0.192.in-addr.arpa", False),
    ],
)
def test_a_name_that_has_any_answer_is_there(
    name: str,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert hosts_of().has(from_text(name)) is expected


def test_a_name_that_is_no_reverse_name_has_no_pointer() -> None:
    assert hosts_of().reverse(from_text("2.0.192.in-addr.arpa")) is None
    assert hosts_of().reverse(from_text("a.example.org")) is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x a.example.org", "'x' is not an IP address"),
        ("010.0.0.1 a", "'010.0.0.1' is not an IP address"),
        ("192.0.2.1 a..b", "'a..b' has an empty label"),
        ("192.0.2.1 ü", "'ü' is not ASCII"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_used(line: str, problem: str) -> None:
    read = read_hosts(f"\n{line} good.example.org\n192.0.2.3 c.example.org", "hosts")

    (mistake,) = read.mistakes
    assert mistake.startswith(f"hosts:2: {problem}")
    assert read.lines[-1] == host_line("192.0.2.3", ["c.example.org"])[0]


def test_a_word_alone_is_a_bad_line_unless_it_is_an_address() -> None:
    read = read_hosts("192.0.2.4\nhost.example.org\n # nothing\n", "hosts")

    assert read.lines == ()
    assert read.mistakes == ("hosts:2: 'host.example.org' is not an IP address",)


def test_names_beside_a_bad_one_are_used() -> None:
    (line,) = read_hosts("192.0.2.1 a..b good.example.org", "hosts").lines

    assert line.names == (from_text("good.example.org"),)


def test_an_unknown_name_that_is_not_passed_on_is_a_failure() -> None:
    answer = unknown_host(from_text("x.example.org"))

    assert answer.rcode == RCode.SERVFAIL
    assert not answer.authoritative
    assert answer.depends_on is None
    assert answer.reason is not None
    assert "fallthrough" in answer.reason.text()


def test_length_counts_both_directions() -> None:
    assert len(hosts_of("192.0.2.1 a.example.org b.example.org")) == 4
    assert len(hosts_of("192.0.2.1 a.example.org", reverse=False)) == 1


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    read = read_hosts(text, "hosts")

    Hosts(read.lines, lambda _: True, ttl=1)


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}\.example\.org", fullmatch=True), st.ip_addresses())
)
def test_every_name_that_is_written_is_found(names: dict[str, object]) -> None:
    hosts = hosts_of("".join(f"{address} {name}\n" for name, address in names.items()))

    for name in names:
        assert isinstance(hosts.forward(from_text(name), 1), Answer)
