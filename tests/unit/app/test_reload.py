"""When a Corefile is looked at again, and when it is taken into use."""

import asyncio
import re
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from svcdns.app.build import Configuration, plans_of
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.options import Options
from svcdns.app.reload import Reload, version_of
from svcdns.app.start_error import StartError
from svcdns.route.compile import Plan
from svcdns.server.listen_error import ListenError
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.plugin_metrics import COREFILE_REFUSED, RELOAD_VERSION, RELOADS_FAILED
from tests.support.configured import configured

FIRST = ". {\n whoami\n}\n"
SECOND = ". {\n whoami\n log\n}\n"
BROKEN = ". {\n whoamI\n}\n"


class World:
    """A Corefile, whoever takes it into use, and a watch on it that looks when it is told to."""

    def __init__(self, path: Path, text: str = FIRST, *, from_file: bool = True) -> None:
        self.path = path
        self.path.write_text(text)
        self.metrics = Metrics()
        self.taken: list[tuple[Plan, ...]] = []
        self.refuses: Exception | None = None
        options = Options(str(path), None if from_file else text)
        self.reload = Reload(options, self.metrics, self._take, Random(1))  # noqa: S311  jitter
        self.reload.begin(examine_corefile(str(path), {}), configured(text))

    async def _take(self, plans: tuple[Plan, ...]) -> Configuration:
        self.taken.append(plans)
        if self.refuses is not None:
            raise self.refuses
        return configured(self.path.read_text())

    def look(self, text: str | None = None, *, forced: bool = False) -> int:
        """Let it look, at `text` if it is given; return how often plans were tried so far."""
        if text is not None:
            self.path.write_text(text)
        asyncio.run(self.reload._look(forced=forced))  # noqa: SLF001  without its interval
        return len(self.taken)

    @property
    def failures(self) -> float:
        return self.metrics.numbers[RELOADS_FAILED.name][()]

    @property
    def is_refused(self) -> bool:
        return bool(self.metrics.numbers[COREFILE_REFUSED.name][()])

    @property
    def version(self) -> str:
        ((labels, value),) = self.metrics.numbers[RELOAD_VERSION.name].items()
        assert (labels[0], value) == ("sha512", 1)
        return labels[1]


@pytest.fixture
def world(tmp_path: Path, log: StringIO) -> World:
    assert log.getvalue() == ""
    return World(tmp_path / "Corefile")


def version(text: str) -> str:
    return version_of(examine_text(text, "Corefile", {}).corefile)


def test_what_has_not_changed_is_left_alone(world: World) -> None:
    assert world.look() == 0
    assert world.look(f"{FIRST}# a comment\n") == 0


def test_what_has_changed_is_taken_into_use_once(world: World, log: StringIO) -> None:
    before = world.version

    assert world.look(SECOND) == 1
    assert world.look() == 1

    assert world.version != before
    assert world.failures == 0
    lines = [line for line in log.getvalue().splitlines() if "eloading" in line]
    assert lines == ["[INFO] Reloading", "[INFO] Reloading complete"]


def test_what_is_wrong_is_said_and_counted_once(world: World, log: StringIO) -> None:
    before = world.version

    world.look(BROKEN)
    world.look()

    assert world.taken == []
    assert world.failures == 1
    assert world.version == before
    (line,) = [line for line in log.getvalue().splitlines() if "reload.refused" in line]
    assert "whoamI" in line
    assert f"svcdns check {world.path}" in line
    assert before[:8] in line


def test_a_refusal_has_the_line_that_alerts_look_for(world: World, log: StringIO) -> None:
    world.refuses = StartError("no way")

    world.look(SECOND)

    lines = log.getvalue().splitlines()
    assert "[ERROR] plugin/reload: Corefile changed but reload failed: no way" in lines


@pytest.mark.parametrize("mended", [FIRST, SECOND], ids=["taken back", "mended"])
def test_a_gauge_says_that_the_file_is_refused_until_it_is_not(world: World, mended: str) -> None:
    before = world.is_refused
    world.look(BROKEN)
    world.look()
    meanwhile = world.is_refused
    world.look(mended)

    assert (before, meanwhile, world.is_refused) == (False, True, False)


