"""What is wrong with one API object: the whole of it, or one part that was left out.

They are for a person: they name the field as the API spells it, and say in one sentence what
was read. Who reports them (a log line, `svcdns check`) is not decided here.
"""

from typing import NamedTuple


class Flaw(NamedTuple):
    """One part of an otherwise good object that was left out."""

    field: str
    """Path of the field, for example `spec.ports[2].port`."""
    problem: str
    """What was read and why it does not serve, without the field's name."""


class ObjectError(Exception):
    """One API object cannot be used; the others can.

    Whoever reads objects keeps what it knew of this one, names it and goes on: a single object
    that somebody mistyped must never stop a list, a watch or a file.
    """

    def __init__(self, kind: str, namespace: str, name: str, field: str, problem: str) -> None:
        super().__init__(problem)
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        what = subject(self.kind, self.namespace, self.name)
        return ": ".join(part for part in (what, self.field, self.problem) if part)


class MalformedError(ValueError):
    """These octets are not JSON: nothing in them can be named, not even whose they are."""

    def __init__(self, problem: str, octet: int | None) -> None:
        super().__init__(problem)
        self.octet = octet
        """Where reading stopped; the first is 0. None when it is not known."""


def subject(kind: str, namespace: str, name: str) -> str:
    """Return how messages call an object: `Service shop/web`, `Namespace shop`."""
    path = f"{namespace}/{name}" if namespace else name
    return f"{kind} {path}".strip() if path else kind
