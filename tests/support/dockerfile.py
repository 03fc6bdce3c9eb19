"""The Dockerfile, carried out in folders: what an engine would do, for lack of one.

Each stage is a folder. Only what our Dockerfile uses is understood, anything else is an error:
shell form of RUN, plain COPY with .dockerignore, one base. The base is not the image it names but
the Debian of the same Python, made by mmdebstrap: `BASES`. Nothing here says anything about
layers, digests or other architectures.

Source: the Dockerfile reference.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.support.tools import require

BASES: Mapping[str, str] = {"python:3.13-slim": "trixie"}
"""Base image -> the Debian release with the same Python, that the image is made of too."""
_PACKAGES = "python3,python3-venv,ca-certificates"
_KEPT = ("PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy")
"""Variables that say how this machine reaches a package index."""
_FROM_MACHINE = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")

# Everything is mounted in a namespace of the step's own, and gone with it.
_RUN = """
set -eu
root=$1 folder=$2 script=$3
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/zero" c 1 5
mknod -m 666 "$root/dev/urandom" c 1 9
for file in %s; do
  [ -e "$file" ] || continue
  [ -e "$root$file" ] || touch "$root$file"
  mount --bind "$file" "$root$file"
done
exec chroot "$root" /bin/sh -c 'cd "$1" && exec /bin/sh -c "$2"' sh "$folder" "$script"
"""


class Instruction(NamedTuple):
    """One instruction: `COPY`, and all behind it in one line."""

    name: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile, lines that go on joined, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [
        Instruction(name.upper(), rest.strip())
        for name, _, rest in (line.strip().partition(" ") for line in joined.splitlines())
    ]


class Ignored:
    """What .dockerignore keeps from the build; the last line that fits decides."""

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        self._patterns = [line for line in lines if line and line[0] != "#"]

    def __contains__(self, path: str) -> bool:
        """Whether a path below the folder of the Dockerfile is kept from the build."""
        ignored = False
        for pattern in self._patterns:
            if _fits(path, pattern.removeprefix("!").strip("/")):
                ignored = pattern[0] != "!"
        return ignored


def _fits(path: str, pattern: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    if pattern.startswith("**/"):
        return any(fnmatchcase(part, pattern[3:]) for part in parts)
    depth = pattern.count("/")
    return any(one.count("/") == depth and fnmatchcase(one, pattern) for one in above)


@dataclass
class Stage:
    """A stage that is built: its folder, and what an engine would keep beside it."""

    root: Path
    user: str = "0"
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)

    @classmethod
    def after(cls, root: Path, earlier: "Stage") -> "Stage":
        """Return a copy of another stage, in another folder."""
        _copy(earlier.root, root)
        kept = json.loads(json.dumps(vars(earlier) | {"root": ""}))
        return cls(**(kept | {"root": root}))

    def note(self, name: str, rest: str) -> None:
        """Keep what an instruction says about running the image."""
        match name:
            case "WORKDIR":
                self.folder = rest
                (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                self.user = rest
            case "ENV":
                self.variables |= _pairs(rest)
            case "LABEL":
                self.labels |= _pairs(rest)
            case "EXPOSE":
                self.ports += rest.split()
            case "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            case "CMD":
                self.command = json.loads(rest)
            case _:
                raise ValueError(f"{name} is not understood here")


class Build:
    """One run through a Dockerfile."""

    def __init__(self, context: Path, work: Path, arguments: Mapping[str, str]) -> None:
        """Prepare to build.

        Args:
            context: the folder that holds Dockerfile and .dockerignore.
            work: gets a folder for each stage; those of an earlier build are removed.
            arguments: what `--build-arg` says.
        """
        self._context = context
        self._work = work
        self._given = arguments
        self._ignored = Ignored((context / ".dockerignore").read_text())
        self.stages: dict[str, Stage] = {}
        self._global: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def run(self) -> Stage:
        """Carry out every instruction and return the last stage."""
        stage: Stage | None = None
        for name, rest in instructions((self._context / "Dockerfile").read_text()):
            if name == "FROM":
                stage = self._start(self._filled(rest, self._global))
            elif name == "ARG" and stage is None:
                self._declare(rest, self._global)
            elif stage is None:
                raise ValueError(f"{name} before FROM")
            else:
                self._follow(stage, name, rest)
        assert stage is not None
        return stage

    def _start(self, rest: str) -> Stage:
        image, word, name = rest.split()
        assert word == "AS", rest
        root = self._work / name
        shutil.rmtree(root, ignore_errors=True)
        if image in self.stages:
            stage = Stage.after(root, self.stages[image])
        else:
            root.mkdir(parents=True)
            archive = base_archive(self._work, image)
            subprocess.run(["tar", "-xf", str(archive), "-C", str(root)], check=True)
            stage = Stage(root)
        self.stages[name] = stage
        self._known = {}
        return stage

    def _follow(self, stage: Stage, name: str, rest: str) -> None:
        if name == "ARG":
            self._declare(rest, self._known)
        elif name == "RUN":
            self._run(stage, rest)
        elif name == "COPY":
            self._copy(stage, self._filled(rest, self._known).split())
        else:
            stage.note(name, self._filled(rest, self._known))

    def _declare(self, rest: str, known: dict[str, str]) -> None:
        name, _, default = rest.partition("=")
        value = self._given.get(name, self._global.get(name, default))
        if value:
            known[name] = value

    @staticmethod
    def _filled(text: str, known: Mapping[str, str]) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], ""), text)

    def _copy(self, stage: Stage, words: list[str]) -> None:
        *sources, target = words
        to = stage.root / str(Path(stage.folder) / target).lstrip("/")
        if sources[0].startswith("--from="):
            origin = self.stages[sources.pop(0).removeprefix("--from=")].root
            for source in sources:
                _copy(origin / source.lstrip("/"), to)
            return
        for source in sources:
            assert source[0] != "-", f"COPY {source} is not understood here"
            for path in self._files(source):
                start = self._context / source
                below = path.relative_to(start) if start.is_dir() else Path()
                place = to / path.name if target.endswith("/") else to / below
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)

    def _files(self, source: str) -> Iterator[Path]:
        start = self._context / source
        found = [
            path
            for path in (sorted(start.rglob("*")) if start.is_dir() else [start])
            if path.is_file() and path.relative_to(self._context).as_posix() not in self._ignored
        ]
        assert found, f"COPY {source}: .dockerignore keeps all of it out, or there is nothing"
        yield from found

    def _run(self, stage: Stage, script: str) -> None:
        assert stage.user.partition(":")[0] == "0", "RUN as another user is not understood here"
        outside = {name: os.environ[name] for name in _KEPT if name in os.environ}
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        subprocess.run(
            [
                *(require("unshare", package="util-linux"), "--mount", "--pid", "--fork"),
                *("--kill-child", "sh", "-c", _RUN % " ".join(_FROM_MACHINE), "sh"),
                *(str(stage.root), stage.folder, script),
            ],
            env=outside | path | stage.variables | self._known | {"HOME": "/root"},
            stdin=subprocess.DEVNULL,
            check=True,
        )


def base_archive(work: Path, image: str) -> Path:
    """Return the archive of a base image's stand-in; make it where there is none."""
    release = BASES[image]
    archive = work / f"{release}.tar"
    if not archive.exists():
        part = archive.with_suffix(".part.tar")
        subprocess.run(
            [
                *(require("mmdebstrap", package="mmdebstrap"), "--mode=root", "--variant=apt"),
                # Its own user may not be let into the folder that the archive is made in.
                '--aptopt=APT::Sandbox::User "root"',
                *("--quiet", f"--include={_PACKAGES}", release, str(part)),
            ],
            check=True,
        )
        part.rename(archive)
    return archive


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "-T", str(source), str(target)], check=True)


def _pairs(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(text))
