"""When is what we have compared with what the server has, and what comes of it.

The server's side of it is in tests/apiserver/test_audits.py.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from svcdns.cluster.envelope import Status
from svcdns.source.apiserver.auditor import Auditor
from svcdns.source.apiserver.course import Course
from svcdns.source.apiserver.failure import RefusedError
from svcdns.source.apiserver.intake import Intake
from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.pace import Pace
from svcdns.source.apiserver.parts import Parts
from svcdns.source.apiserver.protocol import LostError, Query, Resource
from svcdns.source.apiserver.resources import SERVICES
from svcdns.source.apiserver.standing import Standing
from tests.support.followed import Notes
from tests.support.virtual_time import run


class Saying:
    """A server that says one thing about itself."""

    server = "https://192.0.2.1:6443"
    headers: Mapping[str, str] = {}

    def __init__(self, version: int = 10, remaining: int | None = None, status: int = 200) -> None:
        self.status = status
        self.meanwhile: Callable[[], object] = int
        """Happens between the request and the response."""
        meta: dict[str, Any] = {"resourceVersion": str(version)}
        if remaining is not None:
            meta |= {"continue": "token", "remainingItemCount": remaining}
        self._body = json.dumps({"metadata": meta, "items": [{}], "code": status}).encode()
        self._pieces: list[bytes] = []
        self.asked: list[float] = []

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "Saying":
        assert (path, silence_seconds) == ("/api/v1/services", 30)
        assert dict(query)["limit"] == "1"
        self.asked.append(asyncio.get_running_loop().time())
        self.meanwhile()
        if not self.status:
            raise LostError("reset")
        self._pieces = [self._body]
        return self

    async def read(self) -> bytes:
        return self._pieces.pop() if self._pieces else b""

    def close(self) -> None:
        """Do nothing."""

    async def renew_credentials(self) -> None:
        """Do nothing."""

    def next_server(self) -> None:
        """Do nothing."""


class Audited:
    """An auditor and what is around it; there is one object at version 10, and the sink is none."""

    def __init__(self, server: Saying, resource: Resource = SERVICES, count: int = 1) -> None:
        self.notes, self.course, self.pace = Notes(), Course(), Pace(Random(1))  # noqa: S311
        self.course.listed(10)
        standing = Standing(resource, self.notes)
        self.intake = Intake(resource, None, self.notes, self.course, Counter())  # type: ignore[arg-type]
        for number in range(count):
            self.intake.collection._set(("shop", f"web-{number}"), None)  # noqa: SLF001
        random = Random(1)  # noqa: S311
        parts = Parts(server, resource, self.notes, self.course, self.intake, standing, random)
        self.auditor = Auditor(parts)
        self.interruptions = 0

    @property
    def findings(self) -> list[object]:
        return [told.how[0] for told in self.notes.of("audited")]

    def interrupt(self) -> None:
        self.interruptions += 1

    def live(self, seconds: float, *, is_watching: bool = True) -> None:
        """Audit for a while."""

        async def main() -> None:
            self.auditor.listed()
            async with asyncio.TaskGroup() as group:
                audits = self.auditor.run(self.pace, lambda: is_watching, self.interrupt)
                task = group.create_task(audits)
                await asyncio.sleep(seconds)
                task.cancel()

        run(main(), limit_seconds=seconds)


def test_audits_are_five_minutes_apart_more_or_less() -> None:
    server = Saying()
    audited = Audited(server)

    audited.live(36_000 / 10)

    gaps = [late - early for early, late in zip([0.0, *server.asked], server.asked, strict=False)]
    assert all(225 <= gap <= 375 for gap in gaps)
    assert len(set(gaps)) == len(gaps) >= 9
    assert set(audited.findings) == {Finding.AGREES}
    assert audited.interruptions == 0


def test_nobody_is_asked_without_a_watch() -> None:
    server = Saying()

    Audited(server).live(7_200, is_watching=False)

    assert server.asked == []


def test_a_limit_that_is_reached_leaves_an_audit_out() -> None:
    server = Saying()
    audited = Audited(server)
    audited.pace.admits = lambda: False  # type: ignore[method-assign]

    audited.live(3_600)

    assert server.asked == []


@pytest.mark.parametrize(
    ("server", "finding", "reason"),
    [
        pytest.param(Saying(9), Finding.REWOUND, Reason.REWOUND, id="older"),
        pytest.param(Saying(10, 1), Finding.COUNT, Reason.COUNT, id="more objects"),
    ],
)
def test_a_fault_interrupts_the_watch_and_leads_to_a_list(
    server: Saying, finding: Finding, reason: Reason
) -> None:
    audited = Audited(server)

    audited.live(380)

    assert audited.findings == [finding]
    assert audited.interruptions == 1
    assert (audited.course.relist, audited.course.list_version) == (reason, 0)


@pytest.mark.parametrize("status", [0, 403, 500])
def test_a_server_that_does_not_answer_shows_no_fault(status: int) -> None:
    audited = Audited(Saying(status=status))

    audited.live(3_600)

    assert set(audited.findings) == {Finding.UNKNOWN}
    assert audited.course.relist is None
    assert bool(audited.notes.of("forbidden")) == (status == 403)


def test_one_audit_that_is_forbidden_is_not_told() -> None:
    audited = Audited(Saying(status=403))

    audited.live(380)

    assert audited.findings == [Finding.UNKNOWN]
    assert not audited.notes.of("forbidden")


def test_what_was_asked_for_in_vain_is_not_waited_for() -> None:
    audited = Audited(Saying(status=500))

    async def ask() -> None:
        with pytest.raises(RefusedError):
            await audited.auditor.ask()

    run(ask(), limit_seconds=1)
    assert audited.intake.audit is None
    assert audited.findings == []
    assert str(Status(500)) == "500"


def test_a_watch_that_is_behind_is_compared_when_it_has_caught_up() -> None:
    audited = Audited(Saying(20))

    run(audited.auditor.ask(), limit_seconds=1)
    audited.auditor.look()
    assert audited.findings == []
    assert audited.intake.audit
    audited.intake.audit.note(21, 1)
    audited.auditor.look()

    assert audited.findings == [Finding.AGREES]
    assert audited.intake.audit is None


def test_a_watch_that_never_catches_up_is_not_known_to_be_right() -> None:
    audited = Audited(Saying(20))

    audited.live(800)

    assert set(audited.findings) == {Finding.UNKNOWN}


def test_a_list_that_comes_between_question_and_answer_makes_the_answer_worthless() -> None:
    server = Saying(9)
    audited = Audited(server)

    def listed() -> None:
        audited.intake.audit = None

    server.meanwhile = listed
    run(audited.auditor.ask(), limit_seconds=1)

    assert audited.findings == []
    assert audited.course.relist is None


@pytest.mark.parametrize(
    "resource",
    [SERVICES._replace(label_selector="a=b"), SERVICES._replace(field_selector="a=b")],
    ids=["labels", "fields"],
)
def test_with_a_selector_nothing_is_counted(resource: Resource) -> None:
    audited = Audited(Saying(10, 5), resource)

    run(audited.auditor.ask(), limit_seconds=1)

    assert audited.findings == [Finding.AGREES]


def test_what_was_left_out_makes_the_count_worthless() -> None:
    audited = Audited(Saying(10, 5))
    audited.intake.collection.has_gaps = True

    run(audited.auditor.ask(), limit_seconds=1)

    assert audited.findings == [Finding.UNKNOWN]
    assert audited.course.relist is None


def test_a_count_that_a_list_did_not_put_right_is_not_believed_again() -> None:
    audited = Audited(Saying(10, 5))

    run(audited.auditor.ask(), limit_seconds=1)
    audited.course.listed(10)
    run(audited.auditor.ask(), limit_seconds=1)

    assert audited.findings == [Finding.COUNT, Finding.UNKNOWN]
    assert audited.course.relist is None


def test_every_twelve_hours_more_or_less_a_list_is_due() -> None:
    server = Saying()
    audited = Audited(server)

    audited.live(15 * 3_600 + 400)

    assert 9 * 3_600 < server.asked[-1] < 15 * 3_600
    assert audited.course.relist is Reason.DUE
    assert audited.course.list_version == 10
    assert audited.interruptions >= 1
