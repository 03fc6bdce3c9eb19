"""shed - drop queries that cannot be answered in time.

Without effect, as there is nothing to add: a batch of datagrams is answered before the next is
read, so what comes faster than that waits in the kernel's buffer and is dropped there; all else
that a client can make the server keep has a limit (`server.limits`, `server.waiting`).
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps


def parse(arguments: Arguments) -> None:
    """Read `shed`, which takes no words and no options."""
    stanza = arguments.once()
    for option in stanza.options():
        option.mistake("shed takes no options", "take the line out")
        option.skip()


def build(_settings: None, scope: Scope) -> Steps:
    """Return no step, and say so."""
    scope.log(
        "[INFO] plugin/shed: has no effect: work is bounded without it, and what nobody can "
        "answer in time is dropped in the kernel's buffer; take the line out"
    )
    return Steps()


DIRECTIVE = Directive("shed", parse, build)
