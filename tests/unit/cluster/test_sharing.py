"""Sharing saves memory and never changes a value."""

from svcdns.cluster.sharing import Sharing


def test_equal_values_become_one_object() -> None:
    sharing = Sharing[str]()
    first, second = str(b"node-a", "ascii"), str(b"node-a", "ascii")

    assert first is not second
    assert sharing(first) is sharing(second) is first


def test_a_list_of_values_is_shared_value_by_value() -> None:
    sharing = Sharing[str]()
    first, second = str(b"node-a", "ascii"), str(b"node-a", "ascii")

    found = sharing.each([first, "node-b", second])

    assert found == ["node-a", "node-b", "node-a"]
    assert found[0] is found[2] is first


def test_a_table_that_is_full_forgets_and_goes_on() -> None:
    sharing = Sharing[int]()

    for number in range(70_000):
        assert sharing(number + 1_000_000) == number + 1_000_000
        assert sharing.each([number]) == [number]
