"""forward: every option CoreDNS 1.15 has is read; what each one means is in test_forward."""

from svcdns.plugins.parts.forward_options import READERS


def test_every_option_of_coredns_is_there() -> None:
    assert set(READERS) == {
        "except",
        "force_tcp",
        "prefer_udp",
        "expire",
        "max_age",
        "max_idle_conns",
        "read_timeout",
        "max_fails",
        "max_connect_attempts",
        "policy",
        "health_check",
        "max_concurrent",
        "next",
        "next_on_nodata",
        "failover",
        "failfast_all_unhealthy_upstreams",
        "tls",
        "tls_servername",
        "doh_method",
        "source_address",
        "resolver",
    }
