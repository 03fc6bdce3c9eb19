"""Read one directive from the text of a Corefile, and the scope it is built in."""

from typing import Any

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.corefile.arguments import Arguments
from svcdns.corefile.parser import parse
from svcdns.corefile.tree import ServerBlock, Stanza
from svcdns.route.directive import Asking, Directive
from svcdns.route.offers import Offers
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.question import Question


class FixedScope:
    """A scope without a cluster, whose log is a list."""

    zones = ("cluster.local.",)
    server = "dns://:53"
    root = ""
    asking = Asking()
    local_addresses: tuple[bytes, ...] = ()

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.metrics = Metrics()
        self.offers = Offers()
        self.forgotten = 0

    def cluster(self, settings: KubernetesSettings) -> State:
        raise AssertionError(settings)

    def ask(self, question: Question) -> Outcome | Later[Outcome | None] | None:
        raise AssertionError(question)

    def forget(self) -> None:
        self.forgotten += 1

    def log(self, line: str) -> None:
        self.lines.append(line)


def _block_of(text: str) -> ServerBlock:
    corefile = parse(
        f"cluster.local {{\n{text}\n}}\n", "Corefile", read=_no_file, glob=_no_files, env={}
    )
    (block,) = corefile.blocks
    return block


def arguments_of(name: str, text: str, root: str = "") -> Arguments:
    """Return the stanzas of `name` in the only block of `text`, a block's inside without keys."""
    block = _block_of(text)
    stanzas = tuple(stanza for stanza in block.stanzas if stanza.name.text == name)
    return Arguments(name, stanzas, tuple(key.zone for key in block.keys), root)


def stanza_of(name: str, text: str) -> Stanza:
    """Return the only stanza of `name` in `text`, which is a block's inside without keys."""
    (stanza,) = (one for one in _block_of(text).stanzas if one.name.text == name)
    return stanza


def settings_of(directive: Directive, text: str) -> Any:
    """Return the settings `text` gives; fail if it has a mistake."""
    arguments = arguments_of(directive.name, text)
    settings = directive.parse(arguments)
    assert not arguments.mistakes, [str(mistake) for mistake in arguments.mistakes]
    return settings


def problems_of(directive: Directive, text: str) -> list[tuple[str, str]]:
    """Return the mistakes in `text`: the marked words with what is wrong, and the hint."""
    arguments = arguments_of(directive.name, text)
    directive.parse(arguments)
    return [
        (
            f"{_marked(mistake.where.text, mistake.where.column, mistake.width)} {mistake.problem}",
            mistake.hint,
        )
        for mistake in arguments.mistakes
    ]


def warnings_of(directive: Directive, text: str, root: str = "") -> list[str]:
    """Return what `text` is warned of."""
    arguments = arguments_of(directive.name, text, root)
    directive.parse(arguments)
    return [warning.problem for warning in arguments.warnings]


def _marked(line: str, column: int, width: int) -> str:
    return f"<{line[column - 1 : column - 1 + width]}>"


def _no_file(path: str) -> str:
    raise AssertionError(path)


def _no_files(pattern: str) -> list[str]:
    raise AssertionError(pattern)
