"""What is wrong with a file or an object in it, as a value that a person can act on."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One finding; equal in the next snapshot as long as nobody mends it."""

    file: str
    problem: str
    """What was read and what it should be, without the field's name."""
    subject: str = ""
    """`Service shop/web`; empty when it is about the file or nobody can tell."""
    field: str = ""
    """Path of the field in the object, for example `spec.ports[2].port`."""
    document: int = 0
    """In a file of several; the first is 1, 0 is the file as a whole."""
    line: int = 0
    """The first is 1; 0 when it is not known, as in JSON."""
    is_warning: bool = False
    """Nothing was lost by it."""

    def __str__(self) -> str:
        file = "stdin" if self.file == "-" else self.file
        place = f"{file}:{self.line}" if self.line else file
        document = f" (document {self.document})" if self.document > 1 else ""
        parts = (place, self.subject, self.field, self.problem)
        return ": ".join(part for part in parts if part) + document
