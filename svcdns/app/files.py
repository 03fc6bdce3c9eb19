"""Corefiles and what they import, read from the file system.

`corefile/` is pure: this is where its `read` and `glob` come from. Text is decoded like Go does
it, a wrong octet being one replacement character, so a comment in Latin-1 is no reason to
refuse a Corefile.
"""

import errno
import os
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase

from svcdns.corefile.imports import Access
from svcdns.corefile.parser import Reading, examine

STDIN = "stdin"
"""What messages call standard input; as a path it is `-` too."""

MAX_OCTETS = 16 * 1024 * 1024
"""Of one file: enough for any Corefile, too little for /dev/zero to fill the memory."""


def examine_corefile(path: str, env: Mapping[str, str], dns_port: int = 53) -> Reading:
    """Return what can be read of the Corefile at `path`, and what is wrong with it.

    Args:
        path: `-` and `stdin` are standard input.
        env: the variables it may use.
        dns_port: of keys that name no port.

    Raises:
        OSError: the file itself cannot be read; an import that cannot is a mistake.
    """
    text, name = read_text(path)
    return examine_text(text, name, env, dns_port)


def examine_text(text: str, name: str, env: Mapping[str, str], dns_port: int = 53) -> Reading:
    """Return what can be read of `text` and of what it imports, and what is wrong with it.

    Args:
        text: of a Corefile.
        name: its path; when it has none, imports are relative to the working folder.
        env: the variables it may use.
        dns_port: of keys that name no port.
    """
    return examine(text, name, Access(_read, _glob, env), dns_port)


def read_text(path: str) -> tuple[str, str]:
    """Return the text at `path` and the name that messages give it.

    Raises:
        OSError: it cannot be read, or is larger than `MAX_OCTETS`.
    """
    if path in ("-", STDIN):
        return _text(sys.stdin.buffer.read(MAX_OCTETS + 1), STDIN), STDIN
    return _read(path), path


def _read(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - paths are text all the way
        return _text(file.read(MAX_OCTETS + 1), path)


def _text(octets: bytes, path: str) -> str:
    if len(octets) > MAX_OCTETS:
        raise OSError(errno.EFBIG, f"larger than {MAX_OCTETS // 1024**2} MiB", path)
    return octets.decode("utf-8", "replace")


def _glob(pattern: str) -> list[str]:
    """Return the paths that match; a wildcard matches dot files too, but no `/`."""
    found = ["/" if pattern.startswith("/") else ""]
    for part in pattern.split("/"):
        if not part:
            continue
        if "*" in part or "?" in part:
            found = [
                folder + name
                for folder in found
                for name in _names_in(folder or ".")
                if fnmatchcase(name, part.replace("[", "[[]"))
            ]
        else:
            found = [folder + part for folder in found]
        found = [f"{path}/" for path in found if os.path.lexists(path)]
    return [path.removesuffix("/") for path in found]


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names, not paths, are matched
    except OSError:  # as in Go: a folder that cannot be listed has nothing that matches
        return []
