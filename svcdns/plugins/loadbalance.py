"""loadbalance - let the addresses of an answer take turns in being first.

Clients mostly use the first address they are given. Only the wish is stated here: the route
keeps an answer in up to eight rotations, so that turning costs nothing when it is sent.
"""

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

ROUND_ROBIN = "round_robin"


def parse(arguments: Arguments) -> str:
    """Read `loadbalance [round_robin]`; return the policy."""
    for stanza in arguments:
        word = stanza.peek()
        if word is not None and word.text == "weighted":
            stanza.skip()
            stanza.mistake(
                "'weighted' is not supported yet", f"write: loadbalance {ROUND_ROBIN}", at=word
            )
            continue
        stanza.choice(ROUND_ROBIN, default=ROUND_ROBIN)
        for option in stanza.options("prefer", "reload"):
            option.skip()
            if option.name == "prefer":
                problem = "'prefer' is not supported yet"
            else:
                problem = f"'reload' belongs to 'weighted', not to '{ROUND_ROBIN}'"
            option.mistake(problem, "take the line out: addresses take turns in being first")
    return ROUND_ROBIN


def build(_policy: str, _scope: Scope) -> Steps:
    """Return no step, but the wish for rotation."""
    return Steps(rotate=True)


DIRECTIVE = Directive("loadbalance", parse, build)
