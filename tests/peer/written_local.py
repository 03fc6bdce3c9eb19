"""Corefiles that answer out of files and out of the Corefile itself."""

from collections.abc import Mapping

from tests.peer.written import Written

ORG = """\
$ORIGIN example.org.
$TTL 3600
@       IN SOA ns1 admin 2026112401 7200 3600 1209600 3600
        IN NS  ns1
        IN NS  ns.example.net.
        IN MX  10 mail
        IN MX  20 mail.example.net.
        IN A   192.0.2.1
        IN AAAA 2001:db8::1
        IN TXT "v=spf1 -all" "more"
        IN CAA 0 issue "ca.example"
ns1     IN A   192.0.2.53
www     600 IN A 192.0.2.80
www     600 IN A 192.0.2.81
www     IN AAAA 2001:db8::80
Mail    IN A   192.0.2.25
mail    IN TXT "mail"
a.b.ent IN A   192.0.2.9
alias   IN CNAME www
twice   IN CNAME alias
away    IN CNAME www.example.net.
inside  IN CNAME www.other.test.
nowhere IN CNAME missing
gone    IN CNAME nx.up.test.
toent   IN CNAME b.ent
dry     IN CNAME nodata.up.test.
fails   IN CNAME servfail.up.test.
refuses IN CNAME refused.up.test.
further IN CNAME chain.up.test.
tostar  IN CNAME anything.wild
loop1   IN CNAME loop2
loop2   IN CNAME loop1
*.wild  IN A   192.0.2.99
*.wild  IN TXT "wild"
real.wild IN A 192.0.2.100
a.real.wild IN A 192.0.2.101
*.starred IN CNAME www
*.mx    IN MX  10 mail
sub     IN NS  ns.sub
sub     IN NS  ns.example.net.
ns.sub  IN A   192.0.2.54
deep.sub IN A  192.0.2.55
lame    IN NS  ns.elsewhere.test.
_http._tcp IN SRV 0 5 80 www
_http._tcp IN SRV 0 5 81 outside.example.net.
_sip._udp IN NAPTR 10 10 "u" "sip" "!^.*$!sip:x!" .
dn      IN DNAME www.other.test.
dnin    IN DNAME wild
https   IN HTTPS 1 . alpn=h2
ptr     IN PTR www
host\\.dot IN A 192.0.2.77
zero    0 IN A 192.0.2.70
"""
OTHER = """\
$TTL 300
@ IN SOA ns.other.test. admin.other.test. 7 7200 3600 1209600 60
@ IN NS ns
ns IN A 198.51.100.53
www IN A 198.51.100.80
back IN CNAME www.example.org.
* IN TXT "any"
"""
REVERSE = """\
$ORIGIN 2.0.192.in-addr.arpa.
$TTL 1h
@ SOA ns1.example.org. admin.example.org. 1 2h 1h 2w 1h
@ NS ns1.example.org.
$GENERATE 10-20 $ PTR host-$.example.org.
80 PTR www.example.org.
"""
OVERLAY = """\
$TTL 300
@ IN SOA ns.example.org. admin.example.org. 7 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 198.51.100.53
www IN A 198.51.100.81
"""
"""Nothing at its own name but what a zone has to have."""
HOSTS = """\
# a comment
192.0.2.10  one.test One two.test
192.0.2.11  one.test   # behind it
2001:db8::10 one.test six.test
fe80::1%lo0 zoned.test
192.0.2.12  example.org www.example.org
127.0.0.1   localhost localhost.localdomain
not-an-address bad.test
192.0.2.13
192.0.2.14  -odd_name.test a.very.deep.name.test.
::ffff:192.0.2.15 mapped.test
"""
FILES: Mapping[str, str] = {
    "org.zone": ORG,
    "other.zone": OTHER,
    "reverse.zone": REVERSE,
    "overlay.zone": OVERLAY,
    "hosts": HOSTS,
}
"""By file name; `@folder` stands for where they are."""

