"""What is counted of an upstream."""

from svcdns.upstream.figures import Figures


def test_what_is_usual_is_known_after_some_answers() -> None:
    figures = Figures()
    figures.untaken[0] += [number / 1000 for number in range(50)]
    figures.untaken[3] += [number / 1000 for number in range(50, 100)]

    taken = figures.take()

    assert {rcode: len(seconds) for rcode, seconds in taken.items()} == {0: 50, 3: 50}
    assert figures.answered == 100
    assert figures.p50 == 0.05
    assert figures.p95 == 0.095
    assert not figures.take()


def test_few_answers_say_nothing_about_what_is_usual() -> None:
    figures = Figures()
    figures.untaken[0] += [1.0] * 3

    figures.take()

    assert figures.p95 == 0.0


def test_only_recent_answers_count() -> None:
    figures = Figures()
    figures.untaken[0] += [9.0] * 1000
    figures.take()
    figures.untaken[0] += [1.0] * 256
    figures.take()

    assert figures.p95 == 1.0
