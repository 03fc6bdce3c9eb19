import pytest

from svcdns.route.exemplars import Exemplar, Exemplars
from svcdns.route.traffic import TIME_BUCKETS
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from tests.support.stubs import question

WEB, MAIL = from_text("web.example"), from_text("mail.example")


def exemplars() -> Exemplars:
    return Exemplars(TIME_BUCKETS, lambda: 1700000000.0)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0001, 0), (0.00025, 0), (0.0003, 1), (8.192, 15), (9.0, 16)]
)
def test_a_question_is_the_example_of_its_duration(seconds: float, bucket: int) -> None:
    found = exemplars()

    found.take(".", question("web.example", RRType.AAAA).key, seconds)

    assert found.by_zone == {".": {bucket: Exemplar(WEB, RRType.AAAA, seconds, 1700000000.0)}}


def test_the_last_one_stands_and_zones_have_their_own() -> None:
    found = exemplars()

    for zone, name in ((".", "web.example"), (".", "mail.example"), ("example.", "web.example")):
        found.take(zone, question(name, RRType.A).key, 0.1)

    owners = {zone: [one.owner for one in by.values()] for zone, by in found.by_zone.items()}
    assert owners == {".": [MAIL], "example.": [WEB]}


def test_a_block_that_is_not_measured_gives_no_example() -> None:
    found = exemplars()

    found.take("", question("web.example", RRType.A).key, 0.1)

    assert found.by_zone == {}
