"""A new configuration is asked its first questions before anybody else does."""

from dataclasses import replace
from pathlib import Path

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.app.build import Configuration, Place
from svcdns.app.trial import refusal, try_out, upstreams_lost, zones_lost
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import AnswerStep, Client
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.authority import Authority
from tests.support.configured import configured
from tests.support.stubs import steps_of


def with_step(step: AnswerStep) -> Configuration:
    """Return a configuration whose only block has this step."""
    route = Route("example.", from_text("example."), steps_of(step))
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)
    return replace(configured(". {\n whoami\n}\n"), exchanges={Place("", 53): exchange})


def test_what_answers_is_good() -> None:
    text = ". {\n whoami\n}\ncluster.local {\n kubernetes\n}\nempty.example {\n}\n"

    assert try_out(configured(text)) == ""


def test_a_block_that_fails_is_named_with_the_question() -> None:
    def step(query: Query, _: Client) -> None:
        if query.question.rrtype == RRType.NS:
            raise LookupError("a bug")

    assert try_out(with_step(step)) == "example. NS: LookupError: a bug"


def test_nobody_is_waited_for() -> None:
    asked = []

    async def later() -> Outcome | None:
        raise AssertionError

    def step(query: Query, _: Client) -> Later[Outcome | None]:
        asked.append(query.question.rrtype)
        return later()

    assert try_out(with_step(step)) == ""
    assert len(asked) == len({*asked}) == 4


GOOD = "$TTL 60\n@ IN SOA ns admin 7 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n"
BAD = GOOD.replace("192.0.2.1", "192.0.2.x")


def serving(folder: Path, **contents: str) -> Configuration:
    """Return a configuration that serves each zone from a file with these contents."""
    stanzas = []
    for zone, text in contents.items():
        (folder / zone).write_text(text, encoding="utf-8")
        stanzas.append(f" file {folder / zone} {zone}.example\n")
    return configured(f". {{\n{''.join(stanzas)} whoami\n}}\ncluster.local {{\n kubernetes\n}}\n")


def test_a_zone_that_is_served_and_cannot_be_read_would_be_lost(tmp_path: Path) -> None:
    running = serving(tmp_path, one=GOOD, two=GOOD, three=BAD)

    assert zones_lost(serving(tmp_path, one=BAD, two=GOOD), running) == "one.example."
    assert zones_lost(serving(tmp_path, two=BAD, one=BAD), running) == "one.example., two.example."


def test_why_it_must_not_be_taken_into_use_is_a_sentence(tmp_path: Path) -> None:
    running = serving(tmp_path, one=GOOD)

    def step(_query: Query, _: Client) -> None:
        raise LookupError("a bug")

    assert refusal(running, running) == ""
    assert refusal(with_step(step), running).startswith("the new configuration fails at its first")
    assert refusal(serving(tmp_path, one=BAD), running).startswith(
        "the file of one.example. cannot be read, see above; mend it and send SIGUSR1"
    )


def test_what_is_not_served_is_not_lost(tmp_path: Path) -> None:
    running = serving(tmp_path, one=GOOD, three=BAD)

    assert zones_lost(serving(tmp_path, two=BAD, three=BAD), running) == ""
    assert zones_lost(serving(tmp_path), running) == ""
    assert zones_lost(serving(tmp_path, one=BAD), None) == ""


def forwarding(file: Path, before: str = "") -> Configuration:
    """Return a configuration whose upstream has its certificate from an authority in a file."""
    return configured(f". {{\n{before} forward . tls://192.0.2.1 {{\n  tls {file}\n }}\n}}\n")


def test_an_upstream_that_could_be_asked_is_not_lost_by_a_reload(tmp_path: Path) -> None:
    file = Authority(tmp_path / "authority").certificate
    running = forwarding(file)
    problem = f"forward: error reading {file}: open {file}: no such file or directory"

    assert upstreams_lost(forwarding(file), running) == ""
    file.unlink()

    assert upstreams_lost(forwarding(file), running) == f"Corefile:3:7: {problem}"
    assert refusal(forwarding(file), running) == (
        f"Corefile:3:7: {problem}; mend it and send SIGUSR1: "
        "until then everything is forwarded as before"
    )


def test_an_upstream_that_could_not_be_asked_before_is_not_lost(tmp_path: Path) -> None:
    running = forwarding(tmp_path / "ca.pem")

    assert upstreams_lost(forwarding(tmp_path / "ca.pem", " errors\n"), running) == ""
    assert upstreams_lost(forwarding(tmp_path / "ca.pem"), None) == ""
    assert upstreams_lost(forwarding(tmp_path / "other.pem"), running) != ""
