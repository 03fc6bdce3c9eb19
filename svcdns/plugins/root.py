"""root - the folder in which relative file names of a server block begin.

Only the words are read here: whether the folder exists shows when a directive opens a file.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps


def parse(arguments: Arguments) -> str:
    """Read `root PATH`; of several the last one counts."""
    path = ""
    for stanza in arguments:
        path = stanza.text(example="/etc/svcdns")
    return path


def build(_path: str, _scope: Scope) -> Steps:
    """Return no step: the scope of the block's directives has the path."""
    return Steps()


DIRECTIVE = Directive("root", parse, build)
