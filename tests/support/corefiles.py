"""Corefiles whose imported files and environment are dictionaries."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from svcdns.corefile.errors import Mistake
from svcdns.corefile.imports import Access
from svcdns.corefile.parser import Corefile, Line, Reading, Stanza, examine

NOTHING: Mapping[str, str] = {}


def access(files: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING) -> Access:
    """Return the way to `files` by path, as strict as a file system."""

    def read(path: str) -> str:
        if path in files:
            return files[path]
        if any(known.startswith(f"{path}/") for known in files):
            raise IsADirectoryError(21, "Is a directory", path)
        raise FileNotFoundError(2, "No such file or directory", path)

    def glob(pattern: str) -> list[str]:
        assert "*" in pattern or "?" in pattern
        depth = pattern.count("/")
        return [path for path in files if path.count("/") == depth and fnmatchcase(path, pattern)]

    return Access(read, glob, env)


def read_text(
    text: str, files: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING
) -> Reading:
    """Return what is in `text`, a Corefile at the path `Corefile`."""
    return examine(text, "Corefile", access(files, env))


def good(
    text: str, files: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING
) -> Corefile:
    """Return the Corefile in `text`; fail if it has a mistake."""
    reading = read_text(text, files, env)
    assert not reading.mistakes, "\n".join(map(str, reading.mistakes))
    return reading.corefile


def problems(
    text: str, files: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING
) -> list[str]:
    """Return the mistakes in `text`: marked words, then what is wrong."""
    return [said(mistake) for mistake in read_text(text, files, env).mistakes]


def warnings(
    text: str, files: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING
) -> list[str]:
    """Return the warnings in `text`, which has no mistake: marked words, then what is odd."""
    return [said(warning) for warning in good(text, files, env).warnings]


def said(mistake: Mistake) -> str:
    """Return line, marked words and problem of a mistake, on one line."""
    return f"{mistake.where.line} <{marked(mistake)}> {mistake.problem}"


def marked(mistake: Mistake) -> str:
    """Return what the carets of a mistake stand below."""
    start = mistake.where.column - 1
    return mistake.where.text[start : start + mistake.width]


def outline(corefile: Corefile) -> list[tuple[list[str], list[str]]]:
    """Return each block's zones, with scheme and port where they are written, and its lines."""
    return [
        (
            [
                ("" if key.scheme == "dns" else f"{key.scheme}://")
                + key.zone
                + ("" if key.port is None else f":{key.port}")
                for key in block.keys
            ],
            [line_text(stanza) for stanza in block.stanzas],
        )
        for block in corefile.blocks
    ]


def line_text(line: Stanza | Line) -> str:
    """Return a line with its block, words separated by one blank, quotes left out."""
    block = line.options if isinstance(line, Stanza) else line.block
    words = [line.name.text, *(token.text for token in line.arguments)]
    if line.has_block:
        words += ["{", *(f"{line_text(option)};" for option in block), "}"]
    return " ".join(words)
