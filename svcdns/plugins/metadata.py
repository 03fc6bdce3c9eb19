"""metadata - let directives put labels on a query, for those who look at it afterwards.

The labels are made by the directives that know them, `kubernetes` first of all, and only when
something asks for one, as `{/kubernetes/service}` in the format of `log` does.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps


def parse(arguments: Arguments) -> tuple[str, ...]:
    """Read `metadata [ZONES...]`."""
    return arguments.once().zones()


def build(_zones: tuple[str, ...], _scope: Scope) -> Steps:
    """Return no step, but the wish that labels are collected."""
    return Steps(labelled=True)


DIRECTIVE = Directive("metadata", parse, build)