_ZONE_NAMES = (
    *(
        "example.org",
        "www.example.org",
        "mail.example.org",
        "ns1.example.org",
        "a.b.ent.example.org",
    ),
    *("b.ent.example.org", "ent.example.org", "x.ent.example.org", "nx.example.org"),
    *("alias.example.org", "twice.example.org", "away.example.org", "inside.example.org"),
    *(
        "toent.example.org",
        "gone.example.org",
        "dry.example.org",
        "fails.example.org",
        "refuses.example.org",
    ),
    *(
        "further.example.org",
        "nowhere.example.org",
        "tostar.example.org",
        "loop1.example.org",
        "wild.example.org",
    ),
    *("q.wild.example.org", "q.r.wild.example.org", "real.wild.example.org"),
    *("a.real.wild.example.org", "b.real.wild.example.org", "x.starred.example.org"),
    *("x.mx.example.org", "sub.example.org", "x.sub.example.org", "ns.sub.example.org"),
    *("deep.sub.example.org", "lame.example.org", "x.lame.example.org", "_tcp.example.org"),
    *("_http._tcp.example.org", "_sip._udp.example.org", "dn.example.org", "x.dn.example.org"),
    *("a.dnin.example.org", "https.example.org", "ptr.example.org", "zero.example.org"),
    *("other.test", "www.other.test", "back.other.test", "q.other.test", "a.q.other.test"),
    *("2.0.192.in-addr.arpa", "10.2.0.192.in-addr.arpa", "80.2.0.192.in-addr.arpa"),
    *("99.2.0.192.in-addr.arpa", "www.example.net", "."),
)
_ZONE_TYPES = (
    *("A", "A", "A", "AAAA", "TXT", "MX", "SRV", "NS", "SOA", "CNAME", "PTR", "HTTPS", "ANY"),
    *("DS", "CAA", "NAPTR", "DNAME", "DNSKEY", "NULL"),
)


def _file(lines: str, keys: str = ".", *others: tuple[str, str]) -> Written:
    return Written(
        tuple(keys.split()), lines=lines, names=_ZONE_NAMES, types=_ZONE_TYPES, others=others
    )


_ORG = "file @folder/org.zone example.org"
_OTHER = "file @folder/other.zone other.test"
FILE = (
    _file(_ORG),
    _file("file @folder/org.zone", "example.org"),
    _file(f"{_ORG}\n{_OTHER}\nfile @folder/reverse.zone 2.0.192.in-addr.arpa"),
    _file(f"{_ORG}\nforward . @honest"),
    _file(f"{_ORG} {{\n fallthrough\n }}\nforward . @honest"),
    _file(f"{_ORG} {{\n fallthrough wild.example.org\n }}\nforward . @honest"),
    _file("file @folder/other.zone other.test second.test\nforward . @honest"),
    _file("file @folder/overlay.zone example.org {\n fallthrough\n }\nforward . @honest"),
    _file(f"{_ORG}\nminimal"),
    _file(f"{_ORG}\nany"),
    _file(f"{_ORG}\nrewrite name suffix .other.test .example.org answer auto"),
    _file(f"{_ORG}", "example.org", ("other.test", _OTHER), (".", "forward . @honest")),
)

_HOST_NAMES = (
    *("one.test", "one.test", "one", "two.test", "six.test", "zoned.test", "example.org"),
    *("www.example.org", "localhost", "localhost.localdomain", "bad.test", "mapped.test", "test"),
    *("-odd_name.test", "a.very.deep.name.test", "inline.test", "nx.test", "x.one.test", "."),
    *("10.2.0.192.in-addr.arpa", "11.2.0.192.in-addr.arpa", "99.2.0.192.in-addr.arpa"),
    *("1.0.0.127.in-addr.arpa", "15.2.0.192.in-addr.arpa", "50.2.0.192.in-addr.arpa"),
    "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    "2.0.192.in-addr.arpa",
)
_HOST_TYPES = ("A", "A", "A", "AAAA", "AAAA", "PTR", "PTR", "TXT", "MX", "CNAME", "ANY", "HTTPS")


def _hosts(lines: str, keys: str = ".") -> Written:
    return Written(tuple(keys.split()), lines=lines, names=_HOST_NAMES, types=_HOST_TYPES)


_INLINE = "192.0.2.50 inline.test one.test\n2001:db8::50 inline.test"
HOST_FILES = (
    _hosts("hosts @folder/hosts"),
    _hosts("hosts @folder/hosts {\n fallthrough\n }\nforward . @honest"),
    _hosts("hosts @folder/hosts {\n fallthrough example.org\n }\nforward . @honest"),
    _hosts("hosts @folder/hosts test"),
    _hosts("hosts @folder/hosts test {\n ttl 60\n fallthrough\n }\nwhoami"),
    _hosts("hosts @folder/hosts {\n no_reverse\n fallthrough\n }\nforward . @honest"),
    _hosts(f"hosts @folder/hosts {{\n {_INLINE}\n fallthrough\n }}\nforward . @honest"),
    _hosts(f"hosts @folder/nothing {{\n {_INLINE}\n ttl 1\n fallthrough\n }}"),
    _hosts("hosts @folder/hosts {\n reload 0\n fallthrough\n }", "test in-addr.arpa ip6.arpa"),
)
