import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from svcdns.wire.svcb_text import parameters
from svcdns.wire.zone_lexer import Entry, entries
from svcdns.wire.zone_text import record_of


def wire(text: str) -> bytes:
    (entry,) = entries(text)
    assert isinstance(entry, Entry)
    return parameters(entry.words)


# Forms of RFC 9460 appendix D and of what operators write.
@pytest.mark.parametrize(
    "text",
    [
        "0 foo.example.com.",
        "1 .",
        "16 foo.example.com. port=53",
        "1 foo.example.com. key667=hello",
        r'1 foo.example.com. key667="hello\210qoo"',
        '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
        "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
        r'16 foo.example.org. alpn="f\\\\oo\\,bar,h2"',
        r"16 foo.example.org. alpn=f\\\092oo\092,bar,h2",
        "1 . alpn=h2 no-default-alpn",
        "1 . alpn=h2 ohttp",
        "1 . ech=AAb+DQACAAA= port=8443",
        '1 . alpn="dot" dohpath="/dns-query{?dns}"',
    ],
)
def test_text_is_read_as_dnspython_reads_it(text: str) -> None:
    oracle = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.HTTPS, text)

    (found,) = record_of(f"a HTTPS {text}").records

    assert found == oracle.to_wire()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("foo=1", "'foo' is not a key"),
        ("key65535=x", "'key65535' is not a key"),
        ("key01=x", "'key01' is not a key"),
        ("port=1 port=2", "'port' is given twice"),
        ("port", "port: it needs a value"),
        ("port=x", "port: 'x' is not a whole number from 0 to 65535"),
        ("port=65536", "port: '65536' is not a whole number from 0 to 65535"),
        ("no-default-alpn=1", "no-default-alpn: it takes no value"),
        ("alpn=h2,,h3", "alpn: 'h2,,h3' has a protocol of 0 octets"),
        (r"alpn=h2\\", r"alpn: 'h2\\' ends in a backslash that escapes nothing"),
        ("ipv4hint=::1", "ipv4hint: '::1' has an address of the other family"),
        ("ipv6hint=x", "ipv6hint: 'x' is not an IP address"),
        ("ech=!", "ech: '!' is not base64"),
        ("mandatory=alpn", "mandatory: it names a key that is not given"),
        ("mandatory=mandatory", "mandatory: 'mandatory' names a key twice, or itself"),
        ("key7=" + "x" * 65_536, "key7: its value is too long"),
    ],
)
def test_a_wrong_parameter_is_named(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        wire(text)

    assert str(caught.value).startswith(problem)


def test_parameters_are_in_the_order_of_their_keys() -> None:
    assert wire("port=53 alpn=h2") == b"\0\1\0\3\2h2\0\3\0\2\0\x35"
