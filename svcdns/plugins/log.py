"""log - one line for each exchange, in the format of CoreDNS.

The step runs after the responses of a batch have left. A rule is a name scope, a format and
the classes it wants; only the first rule whose scope has the name counts, even when its class
does not match. Formats are taken apart once, when the directive is built.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.corefile.addresses import expand_zone
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.lexer import Token
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Observed, Steps
from svcdns.telemetry.duration import seconds_text
from svcdns.wire.codes import (
    AA,
    AD,
    CD,
    QR,
    RA,
    RD,
    TC,
    RCode,
    RRType,
    Z,
    class_text,
    rcode_text,
    type_text,
)
from svcdns.wire.contents import contents_of
from svcdns.wire.name import ROOT, OwnerName, from_text, is_within, lower, to_text

DEFAULT_FORM = (
    '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" '
    "{rcode} {>rflags} {rsize} {duration}"
)
COMBINED_FORM = DEFAULT_FORM + ' "{>opcode}"'
EMPTY = "-"
"""What stands for a value that is not there."""

ALL, ERROR = "all", "error"
CLASSES = (ALL, "success", "denial", ERROR)


class Rule(NamedTuple):
    """What to log of the names at and below one name."""

    scope: OwnerName = ROOT
    """In lower case."""
    form: str = DEFAULT_FORM
    classes: frozenset[str] = frozenset({ALL})


def parse(arguments: Arguments) -> tuple[Rule, ...]:
    """Read `log [NAMES...] [FORMAT] { class CLASSES... }`; several stanzas add up."""
    rules: list[Rule] = []
    for stanza in arguments:
        scopes, form = _scopes_and_form(stanza)
        classes: set[str] = set()
        for option in stanza.options("class"):
            classes.add(option.choice(*CLASSES))
            while option.left:
                classes.add(option.choice(*CLASSES))
        rules += [Rule(scope, form, frozenset(classes or {ALL})) for scope in scopes]
    return tuple(rules)


def _scopes_and_form(stanza: Words) -> tuple[list[OwnerName], str]:
    """Return the names of a rule and its format.

    The last of several words is a format if it has a brace in it; a single word is a name.
    """
    words = stanza.rest()
    form = DEFAULT_FORM
    if len(words) > 1 and "{" in words[-1].text:
        form = words[-1].text.replace("{common}", DEFAULT_FORM).replace("{combined}", COMBINED_FORM)
        _warn_of_unknown(form, stanza, words[-1])
        words = words[:-1]
    elif words and "{" in words[-1].text:
        stanza.warning(
            "a single word is a name, so nothing will be logged", f"write: log . {words[0].text}"
        )
    scopes: list[OwnerName] = []
    for word in words:
        try:
            scopes += [lower(from_text(zone)) for zone in expand_zone(word.text)]
        except WordError as error:
            stanza.mistake(error.problem, error.hint, at=word)
    return scopes if words else [ROOT], form


def _warn_of_unknown(form: str, stanza: Words, at: Token) -> None:
    for match in _LIKE_PLACEHOLDER.finditer(form):
        if match[1] not in _VALUES:
            near = suggest(match[1], _VALUES)
            hint = f"write: {{{near}}}" if near else ""
            stanza.warning(f"'{match[0]}' is printed as it is: no such placeholder", hint, at=at)


def build(rules: tuple[Rule, ...], scope: Scope) -> Steps:
    """Return the step that writes the lines."""
    compiled = [(rule, compile_form(rule.form)) for rule in rules]
    write = scope.log

    def observe(observed: Observed) -> None:
        owner = observed.query.question.owner
        for rule, render in compiled:
            if is_within(owner, rule.scope):
                if ALL in rule.classes or class_of(observed) in rule.classes:
                    write(f"[INFO] {render(observed)}")
                return

    if all(rule.classes == {ERROR} for rule in rules):
        return Steps(observe_error=observe)
    return Steps(observe=observe)


def class_of(observed: Observed) -> str:
    """Return the class of a response: `success`, `denial` or `error`.

    NODATA is a denial because of its SOA; without one an empty answer is a success.
    """
    if observed.query.question.rrtype in (RRType.AXFR, RRType.IXFR):
        return "error"
    outcome = observed.answer
    has_answer = outcome is not None and _has_answer(outcome)
    if observed.rcode == RCode.NOERROR:
        is_denied = outcome is not None and not has_answer and _has_soa(outcome)
        return "denial" if is_denied else "success"
    return "denial" if observed.rcode == RCode.NXDOMAIN and not has_answer else "error"


def _has_answer(outcome: Outcome) -> bool:
    if isinstance(outcome, ForeignAnswer):
        return outcome.body.counts[0] > 0
    return bool(outcome.answer)


def _has_soa(outcome: Outcome) -> bool:
    if isinstance(outcome, ForeignAnswer):
        # No name is read: not all that an upstream says can be.
        return contents_of(outcome.owner, RRType.SOA, outcome.body).has_soa
    return outcome.authority is not None or any(
        rrset.rrtype == RRType.SOA for rrset in outcome.authority_records
    )


_FLAGS = (
    *((QR, "qr"), (AA, "aa"), (TC, "tc"), (RD, "rd"), (RA, "ra")),
    *((Z, "z"), (AD, "ad"), (CD, "cd")),
)


def _flags(observed: Observed) -> str:
    flags = observed.flags
    return ",".join([word for bit, word in _FLAGS if flags & bit]) or EMPTY


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _buffer_size(observed: Observed) -> str:
    """Return how large a response may be: what the client says, at least 512, on a stream all."""
    if observed.client.stream:
        return "65535"
    edns = observed.query.edns
    return str(max(512, edns.size)) if edns is not None else "512"


def _dnssec_ok(observed: Observed) -> str:
    edns = observed.query.edns
    return "true" if edns is not None and edns.dnssec_ok else "false"


_VALUES: dict[str, Callable[[Observed], str]] = {
    "type": lambda observed: type_text(observed.query.question.rrtype),
    "class": lambda observed: class_text(observed.query.question.rrclass),
    "name": lambda observed: to_text(observed.query.question.owner),
    "proto": lambda observed: "tcp" if observed.client.stream else "udp",
    "size": lambda observed: str(observed.query.size),
    "remote": lambda observed: _bracketed(observed.client.address),
    "port": lambda observed: str(observed.client.port),
    "local": lambda observed: _bracketed(observed.client.local_address),
    ">id": lambda observed: str(observed.query.id),
    ">opcode": lambda observed: str(observed.query.opcode),
    ">do": _dnssec_ok,
    ">bufsize": _buffer_size,
    "rcode": lambda observed: rcode_text(observed.rcode),
    "rsize": lambda observed: str(observed.response_size),
    "duration": lambda observed: seconds_text(observed.seconds),
    ">rflags": _flags,
}
"""By placeholder. `{common}` and `{combined}` have been unfolded, `{/label}` is metadata."""

_LIKE_PLACEHOLDER = re.compile(r"\{(>?[A-Za-z_]+)\}")
_PLACEHOLDER = re.compile(rf"\{{(?:({'|'.join(map(re.escape, _VALUES))})|/([^{{}}]*))\}}")


def compile_form(form: str) -> Callable[[Observed], str]:
    """Return the function that fills the placeholders of `form`; unknown ones stay as they are."""
    pieces: list[str | Callable[[Observed], str]] = []
    labels: list[tuple[int, str]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(form):
        pieces.append(form[end : match.start()])
        end = match.end()
        if match[1] is not None:
            pieces.append(_VALUES[match[1]])
        else:
            labels.append((len(pieces), match[2]))
            pieces.append(EMPTY)
    pieces.append(form[end:])

    def render(observed: Observed) -> str:
        texts = [piece if isinstance(piece, str) else piece(observed) for piece in pieces]
        if labels:
            values = observed.metadata()
            for index, label in labels:
                texts[index] = _one_value(values, label)
        return "".join(texts)

    return render


def _one_value(values: Mapping[str, str], label: str) -> str:
    """Return the metadata of one label; quotes in it are escaped, as formats have some around."""
    value = values.get(label, EMPTY)
    return value.replace("\\", "\\\\").replace('"', '\\"') if '"' in value else value


DIRECTIVE = Directive("log", parse, build)
