"""What a Corefile means to svcdns: its mistakes, and what works in another way than before.

The facts are those of docs/compatibility.md, in one sentence for each directive that somebody
may rely on. Everything else does what it did.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.advice import advise
from svcdns.app.doctor_finding import Finding, fail, ok, warn
from svcdns.app.migration_sources import FOLDER, Found
from svcdns.corefile.errors import Mistake, in_order
from svcdns.corefile.imports import Access
from svcdns.corefile.parser import examine as read_corefile
from svcdns.plugins import DIRECTIVES, UNSUPPORTED
from svcdns.route.compile import Plan, examine
from svcdns.route.stages import HealthListener, MetricsListener, ReadyListener

NAME = f"{FOLDER}/Corefile"

DIFFERENT = {
    "autopath": "memory for every Pod is needed: see docs/plugins/autopath.md",
    "dnstap": "it is read and has no effect",
    "multisocket": "one socket a port is enough; it has no effect: run more replicas instead",
    "pprof": "it is read and has no effect",
    "shed": "it is read and has no effect: connections and queries are limited always",
    "trace": "it is read and has no effect",
    "loop": "a loop disables the one upstream it goes through; the server does not end",
    "cache": "answers about the cluster never come from it; negative ones neither",
    "bufsize": "UDP answers never exceed 1232 octets",
}
"""Directive -> what is different."""
_SILENT = frozenset(("loop", "cache"))
"""Better than before, and in nearly every Corefile."""


class Understood(NamedTuple):
    """A Corefile as svcdns takes it."""

    plans: tuple[Plan, ...]
    findings: tuple[Finding, ...]


class Tree:
    """The files of a Pod as far as they are known: those of ConfigMaps, and a folder here."""

    def __init__(self, files: Mapping[str, str], folder: str) -> None:
        self._files = files
        self._folder = folder

    def read(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            OSError: there is none.
        """
        if path in self._files:
            return self._files[path]
        local = self._local(path)
        if not local:
            raise FileNotFoundError(2, "not in the ConfigMaps", path)
        return Path(local).read_text(encoding="utf-8", errors="replace")

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match."""
        parts = pattern.split("/")
        known = {
            path
            for path in self._files
            if len(path.split("/")) == len(parts) and all(map(fnmatchcase, path.split("/"), parts))
        }
        if local := self._local(pattern):
            start = len(self._folder.rstrip("/"))
            known |= {
                FOLDER + path[start:]
                for path in glob(local)  # noqa: PTH207  paths are text
                if Path(path).is_file()
            }
        return sorted(known)

    def _local(self, path: str) -> str:
        if not self._folder or not path.startswith(f"{FOLDER}/"):
            return ""
        return self._folder.rstrip("/") + path[len(FOLDER) :]


def understood(found: Found, environment: Mapping[str, str], port: int = 53) -> Understood:
    """Return what there is to know about a Corefile.

    Args:
        found: the Corefile and what lies beside it.
        environment: of the container.
        port: of keys that name none.
    """
    tree = Tree(found.files, found.folder)
    reading = read_corefile(found.corefile, NAME, Access(tree.read, tree.glob, environment), port)
    judged = examine(reading.corefile, DIRECTIVES, UNSUPPORTED)
    files = reading.corefile.files
    mistakes = in_order((*reading.mistakes, *judged.mistakes), files)
    findings = [fail(_place(one), one.problem, one.hint) for one in mistakes]
    if not (mistakes or reading.corefile.blocks):
        findings.append(fail("Corefile", "there is no server block: nothing would be served"))
    plans = () if mistakes else tuple(judged.plans)
    warnings = judged.warnings
    if plans:
        warnings = in_order((*warnings, *advise(plans)), files)
    findings += [warn(_place(one), one.problem, one.hint) for one in warnings]
    findings += _differences(plans)
    if plans and not any(_of(plans, KubernetesSettings)):
        findings.append(
            fail(
                "kubernetes",
                "no server block has it: this is not the Corefile of a cluster's DNS",
                "name the ConfigMap of the cluster's DNS: --config-map coredns",
            )
        )
    if plans:
        blocks = f"{len(plans)} server block{'s' * (len(plans) != 1)}"
        findings.insert(0, ok("Corefile", f"{blocks}, used unchanged: {_directives(plans)}"))
    return Understood(plans, tuple(findings))


def lameduck_seconds(plans: tuple[Plan, ...]) -> float:
    """Return for how long a server goes on after it was told to stop."""
    found = _of(plans, HealthListener)
    return max((one.lameduck_seconds for one in found), default=0.0)


def needs_pods(plans: tuple[Plan, ...]) -> bool:
    """Return whether a stanza follows every Pod of the cluster."""
    return any(one.pods == "verified" for one in _of(plans, KubernetesSettings))


def ports(plans: tuple[Plan, ...], port: int = 53) -> set[int]:
    """Return the ports that DNS is served at."""
    return {port if key.port is None else key.port for plan in plans for key in plan.block.keys}


def pages(plans: tuple[Plan, ...]) -> dict[str, str]:
    """Return where /health, /ready and /metrics are, `HOST:PORT` by path."""
    kinds = {"/health": HealthListener, "/ready": ReadyListener, "/metrics": MetricsListener}
    return {
        path: next(iter(found)).address
        for path, kind in kinds.items()
        if (found := list(_of(plans, kind)))
    }


def _of(plans: tuple[Plan, ...], kind: type) -> Iterator[Any]:
    for plan in plans:
        for _, settings in plan.settings:
            for one in settings if isinstance(settings, tuple) else (settings,):
                if isinstance(one, kind):
                    yield one


def _differences(plans: tuple[Plan, ...]) -> Iterator[Finding]:
    used = {directive.name for plan in plans for directive, _ in plan.settings}
    for name, text in DIFFERENT.items():
        if name in used:
            yield ok(name, text) if name in _SILENT else warn(name, text, "docs/compatibility.md")
    if needs_pods(plans):
        yield warn(
            "pods verified",
            "every Pod of the cluster is followed: more memory, and a permission more",
            "write 'pods insecure' unless somebody relies on it",
        )


def _directives(plans: tuple[Plan, ...]) -> str:
    names = dict.fromkeys(directive.name for plan in plans for directive, _ in plan.settings)
    return ", ".join(names)


def _place(mistake: Mistake) -> str:
    where = mistake.where
    name = where.file.removeprefix(f"{FOLDER}/")
    return f"{name}:{where.line}" if where.line else name
