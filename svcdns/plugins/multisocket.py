"""multisocket - several sockets for one port, so that several threads can answer.

Without effect: one event loop owns all state and takes queries in batches. The line is read,
its mistakes are found, and one line at start says what does help.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_integer
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

MOST_SOCKETS = 1024


def parse(arguments: Arguments) -> int:
    """Read `multisocket [COUNT]`; return the number, 0 when there is none."""
    stanza = arguments.once()
    word = stanza.peek()
    if word is None:
        return 0
    text = stanza.text()
    try:
        count = parse_integer(text)
    except WordError as error:
        stanza.mistake(f"invalid num sockets: {error.problem}", at=word)
        return 0
    if count < 1:
        stanza.mistake(f"num sockets can not be zero or negative: {count}", at=word)
    elif count > MOST_SOCKETS:
        stanza.mistake(f"num sockets exceeds maximum ({MOST_SOCKETS}): {count}", at=word)
    return count


def build(_count: int, scope: Scope) -> Steps:
    """Return no step, and say so."""
    scope.log(
        "[WARNING] plugin/multisocket: has no effect yet: one socket for each address is read in "
        "batches; to use more cores run more replicas, and take the line out"
    )
    return Steps()


DIRECTIVE = Directive("multisocket", parse, build)
