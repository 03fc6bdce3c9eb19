"""What connections are allowed when several server blocks of a listener say something."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.route.stages import ConnectionTimeouts

SECONDS = st.none() | st.floats(0, 100)
TIMEOUTS = st.builds(ConnectionTimeouts, SECONDS, SECONDS, SECONDS, st.none() | st.integers(0, 9))
NOTHING = ConnectionTimeouts()


def test_what_is_said_goes_over_what_others_say() -> None:
    said = ConnectionTimeouts(read=1.0, max_queries=0)
    others = ConnectionTimeouts(read=2.0, write=3.0, max_queries=7)

    assert said.over(others) == ConnectionTimeouts(1.0, 3.0, None, 0)


@given(TIMEOUTS)
def test_nothing_said_changes_nothing(said: ConnectionTimeouts) -> None:
    assert NOTHING.over(said) == said.over(NOTHING) == said.over(said) == said


@given(TIMEOUTS, TIMEOUTS, TIMEOUTS)
def test_it_does_not_matter_which_are_put_together_first(
    first: ConnectionTimeouts, second: ConnectionTimeouts, third: ConnectionTimeouts
) -> None:
    assert first.over(second).over(third) == first.over(second.over(third))
