"""health - serve /health, and go on serving for a while when the process has to stop.

Only the wish is stated here: `app` opens one listener for each address, whichever blocks name
it, and does the waiting.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import HealthListener, Steps

DEFAULT_ADDRESS = ":8080"


def parse(arguments: Arguments) -> HealthListener:
    """Read `health [ADDRESS] { lameduck DURATION }`; of several the last one counts."""
    address, lameduck = DEFAULT_ADDRESS, 0.0
    for stanza in arguments:
        address = stanza.listen_address(address)
        for option in stanza.options("lameduck"):
            lameduck = option.duration(0)
    return HealthListener(address, lameduck)


def build(listener: HealthListener, _scope: Scope) -> Steps:
    """Return the wish for a listener."""
    return Steps(declarations=(listener,))


DIRECTIVE = Directive("health", parse, build)
