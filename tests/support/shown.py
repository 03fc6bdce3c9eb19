"""Commands that documents show, with what they show of the output.

A block ```sh holds commands alone; in a block ```console those after `$ ` are commands and the
rest is their output. A block ```text with `$ ` is a picture: its commands are commands, its output
is not compared. A trailing backslash, a here-document and a loop go on on the next lines.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.tree import documents, relative

_BLOCK = re.compile(r"^```(sh|console|text|corefile)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_REMARK = re.compile(r"(?:^|\s)#(?=\s|$).*$")
_HERE = re.compile(r"<<-?\s*'?(\w+)'?")
_LOOP = re.compile(r"^(?:for|while) .*\bdo$")
_DOTS = re.compile(r"[.…\s]+")
_CHANGING = (
    (re.compile(r"\d+(?:\.\d+)? m?s\b"), "0 s"),
    (re.compile(r"seconds=\d+\.\d+"), "seconds=0"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r"-{3,}"), "---"),
)


class Command(NamedTuple):
    """One command of a document."""

    path: Path
    number: int
    """From 1 on, in the order of the document."""
    text: str
    output: tuple[str, ...]
    """Lines that are shown below it; empty: none are."""
    corefile: str = ""
    """The Corefile that the document shows last before it."""

    def __str__(self) -> str:
        return f"{relative(self.path)}, command {self.number}: {self.text}"

    @property
    def is_whole(self) -> bool:
        """Whether all of its output is shown, no line of dots among it."""
        return bool(self.output) and not any(_DOTS.fullmatch(line) for line in self.output)


def all_commands() -> list[Command]:
    """Return every command of every document."""
    return [command for path in documents() for command in commands_of(path)]


def commands_of(path: Path) -> list[Command]:
    """Return the commands of one document, in its order."""
    found, corefile = list[Command](), ""
    for language, block in _BLOCK.findall(path.read_text(encoding="utf-8")):
        if language == "corefile":
            corefile = block
            continue
        lines = iter(block.splitlines())
        for text, output in _script(lines) if language == "sh" else _session(lines):
            kept = tuple(output) if language == "console" else ()
            found.append(Command(path, len(found) + 1, text, kept, corefile))
    return found


def _script(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        text = _REMARK.sub("", line).rstrip()
        if text:
            yield _completed(text, lines), []


def _session(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    text, output = "", list[str]()
    for line in lines:
        if line.startswith("$ "):
            if text:
                yield text, output
            text, output = _completed(_REMARK.sub("", line[2:]).rstrip(), lines), []
        else:
            output.append(line)
    if text:
        yield text, output


def _completed(text: str, following: Iterator[str]) -> str:
    """Return a command with the lines it goes on over."""
    while text.endswith("\\"):
        text = text[:-1].rstrip() + " " + _REMARK.sub("", next(following)).strip()
    here, loop = _HERE.search(text), _LOOP.search(text)
    if here or loop:
        last = here[1] if here else "done"
        for line in following:
            text += "\n" + line
            if line == last:
                break
    return text


def differences(command: Command, printed: str) -> list[str]:
    """Return what is shown and was not printed, and the other way round.

    Times, widths of columns and the order of lines may differ; a line of dots stands for any
    lines; nobody shows warnings.
    """
    lines = [line for line in printed.splitlines() if not line.startswith("warning: ")]
    shown = Counter(_even(line) for line in command.output if not _DOTS.fullmatch(line))
    present = Counter(_even(line) for line in lines if line.strip())
    del shown[""]
    missing = [f"not printed: {line}" for line in (shown - present).elements()]
    if command.is_whole:
        missing += [f"not shown: {line}" for line in (present - shown).elements()]
    return missing


def _even(line: str) -> str:
    text = line.strip()
    for pattern, replacement in _CHANGING:
        text = pattern.sub(replacement, text)
    return text
