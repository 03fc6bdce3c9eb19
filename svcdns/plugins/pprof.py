"""pprof - CoreDNS's profiler, which is one of Go.

Without effect: nothing listens at its address. The line is read, its mistakes are found, and
one line at start says where to look instead.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

DEFAULT_ADDRESS = "localhost:6053"


def parse(arguments: Arguments) -> str:
    """Read `pprof [ADDRESS] { block [RATE] }`; return the address."""
    stanza = arguments.once()
    address = stanza.listen_address(DEFAULT_ADDRESS)
    for option in stanza.options("block"):
        option.integer(default=1)
    return address


def build(address: str, scope: Scope) -> Steps:
    """Return no step, and say so."""
    scope.log(
        f"[WARNING] plugin/pprof: has no effect yet: nothing listens at {address}; "
        "'prometheus { runtime_metrics }' has process_* and python_* metrics"
    )
    return Steps()


DIRECTIVE = Directive("pprof", parse, build)
