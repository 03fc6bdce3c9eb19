import io

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import type_text
from svcdns.wire.name import from_text, to_text
from svcdns.wire.zone_file import ZoneFile, read_zone

ORIGIN = from_text("example.org")


def nothing(path: str) -> str:
    raise AssertionError(path)


def zone(text: str, **files: str) -> ZoneFile:
    """What a file says; `files` are those it may include, dots in their names written `_`."""

    def read(path: str) -> str:
        name = path.replace(".", "_").replace("/", "_")
        if name not in files:
            raise OSError("no such file or directory")
        return files[name]

    return read_zone(text, "db", ORIGIN, read if files else nothing)


def lines(found: ZoneFile) -> list[str]:
    assert not found.mistakes
    return [
        f"{to_text(one.owner)} {one.ttl} {type_text(one.rrtype)} {one.records[0].hex()}"
        for one in found.records
    ]


def test_a_blank_owner_is_that_of_the_record_before() -> None:
    text = "$TTL 5\na A 192.0.2.1\n  A 192.0.2.2\n\tIN A 192.0.2.3\n"

    assert lines(zone(text)) == [
        "a.example.org. 5 A c0000201",
        "a.example.org. 5 A c0000202",
        "a.example.org. 5 A c0000203",
    ]


def test_origin_changes_what_relative_names_end_in() -> None:
    text = "$TTL 5\n$ORIGIN sub\na A 192.0.2.1\n$ORIGIN net.\n@ A 192.0.2.2\n"

    assert lines(zone(text)) == ["a.sub.example.org. 5 A c0000201", "net. 5 A c0000202"]


@pytest.mark.parametrize(
    ("text", "ttls"),
    [
        pytest.param(
            "$TTL 1h\na A 192.0.2.1\nb 5 A 192.0.2.1\nc A 192.0.2.1", [3600, 5, 3600], id="$TTL"
        ),
        pytest.param(
            "a 5 A 192.0.2.1\nb A 192.0.2.1\nc 6 A 192.0.2.1",
            [5, 5, 6],
            id="the record before",
        ),
        pytest.param("@ SOA a b 1 2 3 4 77", [77], id="the minimum of the SOA"),
        pytest.param("$TTL 9\n@ SOA a b 1 2 3 4 77", [9], id="$TTL for the SOA"),
    ],
)
def test_a_record_without_a_ttl_has_one_from_elsewhere(text: str, ttls: list[int]) -> None:
    assert [record.ttl for record in zone(text).records] == ttls


def test_an_included_file_has_an_origin_of_its_own_and_leaves_nothing_behind() -> None:
    text = "$TTL 5\nx A 192.0.2.1\n$INCLUDE part sub\n  A 192.0.2.3\ny A 192.0.2.4\n"
    part = "$TTL 6\n@ A 192.0.2.2\n$ORIGIN net.\nz A 192.0.2.2\n"

    found = zone(text, part=part)

    assert lines(found) == [
        "x.example.org. 5 A c0000201",
        "sub.example.org. 6 A c0000202",
        "z.net. 6 A c0000202",
        "x.example.org. 5 A c0000203",
        "y.example.org. 5 A c0000204",
    ]
    assert found.files == ("db", "part")


@pytest.mark.parametrize(
    ("file", "included", "path"),
    [
        ("/etc/zones/db", "part", "/etc/zones/part"),
        ("/etc/zones/db", "/other/part", "/other/part"),
        ("zones/db", "sub/part", "zones/sub/part"),
        ("db", "part", "part"),
    ],
)
def test_a_relative_file_is_in_the_folder_of_the_one_that_includes_it(
    file: str, included: str, path: str
) -> None:
    asked: list[str] = []

    def read(one: str) -> str:
        asked.append(one)
        return ""

    read_zone(f"$INCLUDE {included}", file, ORIGIN, read)

    assert asked == [path]


def test_a_file_that_includes_itself_is_named_and_ends() -> None:
    found = zone("$INCLUDE db", db="$INCLUDE db")

    assert found.mistakes == ("db:1: 'db' is included 7 files deep: does one include itself?",)


