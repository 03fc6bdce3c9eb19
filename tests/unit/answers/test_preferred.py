from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.preferred import preferred, rank_of
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.rrset import RRset, cname, mx_record, ns
from tests.support.stubs import addresses

NETWORKS = tuple(map(ip_network, ("10.1.0.0/16", "10.0.0.0/8", "fd00::/8")))
RANK = rank_of(NETWORKS)

ipv4 = st.sampled_from((b"\x0a\1\0", b"\x0a\2\0", b"\xc0\0\2")).flatmap(
    lambda start: st.integers(0, 9).map(lambda last: start + bytes((last,)))
)


def test_the_first_network_that_has_an_address_ranks_it() -> None:
    ranks = [RANK(packed) for packed in (b"\x0a\1\2\3", b"\x0a\2\2\3", b"\xfd" + bytes(15))]

    assert ranks == [0, 1, 2]
    assert RANK(b"\1\2\3\4") == RANK(b"\x0a\1" + bytes(14)) == 3


@given(st.lists(ipv4, min_size=1, max_size=12, unique=True), st.integers(0, 99))
def test_better_addresses_come_first_and_all_stay(packed: list[bytes], turn: int) -> None:
    (rrset,) = preferred((addresses("a.example.", *packed),), RANK, turn)

    ranks = [RANK(record) for record in rrset.records]
    assert ranks == sorted(ranks)
    assert sorted(rrset.records) == sorted(packed)


@given(st.lists(ipv4, min_size=1, max_size=12, unique=True))
def test_each_of_the_best_is_first_equally_often(packed: list[bytes]) -> None:
    whole = (addresses("a.example.", *packed),)
    best = [record for record in packed if RANK(record) == min(map(RANK, packed))]

    firsts = [preferred(whole, RANK, turn)[0].records[0] for turn in range(len(best))]

    assert sorted(firsts) == sorted(best)


def test_a_section_has_aliases_addresses_mail_and_the_rest() -> None:
    owner = from_text("a.example.")
    servers = ns(owner, 5, owner)
    mail = RRset(owner, RRType.MX, 5, (mx_record(1, owner),))
    far, near = addresses("b.example.", b"\1\2\3\4"), addresses("c.example.", b"\x0a\1\0\1")
    alias = cname(owner, 5, owner)

    assert preferred((servers, mail, far, alias, near), RANK, 0) == (
        alias,
        near,
        far,
        mail,
        servers,
    )
