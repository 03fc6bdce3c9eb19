from svcdns.route.stages import ConnectionTimeouts
from svcdns.server.patience import Patience


def test_what_nobody_asks_for_is_as_usual() -> None:
    assert Patience.of(ConnectionTimeouts()) == Patience()


def test_what_is_asked_for_counts() -> None:
    asked = ConnectionTimeouts(read=2.0, write=7.0, idle=30.0, max_queries=128)

    assert Patience.of(asked) == Patience(2.0, 2.0, 30.0, 1.0, 7.0, 128)


def test_a_crowded_server_is_never_more_patient_than_an_empty_one() -> None:
    assert Patience.of(ConnectionTimeouts(idle=0.5)).crowded_idle == 0.5
