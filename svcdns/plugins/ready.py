"""ready - serve /ready, which says whether every directive can do its work.

Only the wish is stated here: `app` opens one listener for each address and asks the
directives, see `telemetry.status`.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import ReadyListener, Steps

DEFAULT_ADDRESS = ":8181"


def parse(arguments: Arguments) -> ReadyListener:
    """Read `ready [ADDRESS] { monitor until-ready|continuously }`."""
    stanza = arguments.once()
    address = stanza.listen_address(DEFAULT_ADDRESS)
    monitor = "until-ready"
    for option in stanza.options("monitor"):
        monitor = option.choice("until-ready", "continuously")
    return ReadyListener(address, continuously=monitor == "continuously")


def build(listener: ReadyListener, _scope: Scope) -> Steps:
    """Return the wish for a listener."""
    return Steps(declarations=(listener,))


DIRECTIVE = Directive("ready", parse, build)
