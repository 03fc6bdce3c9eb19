"""Corefiles with `rewrite` in front of an upstream."""

from tests.peer.written import Written

_NAMES = (
    *("www.a.test", "www.a.test", "mail.a.test", "a.test", "x.www.a.test", "badwww.a.test"),
    *("www.b.test", "web.b.test", "a.example.org", "www.example.org", "test", "www"),
    *("nx.a.test", "servfail.a.test", "nodata.a.test", "refused.a.test", "zero.a.test"),
    *("alias.a.test", "chain.a.test", "dangling.a.test", "alias.www.b.test", "extra.a.test"),
    *("db-us-west-1.a.test", "us-west-1.a.test", "a.test.a.test", "short.a.test", "long.a.test"),
)
_REGEX = r"name regex (.*)-(us-west-1)\.a\.test {1}.service.{2}.b.test"
_BACK = r"answer name (.*)\.service\.(us-west-1)\.b\.test {1}-{2}.a.test"
_VALUES = r"answer value (.*)\.service\.(us-west-1)\.b\.test {1}-{2}.values.test"
_A_TO_B = "name suffix .a.test .b.test answer auto"
_W_TO_B = "name www.a.test w.b.test"

_RULES = (
    "name www.a.test web.b.test",
    "name WWW.A.test. Web.b.test.",
    "name exact www.a.test web.b.test",
    "name exact www.a.test web.b.test answer auto",
    "name exact www.a.test alias.b.test answer auto",
    "name exact www.a.test nx.b.test",
    "name exact a.test .",
    "name prefix www. web.",
    "name prefix www. web. answer auto",
    "name prefix www web",
    "name prefix www web answer auto",
    "name suffix .a.test .b.test",
    "name suffix .a.test .b.test answer auto",
    "name suffix a.test b.test",
    "name suffix a.test b.test answer auto",
    "name suffix .test .example.org answer auto",
    "name suffix .a.test .alias.b.test answer auto",
    "name substring a.te b.te",
    "name substring a.te b.te answer auto",
    "name substring .a.test. .zz.b.test. answer auto",
    "name substring a e answer auto",
    r"name regex (.*)\.a\.test {1}.b.test",
    r"name regex (.*)\.a\.test {1}.b.test answer auto",
    r"name regex (.*)\.a\.test\.$ {1}.b.test answer name (.*)\.b\.test {1}.a.test",
    r"name regex ^(www|mail)\.(.*)$ {2}x.{1}.test answer auto",
    f"{_REGEX} {_BACK}",
    f"{_REGEX} {_BACK} {_VALUES}",
    f"{_REGEX} answer auto {_VALUES}",
    "name suffix .a.test .b.test answer name web.* www.fixed.test answer value .* v.fixed.test",
    f"stop {{\n{_REGEX}\n{_BACK}\n{_VALUES}\n}}",
    "stop {\nname suffix .a.test .b.test\nanswer auto\n}",
    f"continue {_A_TO_B}\nrewrite name suffix .b.test .c.test answer auto",
    f"continue {_W_TO_B}\nrewrite continue name w.b.test w.c.test\nrewrite name w.c.test w.d.test",
    "stop name www.a.test w.b.test\nrewrite name w.b.test w.c.test",
    "name www.a.test w.b.test\nrewrite name suffix .a.test .c.test answer auto",
    "type A AAAA",
    "type AAAA A",
    "type ANY HINFO",
    "type mx txt",
    "continue type SRV MX\nrewrite name suffix .a.test .b.test answer auto",
    "continue type A TXT\nrewrite type TXT AAAA",
    "class CH IN",
    "class IN CH",
    "ttl www.a.test 17",
    "ttl suffix .a.test 100-200",
    "ttl suffix a.test 400-",
    "ttl suffix .a.test -20",
    "ttl prefix www 9",
    "ttl substring example 11",
    r"ttl regex (.*)\.a\.test 12",
    "ttl regex .* 0",
    "continue ttl suffix .a.test 33\nrewrite name suffix .a.test .b.test answer auto",
    "rcode suffix .a.test NXDOMAIN NOERROR",
    "rcode www.a.test NOERROR NXDOMAIN",
    "rcode prefix servfail SERVFAIL NOERROR",
    "rcode regex .* 5 3",
    "rcode substring nodata NOERROR NXDOMAIN",
    "continue rcode regex .* NXDOMAIN SERVFAIL\nrewrite rcode regex .* REFUSED NOERROR",
    "cname exact real.a.test. other.b.test.",
    "cname suffix .a.test. .b.test.",
    "cname prefix real other",
    "cname substring near far",
    r"cname regex real\.(.*)\.test\. other.{1}.example.org.",
    "cname regex ^real.* nx.b.test.",
    "edns0 local set 0xffee abcd\nrewrite name suffix .a.test .b.test answer auto",
    "edns0 nsid set",
    "edns0 subnet set 24 56",
)


def _written(rule: str) -> Written:
    types = ("A", "AAAA", "TXT", "MX", "SRV", "NS", "CNAME", "PTR", "SOA", "NAPTR", "ANY", "HINFO")
    rrclass = 3 if rule.startswith("class") else 1
    lines = f"rewrite {rule}\nforward . @honest"
    return Written(lines=lines, names=_NAMES, types=types, rrclass=rrclass)


REWRITE = tuple(map(_written, _RULES))
