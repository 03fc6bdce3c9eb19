"""dnstap - send copies of queries and responses to a collector.

Without effect: nothing is sent. The stanza is read, its mistakes are found, and one line at
start says what writes queries down.
"""

from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.errors import WordError
from svcdns.corefile.quantities import parse_integer
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Steps

MOST_BUFFER = 1024
MOST_QUEUE = 4096
_SIZES = (
    ("MultipleTcpWriteBuf", MOST_BUFFER, "MiB units"),
    ("MultipleQueue", MOST_QUEUE, "x10k messages"),
)


def parse(arguments: Arguments) -> tuple[str, ...]:
    """Read `dnstap ENDPOINT [full] [BUFFER] [QUEUE] { options }`; return the endpoints."""
    return tuple(_read(stanza) for stanza in arguments)


def _read(stanza: Words) -> str:
    endpoint = stanza.text(example="/var/run/dnstap.sock")
    stanza.at_most(1)  # `full`; CoreDNS takes any other word for the short form
    for name, most, unit in _SIZES:
        _size(stanza, name, most, unit)
    surplus = stanza.rest()
    if surplus:
        stanza.warning(f"nothing reads '{surplus[0].text}' here", "take it out", at=surplus[0])
    for option in stanza.options("identity", "version", "extra", "skipverify"):
        if option.name != "skipverify":
            option.take("TEXT")
    return endpoint


def _size(stanza: Words, name: str, most: int, unit: str) -> None:
    word = stanza.peek()
    if word is None:
        return
    stanza.take()
    try:
        size = parse_integer(word.text)
    except WordError as error:
        stanza.mistake(f"invalid {name}: {error.problem}", at=word)
        return
    if not 1 <= size <= most:
        stanza.mistake(f"{name} must be between 1 and {most} ({unit}): {size}", at=word)


def build(endpoints: tuple[str, ...], scope: Scope) -> Steps:
    """Return no step, and say so."""
    scope.log(
        f"[WARNING] plugin/dnstap: has no effect yet: nothing is sent to {', '.join(endpoints)}; "
        "'log' writes a line for each query"
    )
    return Steps()


DIRECTIVE = Directive("dnstap", parse, build)
