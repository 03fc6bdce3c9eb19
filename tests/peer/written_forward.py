"""Corefiles with `forward`, with and without `cache`."""

from tests.peer.written import Written

NAMES = (
    *("www.test", "www.test", "a.example.org", "b.example.org", "x.y.z.example.net", "."),
    *("nx.test", "nodata.test", "servfail.test", "refused.test", "notimp.test", "formerr.test"),
    *("alias.test", "chain.www.test", "dangling.test", "many.test", "big.test", "extra.www.test"),
    *("zero.test", "short.www.test", "long.test", "ref.test", "auth.www.test", "signed.test"),
    *("zero.alias.test", "auth.nodata.test", "auth.nx.test", "long.chain.test", "extra.nx.test"),
    *(
        "1.2.0.192.in-addr.arpa",
        "nx.2.0.192.in-addr.arpa",
        "many.signed.extra.test",
        "bare.test",
        "brief.nodata.test",
        "nx.brief.test",
    ),
)


def _forward(lines: str, keys: str = ".", *others: tuple[str, str]) -> Written:
    return Written(tuple(keys.split()), lines=lines, names=NAMES, others=others)


FORWARD = (
    _forward("forward . @honest"),
    _forward("forward . @honest @honest"),
    _forward("forward . @closed @honest {\n policy sequential\n }"),
    _forward("forward . @closed @honest {\n policy round_robin\n max_fails 0\n }"),
    _forward("forward . @closed"),
    _forward("forward . @honest {\n force_tcp\n }"),
    _forward("forward . @honest {\n prefer_udp\n }"),
    _forward("forward . @honest {\n expire 1s\n max_fails 3\n health_check 5s\n }"),
    _forward("forward . @honest {\n max_concurrent 1000\n }"),
    _forward("forward . @honest {\n except example.org nx.test\n }"),
    _forward("forward . @honest {\n except example.org\n except www.test\n }\nwhoami"),
    _forward("forward example.org @other\nforward test @honest"),
    _forward("forward . @honest\nforward example.org @other\nforward a.example.org @nxdomain"),
    _forward("forward example.org @honest", "example.org test"),
    _forward("forward . @honest", "test", ("example.org", "forward . @other")),
    _forward("forward . @nxdomain {\n next NXDOMAIN\n }\nforward . @honest"),
    _forward("forward . @nxdomain {\n next NXDOMAIN\n }"),
    _forward("forward . @honest {\n next SERVFAIL NXDOMAIN REFUSED\n }\nforward . @other"),
    _forward("forward . @nodata {\n next NOERROR\n }\nforward . @honest"),
    _forward("forward . @nodata {\n next_on_nodata\n }\nforward . @honest"),
    _forward("forward . @honest {\n next NXDOMAIN\n next_on_nodata\n }\nforward . @other"),
    _forward("forward . @servfail @honest {\n policy sequential\n failover SERVFAIL\n }"),
    _forward("forward . @refused @honest {\n policy sequential\n failover REFUSED SERVFAIL\n }"),
    _forward("forward . @refused @honest {\n policy sequential\n failover SERVFAIL\n }"),
    _forward("forward . @servfail @refused {\n policy sequential\n failover SERVFAIL REFUSED\n }"),
    _forward("forward . @servfail"),
    _forward("loop\nforward . @honest"),
)


CHOOSING = tuple(
    block
    for block in FORWARD
    if block.lines.count("@") > 1 or any(word in block.lines for word in ("next", "except"))
)
"""Those in which some upstream is asked about some names only."""


def _cache(lines: str) -> Written:
    return Written(lines=f"{lines}\nforward . @honest", names=NAMES, slack=3)


CACHE = (
    _cache("cache"),
    _cache("cache 30"),
    _cache("cache 3000"),
    _cache("cache 60 test"),
    _cache("cache 60 example.org example.net"),
    _cache("cache {\n success 5000 600 60\n denial 2500 20\n }"),
    _cache("cache 100 {\n success 2000 200\n denial 2000 40 10\n }"),
    _cache("cache {\n disable success\n }"),
    _cache("cache {\n disable denial\n }"),
    _cache("cache {\n disable success test\n disable denial example.org\n }"),
    _cache("cache {\n servfail 0\n }"),
    _cache("cache {\n servfail 30s\n }"),
    _cache("cache {\n keepttl\n }"),
    _cache("cache 30 {\n prefetch 2 1m 90%\n }"),
    _cache("cache {\n serve_stale\n }"),
    _cache("cache 30 {\n serve_stale 1h immediate\n }"),
    _cache("cache 300\nminimal"),
    _cache("cache 300\nrewrite ttl suffix .test 20-40"),
    _cache("cache 300\nheader {\n response set aa\n }"),
)
