"""reload - take a changed Corefile into use, whole or not at all.

Here are the words of the Corefile only; watching the file, trying the new configuration out and
swapping it in is the process's work, see docs/operations.md.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import ReloadWatch, Steps

MIN_INTERVAL = 2.0
MIN_JITTER = 1.0


def parse(arguments: Arguments) -> ReloadWatch:
    """Read `reload [INTERVAL] [JITTER]`; only the first stanza counts."""
    stanza, *others = arguments
    for other in others:
        other.skip()
        other.warning("only the first 'reload' of a server block is used")
    interval, jitter = ReloadWatch()
    if stanza.left:
        interval = stanza.duration(MIN_INTERVAL)
    word = stanza.peek()
    if word is not None:
        jitter = stanza.duration(0)
        if 0 < jitter < MIN_JITTER:
            stanza.mistake(
                "jitter value must be 0 or greater or equal to 1s",
                "for example: reload 30s 15s",
                at=word,
            )
    return ReloadWatch(interval, min(jitter, interval / 2))


def build(settings: ReloadWatch, _scope: Scope) -> Steps:
    """Return the wish to be reloaded."""
    return Steps(declarations=(settings,))


DIRECTIVE = Directive("reload", parse, build)
