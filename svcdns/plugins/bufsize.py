"""bufsize - say how large a UDP response may be.

The limit is stated for the route, which cuts responses. It can only be lowered: no response
exceeds `wire.edns.SERVER_SIZE` octets, whatever is written here.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps
from svcdns.wire.edns import SERVER_SIZE

_LEAST, _MOST = 512, 4096


def parse(arguments: Arguments) -> int:
    """Read `bufsize [SIZE]`; only the first stanza counts."""
    first, *others = arguments
    for stanza in others:
        stanza.skip()
        stanza.warning("only the first 'bufsize' of a server block is used")
    word = first.peek()
    size = first.integer(_LEAST, _MOST, default=SERVER_SIZE, meaning="a number of octets")
    if size > SERVER_SIZE:
        problem = f"UDP responses never exceed {SERVER_SIZE} octets, so this has no effect"
        first.warning(problem, f"write: bufsize {SERVER_SIZE}", at=word)
    return size


def build(size: int, _scope: Scope) -> Steps:
    """Return no step, but the limit."""
    return Steps(udp_limit=size)


DIRECTIVE = Directive("bufsize", parse, build)
