import pytest

from svcdns.wire.name import ROOT, from_text
from svcdns.wire.rdata_text import Fields, duration_of, is_duration, name_of, rdata_of
from svcdns.wire.zone_lexer import Word
from svcdns.wire.zone_text import record_of


def rdata(text: str) -> bytes:
    (found,) = record_of(f"a {text}", from_text("example.org")).records
    return found


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        pytest.param("MX 10 mail", b"\0\x0a" + from_text("mail.example.org"), id="relative name"),
        pytest.param("MX 10 .", b"\0\x0a\0", id="root"),
        pytest.param("CNAME @", from_text("example.org"), id="origin"),
        pytest.param('TXT "a b" c', b"\x03a b\x01c", id="strings, quoted or not"),
        pytest.param('TXT ""', b"\0", id="empty string"),
        pytest.param("TXT " + "x" * 300, b"\xff" + b"x" * 255 + b"\x2d" + b"x" * 45, id="long"),
        pytest.param(r"TYPE4711 \# 3 ab cdef", b"\xab\xcd\xef", id="unknown type"),
        pytest.param(r"TYPE4711 \# 0", b"", id="unknown type without octets"),
        pytest.param(r"A \# 4 c0000201", b"\xc0\0\2\1", id="known type as octets"),
        pytest.param("TYPE1 192.0.2.1", b"\xc0\0\2\1", id="known type by its number"),
        pytest.param(
            "SOA ns hm 4294967295 2h 1d 1w 60",
            from_text("ns.example.org")
            + from_text("hm.example.org")
            + bytes.fromhex("ffffffff 00001c20 00015180 00093a80 0000003c"),
            id="times with units",
        ),
        pytest.param(
            "DS 1 8 2 " + "ab " * 32, b"\0\x01\x08\x02" + b"\xab" * 32, id="hex in several words"
        ),
        pytest.param("DNSKEY 257 3 13 AAEC AwQF", b"\1\1\3\x0d\0\1\2\3\4\5", id="base64"),
    ],
)
def test_text_becomes_rdata(text: str, octets: bytes) -> None:
    assert rdata(text) == octets


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A 192.0.2", "A address: '192.0.2' is not an IP address"),
        ("A ::1", "A address: '::1' is not an IPv4 address"),
        ("AAAA 192.0.2.1", "AAAA address: '192.0.2.1' is not an IPv6 address"),
        ("A", "A address: it is missing"),
        ("A 192.0.2.1 x", "A: nothing reads 'x' behind the last field"),
        ("MX ten mail", "MX preference: 'ten' is not a whole number from 0 to 65535"),
        ("MX 65536 mail", "MX preference: '65536' is not a whole number from 0 to 65535"),
        ("MX 10", "MX exchange: it is missing"),
        ("CNAME a..b", "CNAME target: 'a..b' has an empty label"),
        ("SOA ns hm x 1 1 1 1", "SOA serial: 'x' is not a whole number from 0 to 4294967295"),
        ("SOA ns hm 1 1x 1 1 1", "SOA refresh: '1x' is not a time"),
        ("TXT", "TXT text: it is missing"),
        (f"HINFO {'x' * 256} y", "HINFO CPU: it has 256 octets, allowed are 255"),
        ("CAA 0 is-sue x", "CAA tag: 'is-sue' may have letters and digits only"),
        (f"CAA 0 {'x' * 256} x", "CAA tag: it has 256 octets, allowed are 255"),
        ("DS 1 8 2 abc", "DS digest: 'abc' is not an even number of hexadecimal digits"),
        ("DNSKEY 257 3 13 !", "DNSKEY public key: '!' is not base64"),
        ("LOC 52 N 5 E 0m", "LOC: its text is not known here"),
        (r"TYPE4711 \# 2 ab", "TYPE4711 RDATA: the length '2' is not that of the 1 octets"),
        (r"TYPE4711 \#", "TYPE4711 RDATA: the length '' is not that of the 0 octets"),
        (r"A \# 3 000000", "A RDATA: these octets are not the RDATA of type A"),
        (r"NS \# 2 c000", "NS RDATA: "),
        (r"MX \# 1 00", "MX RDATA: "),
    ],
)
def test_a_wrong_field_is_named(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        rdata(text)

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("3600", 3600), ("1s", 1), ("2M", 120), ("1h1m1s", 3661), ("1d", 86400)],
)
def test_a_time_is_seconds_or_has_units(text: str, seconds: int) -> None:
    assert is_duration(text)
    assert duration_of(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1y", "m", "1.5h", "2147483648", "9" * 100])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time|is over"):
        duration_of(text)


def test_a_quoted_at_sign_is_not_the_origin() -> None:
    assert name_of(Word("@", quoted=True), ROOT) == from_text(r"\@")


def test_a_name_that_is_too_long_with_the_origin_is_refused() -> None:
    origin = from_text(".".join(["a" * 60] * 4))

    with pytest.raises(ValueError, match="allowed are 255"):
        name_of(Word("b" * 20), origin)


def test_words_are_taken_from_left_to_right() -> None:
    fields = Fields((Word("a"), Word("b"), Word("c")), ROOT)

    assert fields.take().text == "a"
    assert fields.left == 2
    assert [word.text for word in fields.rest()] == ["b", "c"]
    with pytest.raises(ValueError, match="missing"):
        fields.rest()


def test_rdata_over_65535_octets_is_refused() -> None:
    words = (Word("x" * 65_535),)

    with pytest.raises(ValueError, match="octets of RDATA"):
        rdata_of(16, words, ROOT)
