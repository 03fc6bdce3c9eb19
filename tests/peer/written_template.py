"""Corefiles with `template`."""

from tests.peer.written import Written

_NAMES = (
    *("ip-192-0-2-7.test", "ip-10-1-2-3.test", "www.test", "a.b.c.test", "test", "example.org"),
    *("x.example.org", "nx.test", "host42.test", "_http._tcp.www.test", "alias.test", "."),
    *("7.2.0.192.in-addr.arpa", "ip-1-2-3-4.example.org", "plain", "many.www.test", "nodata.test"),
)
_IP = r'match "^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)-(?P<c>[0-9]+)-(?P<d>[0-9]+)[.](.*)$"'
_IP_ANSWER = (
    'answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"'
)
_SOA = 'authority "{{ .Zone }} 60 IN SOA ns.test. admin.test. (1 60 60 60 60)"'


def _block(head: str, *options: str, then: str = "forward . @honest") -> str:
    lines = "".join(f"{option}\n" for option in options)
    return f"template {head} {{\n{lines}}}\n{then}"


_BLOCKS = (
    "template IN A test {\nrcode NXDOMAIN\n}\nforward . @honest",
    "template ANY ANY {\nrcode NXDOMAIN\n}",
    "template ANY ANY test {\nrcode REFUSED\n}\nforward . @honest",
    "template IN ANY example.org {\nrcode SERVFAIL\n}\nforward . @honest",
    _block("IN A test", _IP, _IP_ANSWER, "fallthrough"),
    _block("IN A test", _IP, _IP_ANSWER),
    _block("IN A test", _IP, _IP_ANSWER, "fallthrough example.org"),
    _block("IN ANY test", _IP, _IP_ANSWER, _SOA, "rcode NOERROR", "fallthrough"),
    _block("IN A", 'answer "{{ .Name }} 60 IN A 192.0.2.1"'),
    _block("IN A", 'answer "{{ .Name }} IN A 192.0.2.1"'),
    _block("IN A", 'answer "{{ .Name }} 60 IN A 192.0.2.1"', 'answer "{{ .Name }} 60 A 192.0.2.2"'),
    _block("IN AAAA", _SOA.replace("{{ .Zone }}", "{{ .Question.Name }}")),
    _block("IN AAAA", "rcode NXDOMAIN", _SOA),
    _block("IN TXT test", 'answer "{{ .Name }} 5 {{ .Class }} {{ .Type }} {{ .Zone }}"'),
    _block("IN TXT test", 'answer "{{ .Name }} 5 IN TXT \\"{{ .Match }}\\""', r"match (.*)\.test"),
    _block("IN TXT", r"match ^(.)(.*)$", 'answer "{{ .Name }} 5 IN TXT {{ index .Match 1 }}"'),
    _block("IN TXT", 'answer "{{ .Name }} 5 IN TXT {{ len .Name }} {{ .Message.Id | len }}"'),
    _block(
        "IN MX test",
        'answer "{{ .Name }} 60 IN MX 10 mail.{{ .Zone }}"',
        'additional "mail.{{ .Zone }} 60 IN A 192.0.2.25"',
    ),
    _block(
        "IN PTR in-addr.arpa",
        r"match ^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$",
        'answer "{{ .Name }} 60 IN PTR ip-{{ index .Match 4 }}-{{ index .Match 3 }}.test."',
    ),
    _block(
        "IN SRV test",
        r"match ^_(\w+)\._(tcp|udp)\.(.*)$",
        'answer "{{ .Name }} 60 IN SRV 0 0 {{ if eq (index .Match 1) \\"http\\" }}80'
        '{{ else }}81{{ end }} {{ index .Match 3 }}"',
        "fallthrough",
    ),
    _block("IN CNAME test", 'answer "{{ .Name }} 60 IN CNAME www.example.org."'),
    _block(
        "IN A test",
        r"match ^alias\.test\.$",
        'answer "{{ .Name }} 60 IN CNAME www.example.org."',
        "fallthrough",
    ),
    _block(
        "IN A test",
        r"match ^host(?P<n>[0-9]+)\.",
        'answer "{{ .Name }} 60 IN A 10.0.0.{{ .Group.n }}"',
        "rcode NOERROR",
        "fallthrough",
    ),
    _block(
        "IN A test",
        r"match ^www\.",
        r"match ^plain\.",
        'answer "{{ .Name }} 1 IN A 192.0.2.9"',
        "fallthrough",
    ),
    _block("ANY ANY test", 'ederror 15 "Blocked {{ .Name }}"', "rcode NXDOMAIN"),
    _block("IN HTTPS", _SOA, then="template IN A test {\nrcode NXDOMAIN\n}\nforward . @honest"),
    _block("IN A test example.org", 'answer "{{ .Zone }} 3 IN A 192.0.2.3"'),
    _block("CH TXT", 'answer "{{ .Name }} 3 CH TXT chaos"'),
    _block("IN A test", 'answer "{{ .Name }} 60 IN A {{ .Remote }}"'),
    _block("IN TXT test", 'answer "{{ .Name }} 60 IN TXT {{ printf \\"%03d\\" 7 }}"'),
)


def _written(lines: str) -> Written:
    types = ("A", "A", "AAAA", "TXT", "MX", "SRV", "PTR", "CNAME", "HTTPS", "ANY", "NS")
    return Written(lines=lines, names=_NAMES, types=types, rrclass=3 if "CH TXT" in lines else 1)


TEMPLATE = tuple(map(_written, _BLOCKS))