def test_a_file_that_cannot_be_included_is_watched_for() -> None:
    found = zone("$INCLUDE gone", other="")

    assert found.mistakes == ("db:1: 'gone' cannot be included: no such file or directory",)
    assert found.files == ("db", "gone")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("$GENERATE 1-3 h$ A 192.0.2.$", ["h1 A c0000201", "h2 A c0000202", "h3 A c0000203"]),
        ("$GENERATE 0-4/2 h$ A 192.0.2.$", ["h0 A c0000200", "h2 A c0000202", "h4 A c0000204"]),
        ("$GENERATE 9-10 h${0,3} A 192.0.2.1", ["h009 A c0000201", "h010 A c0000201"]),
        ("$GENERATE 10-11 h${0,2,x} A 192.0.2.1", ["h0a A c0000201", "h0b A c0000201"]),
        ("$GENERATE 8-8 h${0,0,o} A 192.0.2.1", ["h10 A c0000201"]),
        ("$GENERATE 5-5 h${-5} A 192.0.2.1", ["h0 A c0000201"]),
        (r"$GENERATE 1-1 a\$b A 192.0.2.1", [r"a\$b A c0000201"]),
        ("$GENERATE 1-1 a$$b A 192.0.2.1", [r"a\$b A c0000201"]),
        ("$GENERATE 1-1 @ 5 IN PTR h$", ["example.org. PTR 026831076578616d706c65036f726700"]),
    ],
)
def test_generate_counts(text: str, records: list[str]) -> None:
    found = zone(f"$TTL 5\n{text}")

    def written(line: str) -> str:
        owner, _, rest = line.partition(" ")
        return f"{owner if owner.endswith('.') else f'{owner}.example.org.'} 5 {rest}"

    assert lines(found) == [written(line) for line in records]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$GENERATE 1-3 h$ A", "it is too short"),
        ("$GENERATE x h$ A 192.0.2.$", "'x' is not a range such as 1-9 or 0-100/2"),
        ("$GENERATE 3-1 h$ A 192.0.2.$", "'3-1' is a range that has nothing in it"),
        ("$GENERATE 1-3/0 h$ A 192.0.2.$", "'1-3/0' is a range that has nothing in it"),
        ("$GENERATE 0-65536 h$ A 192.0.2.1", "'0-65536' makes more than 65536 records"),
        ("$GENERATE 1-1 h${x} A 192.0.2.1", "'${x}' is not as in ${OFFSET,WIDTH,BASE}"),
        ("$GENERATE 1-1 h${0,256} A 192.0.2.1", "'${0,256}' is not as in"),
        ("$GENERATE 1-1 h${-2} A 192.0.2.1", "'${-2}' makes the negative number -1"),
        ("$ORIGIN", "it has 0 words behind it; write: $ORIGIN NAME"),
        ("$TTL 1 2", "it has 2 words behind it; write: $TTL TIME"),
        ("$TTL x", "'x' is not a time"),
        ("$FOO x", "'$FOO' is not a directive"),
        ("  A 192.0.2.1", "owner: it is missing, and no record comes before"),
        ("a CH A 192.0.2.1", "class: CH is not served here, only IN"),
        ("a A 192.0.2.1", "TTL: it is missing; write $TTL 3600 at the top of the file"),
        ("a 5 A 192.0.2", "A address: '192.0.2' is not an IP address"),
        ("a (", "a parenthesis is opened here and never closed"),
    ],
)
def test_a_bad_line_is_named_with_file_line_and_cause(text: str, problem: str) -> None:
    found = zone(f"; the first line\n{text}")

    (mistake,) = found.mistakes
    assert mistake.startswith(f"db:2: {problem}")


def test_every_bad_line_is_found_also_in_included_files() -> None:
    found = zone("$TTL 5\na A x\n$INCLUDE part\nb A y\nc A 192.0.2.1", part="\nd A z")

    assert [mistake.partition(" ")[0] for mistake in found.mistakes] == [
        "db:2:",
        "part:2:",
        "db:4:",
    ]
    assert len(found.records) == 1


def test_a_bad_record_still_names_the_owner_of_the_next() -> None:
    found = zone("$TTL 5\na A 192.0.2.1\nb A x\n  A 192.0.2.2")

    assert found.records[1].owner == from_text("b.example.org")


def test_signatures_are_left_out_and_counted() -> None:
    text = "$TTL 5\na NSEC b A\na RRSIG A 13 2 5 20300101000000 20200101000000 1 @ AAAA\n"

    found = zone(text)

    assert (found.records, found.unsigned, found.mistakes) == ((), 2, ())


@given(st.text(max_size=300))
def test_any_text_is_records_and_mistakes(text: str) -> None:
    found = read_zone(text, "db", ORIGIN, lambda _: "")

    assert all(mistake.startswith("db:") or ":" in mistake for mistake in found.mistakes)


labels = st.text(st.sampled_from('abcXYZ019-_ .$@;"\\()\t\xe9'), min_size=1, max_size=8)
octets = st.binary(min_size=1, max_size=20)


@given(
    st.dictionaries(
        st.lists(labels.map(lambda text: text.encode("latin-1")), min_size=1, max_size=3).map(
            tuple
        ),
        st.tuples(st.binary(min_size=4, max_size=4), octets, st.integers(0, 0x7FFFFFFF)),
        max_size=5,
    )
)
def test_a_zone_that_dnspython_writes_is_read_as_the_same_records(
    contents: dict[tuple[bytes, ...], tuple[bytes, bytes, int]],
) -> None:
    origin = dns.name.from_text("example.org.")
    oracle = dns.zone.Zone(origin)
    for owner, (address, text, ttl) in contents.items():
        name = dns.name.Name(owner)
        string = bytes([len(text)]) + text
        for rrtype, rdata in ((1, address), (16, string), (4711, text)):
            kind = dns.rdatatype.RdataType.make(rrtype)
            record = dns.rdata.from_wire(dns.rdataclass.IN, kind, rdata, 0, len(rdata))
            oracle.find_rdataset(name, kind, create=True).add(record, ttl)
    written = io.StringIO()
    oracle.to_file(written, want_origin=True)

    found = read_zone(written.getvalue(), "db", ORIGIN, nothing)

    assert found.mistakes == ()
    assert {(one.owner.lower(), one.rrtype, one.ttl, one.records) for one in found.records} == {
        (
            (name.derelativize(origin).to_wire() or b"").lower(),
            int(rdata.rdtype),
            ttl,
            (rdata.to_wire(),),
        )
        for name, ttl, rdata in oracle.iterate_rdatas()
    }
