"""nsid - tell clients that ask for it which server answered.

Source: RFC 5001.
"""

import socket

from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps
from svcdns.wire.edns import OptionCode, option
from svcdns.wire.question import Query

_MOST = 255
"""Octets of a name for a server; a longer one could push records out of responses."""


def parse(arguments: Arguments) -> str:
    """Read `nsid [DATA]`; empty stands for the name of this host."""
    stanza = arguments.once()
    words = stanza.rest()
    text = " ".join(word.text for word in words)
    if len(text.encode(errors="replace")) > _MOST:
        stanza.mistake(f"longer than {_MOST} octets", "shorten it", at=words[0])
    return text


def build(data: str, _scope: Scope) -> Steps:
    """Return no step, but the option for those who ask for it."""
    identity = option(OptionCode.NSID, (data or socket.gethostname()).encode(errors="replace"))

    def for_query(query: Query) -> bytes:
        return identity if query.edns is not None and query.edns.nsid else b""

    return Steps(option=for_query)


DIRECTIVE = Directive("nsid", parse, build)
