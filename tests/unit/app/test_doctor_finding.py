"""Checks run side by side; one that hangs or breaks is a finding, and the others are heard."""

from threading import Event

from svcdns.app.doctor_finding import Check, Finding, Level, examine, fail, is_hanging, ok, warn


def test_findings_come_in_the_order_of_the_checks_and_know_their_section() -> None:
    checks = [
        Check("dns", "a", lambda: [ok("a", "fine"), warn("a", "hm", "do this")]),
        Check("api", "b", lambda: [fail("b", "broken")]),
    ]

    assert examine(checks, 60) == [
        Finding(Level.OK, "a", "fine", (), "dns"),
        Finding(Level.WARN, "a", "hm", ("do this",), "dns"),
        Finding(Level.FAIL, "b", "broken", (), "api"),
    ]


def test_a_check_that_breaks_stops_no_other() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("boom")

    checks = [Check("dns", "a", broken), Check("dns", "b", lambda: [ok("b", "")])]

    first, second = examine(checks, 60)

    assert (first.level, first.name) == (Level.FAIL, "a")
    assert first.text == "the check broke: RuntimeError: boom"
    assert second == ok("b", "")._replace(section="dns")


def test_a_check_that_hangs_is_given_up() -> None:
    over = Event()

    def hang() -> list[Finding]:
        over.wait()
        return []

    try:
        first, second = examine(
            [Check("dns", "a", hang), Check("dns", "b", lambda: [ok("b", "")])], seconds=0.2
        )
        assert is_hanging()
    finally:
        over.set()

    late = fail("a", "no answer within 0.2 s", "give it longer: --timeout")
    assert first == late._replace(section="dns")
    assert second.name == "b"


def test_checks_wait_for_one_another_only_if_they_want_to() -> None:
    met = Event()

    def first() -> list[Finding]:
        met.wait()
        return [ok("first", "")]

    def second() -> list[Finding]:
        met.set()
        return [ok("second", "")]

    found = examine([Check("", "first", first), Check("", "second", second)], seconds=30)

    assert [one.name for one in found] == ["first", "second"]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []

    examine([Check("", "a", list), Check("", "b", list)], 60, lambda *far: told.append(far))

    assert told == [(1, 2), (2, 2)]
