"""loop: an upstream that sends our questions back is asked no more."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from svcdns.answers.answer import Answer
from svcdns.plugins.loop import DIRECTIVE, LAST_TRY_SECONDS, Probe, build
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text, to_text
from svcdns.wire.question import Query, Question
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.stubs import FixedClient
from tests.support.virtual_time import run

CHANCE = Random(1)  # noqa: S311  the same each time


class Upstream:
    """Answers a probe as a test says; None: it does not answer."""

    def __init__(self, say: Callable[[Question], int | None], address: str = "10.0.0.2:53") -> None:
        self.address = address
        self.named_at = "/etc/resolv.conf:2"
        self.asked: list[Question] = []
        self.disabled = ""
        self._say = say

    async def probe(self, question: Question) -> int | None:
        self.asked.append(question)
        return self._say(question)

    def disable(self, why: str) -> None:
        self.disabled = why


def query_for(question: Question) -> Query:
    return Query(1, 0x0100, question, None, 40)


def examined(say: Callable[[Probe, Question], int | None]) -> tuple[Upstream, list[str], Probe]:
    lines: list[str] = []
    probe = Probe(".", "dns://:53", lines.append, CHANCE)
    upstream = Upstream(lambda question: say(probe, question))
    run(probe.examine(upstream), limit_seconds=100)
    return upstream, lines, probe


def coming_back(times: int) -> Callable[[Probe, Question], int | None]:
    """Return an upstream that sends each question back to us until we stop it."""

    def say(probe: Probe, question: Question) -> int | None:
        for _ in range(times):
            answer = probe.answer(query_for(question), FixedClient())
            if answer is not None:
                return answer.rcode
        return RCode.NXDOMAIN

    return say


def test_an_upstream_that_answers_is_asked_once() -> None:
    upstream, lines, _ = examined(lambda _, __: RCode.NXDOMAIN)

    assert len(upstream.asked) == 1
    assert not upstream.disabled
    assert not lines


def test_the_question_is_a_hinfo_of_a_name_nobody_can_know() -> None:
    upstream, _, _ = examined(lambda _, __: RCode.NXDOMAIN)
    (question,) = upstream.asked

    assert question.rrtype == RRType.HINFO
    first, second = to_text(question.owner).rstrip(".").split(".")
    assert int(first) > 1 << 40
    assert int(second) > 1 << 40


def test_an_upstream_that_sends_it_back_is_disabled_and_the_line_at_fault_is_named() -> None:
    upstream, lines, _ = examined(coming_back(99))
    owner = to_text(upstream.asked[0].owner)

    assert upstream.disabled == (
        "(/etc/resolv.conf:2) is not asked: it sends our questions back to us, a loop"
    )
    assert lines[0] == (
        '[ERROR] plugin/loop: Loop (10.244.0.7:51234 -> :53) detected for zone ".", see '
        f'https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO {owner}"'
    )
    assert lines[1].startswith("[ERROR] plugin/loop: 10.0.0.2:53 (/etc/resolv.conf:2) sends our")
    assert len(lines) == 2


def test_one_of_several_that_come_back_is_enough_to_ask_again() -> None:
    upstream, _, _ = examined(coming_back(1))

    assert len(upstream.asked) == 2
    assert upstream.disabled


def test_our_own_question_is_refused_when_it_comes_back_often_enough() -> None:
    answers: list[Answer | None] = []

    def say(probe: Probe, question: Question) -> int | None:
        answers.extend(probe.answer(query_for(question), FixedClient()) for _ in range(3))
        return None

    examined(say)

    assert answers[0] is None
    assert [answer and answer.rcode for answer in answers[1:]] == [RCode.REFUSED] * 2


def test_an_upstream_that_never_answers_is_asked_for_thirty_seconds() -> None:
    upstream, _, _ = examined(lambda _, __: None)

    assert len(upstream.asked) == LAST_TRY_SECONDS
    assert not upstream.disabled


def test_questions_of_others_are_passed_on() -> None:
    _, _, probe = examined(lambda _, __: RCode.NXDOMAIN)
    others = Question.of(from_text("1.2."), RRType.HINFO)

    assert probe.answer(query_for(others), FixedClient()) is None


async def test_upstreams_that_come_later_are_examined_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcdns.plugins.loop.LOOK_SECONDS", 0.01)
    scope = FixedScope()
    upstreams = [Upstream(lambda _: RCode.NXDOMAIN) for _ in range(2)]
    scope.offers.upstreams.append(upstreams[0])
    steps = build(None, scope)
    assert steps.run is not None
    running = asyncio.ensure_future(steps.run())
    await asyncio.sleep(0.05)
    scope.offers.upstreams.append(upstreams[1])
    await asyncio.sleep(0.05)
    running.cancel()

    assert [len(upstream.asked) for upstream in upstreams] == [1, 1]
    assert to_text(upstreams[0].asked[0].owner).endswith(".cluster.local.")


def test_it_takes_no_words_and_stands_once() -> None:
    assert settings_of(DIRECTIVE, "loop") is None
    assert problems_of(DIRECTIVE, "loop x")
    ((problem, _),) = problems_of(DIRECTIVE, "loop\nloop")
    assert "this plugin can only be used once per Server Block" in problem


def test_a_zone_without_room_for_the_name_is_left_out() -> None:
    zone = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 50])
    probe = Probe(f"{zone}.", "dns://:53", print, CHANCE)
    upstream = Upstream(lambda _: RCode.NXDOMAIN)

    run(probe.examine(upstream), limit_seconds=10)

    assert len(upstream.asked[0].owner) < 60
