"""Files for connections: of all, and of one Service."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.allowance import Allowance, of_this_process


def test_a_part_leaves_the_other_half() -> None:
    whole = Allowance(8)
    one, other = whole.part(), whole.part()

    assert [one.take(2) for _ in range(3)] == [True, True, False]
    assert [other.take(2) for _ in range(3)] == [True, True, False]
    assert whole.taken == 8


def test_what_is_given_back_can_be_taken_again() -> None:
    part = Allowance(2).part()
    assert part.take(1)
    assert not part.take(1)

    part.give(1)

    assert part.take(1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), max_size=60))
def test_the_whole_is_the_sum_of_its_parts(steps: list[tuple[bool, int]]) -> None:
    whole = Allowance(10)
    parts = [whole.part() for _ in range(3)]
    for takes, number in steps:
        part = parts[number]
        if takes:
            part.take(2)
        elif part.taken:
            part.give(2)

        assert whole.taken == sum(one.taken for one in parts) <= 10


def test_this_process_has_some() -> None:
    assert of_this_process().take(64)
