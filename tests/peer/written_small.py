"""Corefiles with the directives that do one small thing."""

from dataclasses import replace

from tests.peer.servers import ADDRESS
from tests.peer.written import Written
from tests.peer.written_forward import NAMES

_ODD = (
    *("localhost", "x.localhost", "localhost.test", "www.localhost.test", "127.in-addr.arpa"),
    *("1.0.0.127.in-addr.arpa", "0.in-addr.arpa", "255.in-addr.arpa", "5.0.0.127.in-addr.arpa"),
    *(f"{'0.' * 31}ip6.arpa", f"1.{'0.' * 31}ip6.arpa", "localhost.example.org"),
)
_BIND = ("version.bind", "version.server", "hostname.bind", "id.server", "authors.bind", "x.bind")
_V6ONLY = (
    "v4.test",
    "big.v4.test",
    "many.v4.test",
    "short.v4.test",
    "aaaa.test",
    "alias.v4.test",
    "1.2.0.192.in-addr.arpa",
    f"1.0.0.0.0.0.0.0.{'0.' * 16}b.9.f.f.4.6.0.0.ip6.arpa",
    "1.0.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa",
)


def _small(lines: str, *names: str, rrclass: int = 1, types: tuple[str, ...] = ()) -> Written:
    asked = types or (*Written.types, "ANY", "ANY", "DS")
    return Written(lines=lines, names=(*names, *NAMES), types=asked, rrclass=rrclass)


_UP = "\nforward . @honest"
_OWN = ADDRESS.rpartition(".")[0]
SMALL = (
    _small("whoami"),
    _small("whoami\nminimal"),
    _small("any" + _UP),
    _small("any\nwhoami"),
    _small("any\nminimal\nrewrite name suffix .test .example.org answer auto" + _UP),
    _small("minimal" + _UP),
    _small("local" + _UP, *_ODD),
    _small("local\nwhoami", *_ODD),
    _small("chaos CoreDNS-007 someone@example.org other" + _UP, *_BIND, rrclass=3),
    _small("chaos v1 me", *_BIND, rrclass=3),
    _small("chaos v1 me\nany\nlocal\nwhoami", *_BIND, *_ODD, rrclass=3),
    _small("header {\n response set aa ra\n }" + _UP),
    _small("header {\n response clear ra rd\n }" + _UP),
    _small("header {\n query clear rd\n query set aa\n }" + _UP),
    _small("header {\n query set rd\n response clear rd aa\n }\nwhoami"),
    _small("header {\n response set aa\n }" + _UP),
    _small("header {\n response clear ra\n }\nheader {\n response set aa\n }" + _UP),
    _small("bufsize" + _UP),
    replace(_small("bufsize 512" + _UP), udp_limit=512),
    replace(_small("bufsize 1000" + _UP), udp_limit=1000),
    _small("nsid me" + _UP),
    _small("nsid\nwhoami"),
    _small("loadbalance" + _UP),
    _small("loadbalance round_robin" + _UP),
    _small("loadbalance round_robin {\n prefer 192.0.2.0/25 2001:db8::/32\n }" + _UP),
    _small("dns64" + _UP, *_V6ONLY, types=("A", "AAAA", "AAAA", "AAAA", "PTR", "TXT")),
    _small("dns64 64:1234::/96" + _UP, *_V6ONLY, types=("A", "AAAA", "AAAA", "PTR")),
    _small("dns64 {\n translate_all\n }" + _UP, *_V6ONLY, types=("A", "AAAA", "AAAA", "PTR")),
    _small(
        "dns64 {\n prefix 2001:64::/64\n translate_all\n allow_ipv4\n }" + _UP,
        *_V6ONLY,
        types=("A", "AAAA", "AAAA", "PTR"),
    ),
    _small("dns64 {\n translate_all\n }\nwhoami", *_V6ONLY, types=("A", "AAAA", "AAAA", "PTR")),
    _small("acl {\n block\n }" + _UP),
    _small(f"acl {{\n allow net {_OWN}.0/24\n block\n }}" + _UP),
    _small(f"acl test {{\n block type A net {_OWN}.0/24\n }}" + _UP),
    _small("acl example.org {\n filter type AAAA TXT\n }" + _UP),
    _small("acl {\n drop type MX\n filter type A net 10.0.0.0/8\n }" + _UP),
    _small("acl {\n block type ANY net 10.0.0.0/8 192.0.2.0/24\n block type NS\n }" + _UP),
    _small("acl test {\n block\n }\nacl {\n filter type A\n }" + _UP),
    _small(
        "acl test {\n block type A\n }\nrewrite name suffix .test .example.org answer auto" + _UP
    ),
    _small("errors\nlog\nlocal\nany\nminimal\nloadbalance" + _UP, *_ODD),
    _small(""),
)
