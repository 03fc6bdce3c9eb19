"""What a reflector does next: each row of the table of its life, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.envelope import Status
from svcdns.source.apiserver.course import ON, Course, Move, Verdict, Wait
from svcdns.source.apiserver.observer import Reason

AHEAD = Status(504, "Timeout", "Too large", causes=("ResourceVersionTooLarge",))


def watching(version: int = 10) -> Course:
    """A course that has a list."""
    course = Course()
    course.listed(version)
    return course


def listing_pages() -> Course:
    """A course whose server does not stream lists."""
    course = Course()
    course.refused(Status(422), 0)
    assert course.move is Move.LIST
    return course


def suspecting() -> Course:
    """A course whose watch has broken off."""
    course = watching()
    course.lost("reset", 0)
    assert course.move is Move.PROBE
    return course


def test_it_begins_with_a_stream_as_new_as_can_be() -> None:
    course = Course()

    assert course.move is Move.STREAM
    assert course.list_version == 0
    assert course.relist is Reason.FIRST


def test_after_a_list_it_watches() -> None:
    course = watching(12)

    assert (course.move, course.version, course.relist) == (Move.WATCH, 12, None)


@pytest.mark.parametrize("code", [400, 404, 422, 500, 502, 504])
def test_a_refused_stream_becomes_pages_at_once(code: int) -> None:
    course = Course()

    assert course.refused(Status(code), 0) == ON
    assert course.move is Move.LIST


def test_a_silent_stream_becomes_pages_at_once() -> None:
    course = Course()

    assert course.lost("nothing came", 30, is_silent=True).wait is Wait.NOT
    assert course.move is Move.LIST


def test_the_next_list_is_a_stream_again() -> None:
    course = listing_pages()
    course.listed(10)

    course.demand(Reason.DUE)

    assert course.move is Move.STREAM


def test_a_stream_that_ends_too_early_becomes_pages() -> None:
    course = Course()

    verdict = course.ended(5, is_empty=False, is_early=False)

    assert verdict.wait is Wait.BACKOFF
    assert course.move is Move.LIST


def test_after_three_failures_the_other_kind_of_list_is_tried() -> None:
    course = Course()
    moves = []
    for _ in range(7):
        moves.append(course.move)
        course.lost("reset", 0)

    assert moves == [*[Move.STREAM] * 3, *[Move.LIST] * 3, Move.STREAM]


def test_a_port_where_nobody_listens_says_nothing_about_streams() -> None:
    course = Course()
    for _ in range(10):
        course.lost("refused", 0, is_refused=True, has_answered=False)

    assert course.move is Move.STREAM


def test_a_watch_that_has_ended_goes_on_at_once() -> None:
    course = watching()

    assert course.ended(400, is_empty=False, is_early=False) == ON
    assert course.move is Move.WATCH


def test_a_watch_that_ended_too_soon_goes_on_later() -> None:
    course = watching()

    assert course.ended(0.1, is_empty=False, is_early=False).wait is Wait.BACKOFF
    assert course.move is Move.WATCH


def test_three_empty_watches_lead_to_a_list() -> None:
    course = watching()
    for _ in range(3):
        course.ended(0.1, is_empty=True, is_early=True)
        course.probed(10, 0)

    assert course.relist is Reason.FAILURES
    assert course.list_version == 10


def test_an_end_before_its_time_is_suspect() -> None:
    course = watching()

    course.ended(400, is_empty=False, is_early=True)

    assert course.move is Move.PROBE


def test_a_broken_connection_is_followed_by_a_probe() -> None:
    course = watching()

    verdict = course.lost("reset", 0)

    assert verdict == Verdict(Wait.BACKOFF, "reset")
    assert course.move is Move.PROBE


def test_a_connection_that_never_was_leads_elsewhere() -> None:
    assert watching().lost("no route", 0, has_answered=False).goes_elsewhere
    assert not watching().lost("reset", 0).goes_elsewhere


@pytest.mark.parametrize("version", [10, 11])
def test_a_history_that_is_ours_is_watched_on(version: int) -> None:
    course = suspecting()

    assert course.probed(version, 0) == ON
    assert course.move is Move.WATCH


def test_a_history_that_is_older_leads_to_a_list_as_new_as_can_be() -> None:
    course = suspecting()

    assert course.probed(9, 0) == ON
    assert (course.relist, course.list_version) == (Reason.REWOUND, 0)


def test_after_long_without_contact_there_is_a_list_that_is_not_older() -> None:
    course = suspecting()

    course.lost("refused", 400, away_seconds=301)

    assert (course.relist, course.list_version) == (Reason.AWAY, 10)


def test_the_first_silence_is_followed_by_a_watch_and_the_second_by_a_list() -> None:
    course = watching()

    assert course.lost("silent", 70, is_silent=True).wait is Wait.NOT
    assert course.move is Move.WATCH
    assert course.lost("silent", 140, is_silent=True) == Verdict(Wait.NOT, "silent")
    assert (course.relist, course.list_version) == (Reason.SILENT, 0)


def test_octets_between_two_silences_make_the_second_a_first() -> None:
    course = watching()
    course.lost("silent", 70, is_silent=True)

    course.heard()
    course.lost("silent", 200, is_silent=True)

    assert course.move is Move.WATCH


def test_an_expired_version_leads_to_a_list_that_is_not_older() -> None:
    course = watching()

    assert course.expired("too old", 0) == ON
    assert (course.relist, course.list_version) == (Reason.EXPIRED, 10)


def test_an_expired_list_leads_to_one_as_new_as_can_be() -> None:
    course = watching()
    course.expired("too old", 0)

    assert course.expired("too old", 0) == ON
    assert (course.relist, course.list_version) == (Reason.EXPIRED, 0)


def test_a_history_that_expires_again_and_again_is_waited_for() -> None:
    course = watching()
    course.expired("too old", 0)
    course.listed(11)

    assert course.expired("too old", 5).wait is Wait.BACKOFF
    course.listed(12)
    assert course.expired("too old", 100).wait is Wait.NOT


@pytest.mark.parametrize("reason", [Reason.EXPIRED, Reason.AWAY])
def test_a_version_from_the_future_leads_to_a_list_as_new_as_can_be(reason: Reason) -> None:
    course = watching()
    course.demand(reason, is_trusted=True)

    assert course.refused(AHEAD, 0) == ON
    assert (course.move, course.list_version) == (Move.STREAM, 0)
    assert course.refused(AHEAD, 0).wait is Wait.BACKOFF


def test_a_watch_from_the_future_leads_to_a_list() -> None:
    course = watching()

    course.refused(AHEAD, 0)

    assert (course.relist, course.list_version) == (Reason.REWOUND, 0)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("course", [Course, watching, suspecting, listing_pages])
def test_a_busy_server_is_asked_the_same_later(code: int, course: type[Course]) -> None:
    mine = course()
    move = mine.move

    verdict = mine.refused(Status(code), 0, 7)

    assert (verdict.wait, verdict.at_least) == (Wait.BACKOFF, 7)
    assert mine.move is move


def test_credentials_are_renewed_once_at_once_and_then_with_pauses() -> None:
    course = watching()

    assert course.refused(Status(401), 0) == Verdict(renews=True)
    later = course.refused(Status(401), 0)
    assert (later.wait, later.renews) == (Wait.BACKOFF, True)
    course.understood()
    assert course.refused(Status(401), 0).wait is Wait.NOT
    assert course.move is Move.WATCH


def test_a_forbidden_stream_is_tried_as_pages() -> None:
    course = Course()

    verdict = course.refused(Status(403, message="no"), 0)

    assert (verdict.wait, verdict.forbidden) == (Wait.NOT, "watch")
    assert course.move is Move.LIST


def test_a_forbidden_list_is_tried_as_a_stream_much_later() -> None:
    course = listing_pages()

    verdict = course.refused(Status(403), 0)

    assert (verdict.wait, verdict.forbidden) == (Wait.BACKOFF, "list")
    assert course.move is Move.STREAM


@pytest.mark.parametrize("course", [watching, suspecting])
def test_who_was_let_in_once_is_shut_out_after_three_more_attempts(course: type[Course]) -> None:
    mine = course()
    move, verb = mine.move, "list" if mine.move is Move.PROBE else "watch"
    mine.permitted("watch")

    for _ in range(3):
        verdict = mine.refused(Status(403, message="no"), 0)
        assert (verdict.wait, verdict.forbidden) == (Wait.BACKOFF, "")
        assert mine.move is move

    assert mine.refused(Status(403), 0).forbidden == verb
    assert mine.relist is Reason.FORBIDDEN


def test_a_permission_that_comes_back_in_time_was_never_missing() -> None:
    course = watching()
    course.permitted("watch")
    for _ in range(3):
        course.refused(Status(403), 0)

    course.permitted("watch")

    assert not course.refused(Status(403), 0).forbidden


def test_without_watch_there_are_lists() -> None:
    course = watching()

    verdict = course.refused(Status(403), 0)

    assert (verdict.wait, verdict.forbidden) == (Wait.LONG, "watch")
    assert (course.move, course.relist) == (Move.LIST, Reason.FORBIDDEN)


def test_without_list_a_stream_takes_the_place_of_a_probe() -> None:
    course = suspecting()

    verdict = course.refused(Status(403), 0)

    assert (verdict.wait, verdict.forbidden) == (Wait.NOT, "list")
    assert (course.move, course.list_version) == (Move.STREAM, 10)


def test_three_errors_in_a_row_lead_to_a_list() -> None:
    course = watching()
    for _ in range(2):
        assert course.refused(Status(500), 0).wait is Wait.BACKOFF
        assert course.move is Move.WATCH
    course.refused(Status(500), 0)

    assert (course.relist, course.list_version) == (Reason.FAILURES, 10)


def test_something_good_between_errors_makes_them_first_ones() -> None:
    course = watching()
    for _ in range(9):
        course.refused(Status(500), 0)
        course.understood()

    assert course.move is Move.WATCH


def test_a_broken_line_is_suspect_and_the_third_leads_to_a_list() -> None:
    course = watching()
    for _ in range(2):
        assert course.unreadable("<html>").wait is Wait.BACKOFF
        assert course.move is Move.PROBE
        course.probed(10, 0)
    course.unreadable("<html>")

    assert course.relist is Reason.FAILURES


def test_every_third_delay_in_a_row_leads_elsewhere() -> None:
    course = watching()

    elsewhere = [course.refused(Status(503), 0).goes_elsewhere for _ in range(6)]

    assert elsewhere == [False, False, True] * 2


def test_a_bookmark_that_is_older_leads_to_a_list() -> None:
    course = watching()

    assert course.rewound(0) == ON
    assert (course.relist, course.list_version) == (Reason.REWOUND, 0)
    course.listed(9)
    assert course.rewound(10).wait is Wait.BACKOFF


def test_the_first_reason_for_a_list_stays_and_the_least_trust() -> None:
    course = watching()

    course.demand(Reason.DUE, is_trusted=True)
    course.demand(Reason.COUNT)

    assert (course.relist, course.list_version) == (Reason.DUE, 0)


STATUSES = st.builds(
    Status,
    st.sampled_from((400, 401, 403, 404, 410, 422, 429, 500, 503, 504)),
    causes=st.sampled_from(((), ("ResourceVersionTooLarge",))),
)
HAPPENINGS = st.one_of(
    STATUSES.map(lambda status: lambda course, now: course.refused(status, now)),
    st.builds(
        lambda silent, answered: (
            lambda course, now: course.lost("lost", now, is_silent=silent, has_answered=answered)
        ),
        st.booleans(),
        st.booleans(),
    ),
    st.just(lambda course, now: course.expired("old", now)),
    st.just(lambda course, now: course.rewound(now)),
    st.just(lambda course, _: course.unreadable("<html>")),
    st.just(lambda course, _: course.ended(0.1, is_empty=True, is_early=True)),
)


@given(st.lists(HAPPENINGS, min_size=12, max_size=12))
def test_whatever_happens_some_of_twelve_requests_are_waited_for(happenings: list[object]) -> None:
    course = watching()

    waits = [happening(course, 0.0).wait for happening in happenings]  # type: ignore[operator]

    assert any(wait is not Wait.NOT for wait in waits)


@given(st.lists(HAPPENINGS))
def test_whatever_has_happened_a_list_puts_it_right(happenings: list[object]) -> None:
    course = Course()
    for happening in happenings:
        happening(course, 0.0)  # type: ignore[operator]

    course.listed(20)

    assert (course.move, course.version, course.relist) == (Move.WATCH, 20, None)
