"""cancel - how long a query may take that has to wait for somebody else.

Names of the cluster are answered from memory and never wait. The limit is read, so that the
Corefile loads and mistakes in it show; it is for directives that ask others.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

DEFAULT_SECONDS = 5.001
"""Just above the five seconds after which most resolvers ask again."""
_LEAST_SECONDS = 0.001


def parse(arguments: Arguments) -> float:
    """Read `cancel [TIMEOUT]`; return seconds."""
    seconds = DEFAULT_SECONDS
    for stanza in arguments:
        seconds = stanza.duration(_LEAST_SECONDS, default=DEFAULT_SECONDS)
    return seconds


def build(_seconds: float, _scope: Scope) -> Steps:
    """Return no step: no directive waits for anybody yet."""
    return Steps()


DIRECTIVE = Directive("cancel", parse, build)
