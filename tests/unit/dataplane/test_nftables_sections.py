from svcdns.dataplane.nftables_sections import sections

LISTING = """table ip svcdns {
\tmap services {
\t\ttype ipv4_addr . inet_proto . inet_service : verdict
\t\telements = { 10.96.0.1 . tcp . 80 : goto one,
\t\t\t     10.96.0.2 . tcp . 80 : goto two }
\t}

\tset empty {
\t\ttype ipv4_addr
\t}

\tchain nat-output {
\t\ttype nat hook output priority -100; policy accept;
\t\tjump services
\t}
}
"""


def test_parts_of_a_table_are_told_apart() -> None:
    assert [(one.kind, one.name) for one in sections(LISTING)] == [
        ("map", "services"),
        ("set", "empty"),
        ("chain", "nat-output"),
    ]


def test_elements_come_one_by_one() -> None:
    services, empty, _ = sections(LISTING)

    assert list(services.elements()) == [
        "10.96.0.1 . tcp . 80 : goto one",
        "10.96.0.2 . tcp . 80 : goto two",
    ]
    assert list(empty.elements()) == []


def test_where_a_chain_stands_is_no_rule() -> None:
    *_, chain = sections(LISTING)

    assert chain.rules() == 1


def test_nothing_has_no_parts() -> None:
    assert list(sections("")) == []
