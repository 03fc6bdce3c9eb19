"""prometheus - count the exchanges of this server block, and serve /metrics.

Counting is the route's business, see `route.traffic`; the page is `telemetry.exposition`'s.
All addresses serve the same page.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import MetricsListener, Steps

DEFAULT_ADDRESS = "localhost:9153"


def parse(arguments: Arguments) -> MetricsListener:
    """Read `prometheus [ADDRESS] { runtime_metrics }`."""
    stanza = arguments.once()
    address = stanza.listen_address(DEFAULT_ADDRESS)
    runtime_metrics = False
    for option in stanza.options("runtime_metrics", "tls"):
        if option.name == "runtime_metrics":
            runtime_metrics = True
        else:
            option.skip()
            option.mistake(
                "'tls' is not supported yet",
                "take the line out, and let a proxy in front of the listener do TLS",
            )
    return MetricsListener(address, runtime_metrics)


def build(listener: MetricsListener, _scope: Scope) -> Steps:
    """Return the wish to be counted and for a listener."""
    return Steps(measured=True, declarations=(listener,))


DIRECTIVE = Directive("prometheus", parse, build)
