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
    """Read `dnstap [listen] ENDPOINT [full] [BUFFER] [QUEUE] { options }`.

    Return the endpoints, with `listen` before those that collectors would connect to.
    """
    return tuple(_read(stanza) for stanza in arguments)


def _read(stanza: Words) -> str:
    endpoint = stanza.text(example="/var/run/dnstap.sock")
    listens = endpoint == "listen"
    if listens:
        endpoint = f"listen {stanza.text(example='tcp://127.0.0.1:6000')}"
    stanza.at_most(1)  # `full`; CoreDNS takes any other word for the short form
    for name, most, unit in _SIZES:
        _size(stanza, name, most, unit)
    surplus = stanza.rest()
    if surplus:
        stanza.warning(f"nothing reads '{surplus[0].text}' here", "take it out", at=surplus[0])
    for option in stanza.options("identity", "version", "extra", "skipverify", "tls"):
        if option.name == "tls":
            _certificate(option, listens=listens)
        elif option.name != "skipverify":
            option.take("TEXT")
    return endpoint


def _certificate(option: Words, *, listens: bool) -> None:
    """Read `tls CERT KEY [CA]`, which nobody opens."""
    at = option.peek()
    for example in ("cert.pem", "key.pem"):
        option.take(example)
    option.at_most(1)
    if not listens:
        option.mistake(
            "tls is for a collector that connects to us", "write: dnstap listen tls://…", at=at
        )


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
        f"[WARNING] plugin/dnstap: has no effect yet: {_told(endpoints)}; "
        "'log' writes a line for each query"
    )
    return Steps()


def _told(endpoints: tuple[str, ...]) -> str:
    sent = ", ".join(one for one in endpoints if not one.startswith("listen "))
    heard = ", ".join(one.removeprefix("listen ") for one in endpoints if one.startswith("listen "))
    parts = (
        f"nothing is sent to {sent}" if sent else "",
        f"nobody listens at {heard}" if heard else "",
    )
    return " and ".join(filter(None, parts))


DIRECTIVE = Directive("dnstap", parse, build)
