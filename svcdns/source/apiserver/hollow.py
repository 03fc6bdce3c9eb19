"""Modules of a large package without the package around them.

`import one.two` runs `one/__init__` first, whatever that imports. Here the packages above are
hollow meanwhile: they know where their modules lie and have run nothing. Afterwards
`sys.modules` is as it was, so whoever imports the package itself gets all of it, and a copy of
the modules of its own.

Source: importlib, "module_from_spec"; the import system of the language reference, 5.4.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec


@contextmanager
def hollow(*packages: str) -> Iterator[None]:
    """Let modules in `packages` be imported without their `__init__`; not from two threads.

    Args:
        packages: parents before what lies in them; the first one holds all others.

    Raises:
        ModuleNotFoundError: there is no such package.
    """
    root = packages[0]
    before = _within(root)
    if before:  # somebody has it already: there is nothing to be saved
        yield
        return
    try:
        for package in packages:
            spec = find_spec(package)
            if spec is None:
                raise ModuleNotFoundError(f"No module named '{package}'", name=package)
            sys.modules[package] = module_from_spec(spec)
        yield
    finally:
        for name in _within(root):
            del sys.modules[name]


def _within(root: str) -> list[str]:
    return [name for name in sys.modules if name == root or name.startswith(f"{root}.")]
