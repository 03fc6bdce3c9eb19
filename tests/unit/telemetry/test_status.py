"""Readiness: who is asked, how often, and what /ready and the log say."""

from svcdns.telemetry.status import Status, not_ready_line


def test_ready_when_every_check_says_so() -> None:
    status = Status()
    status.replace_checks([("kubernetes", lambda: True), ("erratic", lambda: True)])

    assert status.not_ready() == ()


def test_without_checks_everything_is_ready() -> None:
    assert Status().not_ready() == ()


def test_names_are_sorted_and_each_is_there_once() -> None:
    status = Status()
    status.replace_checks(
        [("nomad", lambda: False), ("kubernetes", lambda: False), ("kubernetes", lambda: False)]
    )

    assert status.not_ready() == ("kubernetes", "nomad")
    assert not_ready_line(status.not_ready()) == (
        '[INFO] plugin/ready: Plugins not ready: "kubernetes,nomad"'
    )


def test_one_of_two_blocks_that_waits_is_enough() -> None:
    status = Status()
    status.replace_checks([("kubernetes", lambda: False), ("kubernetes", lambda: True)])

    assert status.not_ready() == ("kubernetes",)


def test_what_was_ready_once_is_not_asked_again_unless_continuously() -> None:
    synced = {"now": True}
    status = Status()
    status.replace_checks([("kubernetes", lambda: synced["now"])])
    assert status.not_ready() == ()

    synced["now"] = False

    assert status.not_ready() == ()
    assert status.not_ready(continuously=True) == ("kubernetes",)


def test_a_new_configuration_starts_anew() -> None:
    status = Status()
    status.replace_checks([("kubernetes", lambda: True)])
    status.not_ready()

    status.replace_checks([("kubernetes", lambda: False)])

    assert status.not_ready() == ("kubernetes",)


def test_news_about_a_room_is_news_once() -> None:
    status = Status()

    assert status.degrade("source", "watch of services lost")
    assert not status.degrade("source", "watch of services lost")
    assert status.degrade("source", "API server answers 403")
    assert status.degraded == {"source": "API server answers 403"}
    assert status.restore("source")
    assert not status.restore("source")
    assert status.degraded == {}
