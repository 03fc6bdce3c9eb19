"""debug - print log lines of level DEBUG as well."""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps


def parse(arguments: Arguments) -> None:
    """Read `debug`, which takes no words."""
    for _ in arguments:
        pass


def build(_settings: None, _scope: Scope) -> Steps:
    """Return no step, but the wish for such lines."""
    return Steps(debug=True)


DIRECTIVE = Directive("debug", parse, build)