@pytest.mark.parametrize(
    "error",
    [StartError("no way"), ListenError("port 53 is taken", "stop it")],
    ids=["StartError", "ListenError"],
)
def test_what_cannot_be_served_is_not_tried_again_before_it_changes(
    world: World, error: Exception
) -> None:
    world.refuses = error

    tries = [world.look(SECOND), world.look(), world.look(f"{SECOND}# a comment\n")]
    changed = world.look(SECOND.replace("log", "errors"))

    assert tries == [1, 1, 1]
    assert changed == 2
    assert world.failures == 2


def test_what_was_refused_is_tried_again_when_somebody_asks(world: World) -> None:
    world.refuses = StartError("no way")
    world.look(SECOND)
    world.refuses = None

    assert world.look(forced=True) == 2
    assert world.failures == 1
    assert world.look() == 2


def test_what_has_not_changed_is_taken_again_when_somebody_asks(world: World) -> None:
    assert world.look(forced=True) == 1


def test_what_was_taken_back_and_comes_again_is_tried_again(world: World) -> None:
    world.refuses = StartError("no way")
    world.look(SECOND)
    world.look(FIRST)

    assert world.look(SECOND) == 2


def test_a_file_that_cannot_be_read_is_said_once_and_again_when_somebody_asks(
    world: World, log: StringIO
) -> None:
    world.path.unlink()

    world.look()
    world.look()
    once = world.failures
    world.look(forced=True)

    assert (once, world.failures) == (1, 2)
    assert "cannot read the Corefile: No such file or directory" in log.getvalue()


def test_a_corefile_without_a_server_block_is_refused(world: World) -> None:
    assert world.look("# nothing\n") == 0
    assert world.failures == 1


def test_what_came_from_no_file_is_never_looked_at(tmp_path: Path, log: StringIO) -> None:
    world = World(tmp_path / "Corefile", from_file=False)

    assert world.look(SECOND) == 0
    quiet = world.failures
    assert world.look(forced=True) == 0

    assert (quiet, world.failures) == (0, 1)
    assert "came from no file" in log.getvalue()


def test_a_bug_in_taking_it_is_not_swallowed(world: World) -> None:
    world.refuses = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        world.look(SECOND)


@pytest.mark.parametrize(
    ("line", "least", "most"),
    [
        ("reload 10s 4s", 8, 12),
        ("reload 30s 15s", 22.5, 37.5),
        ("whoami", float("inf"), float("inf")),
    ],
)
def test_it_is_looked_at_within_the_jitter_around_the_interval(
    line: str, least: float, most: float, tmp_path: Path, log: StringIO
) -> None:
    text = f". {{\n {line}\n whoami\n}}\n" if line != "whoami" else FIRST
    world = World(tmp_path / "Corefile", text)

    assert least <= world.reload._interval <= most  # noqa: SLF001  nobody waits that long
    said = "Running configuration SHA512 = " + world.version
    assert (said in log.getvalue()) == (line != "whoami")


async def test_somebody_who_asks_is_heard_at_once(world: World) -> None:
    looking = asyncio.ensure_future(world.reload.run())

    world.reload.ask()
    async with asyncio.timeout(10):
        while not world.taken:  # noqa: ASYNC110  the file is read by a thread
            await asyncio.sleep(0)
    looking.cancel()
    await asyncio.wait((looking,))

    assert len(world.taken) == 1


@pytest.mark.parametrize(
    "same",
    [
        ". {\n whoami # why\n}\n",
        ". {\n whoami\n}\n# an end\n",
        ".   {\n\twhoami\n}",
    ],
)
def test_comments_and_spaces_leave_the_version_as_it_is(same: str) -> None:
    assert version(same) == version(FIRST)


@pytest.mark.parametrize(
    "other",
    [
        ". {\n errors\n}\n",
        ". {\n log\n whoami\n}\n",
        "a {\n whoami\n}\n",
        ".:54 {\n whoami\n}\n",
        ". {\n whoami\n errors {\n consolidate 5s x\n }\n}\n",
        f"{FIRST}a {{\n}}\n",
    ],
)
def test_another_token_is_another_version(other: str) -> None:
    assert version(other) != version(FIRST)


def test_options_inside_a_block_are_part_of_the_version() -> None:
    text = ". {\n errors {\n consolidate 5s x\n }\n}\n"

    assert version(text) != version(text.replace("5s", "6s"))


def test_a_version_is_a_sha512() -> None:
    assert re.fullmatch(r"[0-9a-f]{128}", version(FIRST))
    assert plans_of(examine_text(FIRST, "Corefile", {}))
