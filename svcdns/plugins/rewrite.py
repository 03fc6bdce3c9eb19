"""rewrite - ask for something else than the client did, and change the answer back.

Here the words of the Corefile become rules, and rules a step. What rules do to a query is in
`route.query_rules` and `route.query_options`, what they do to its answer in
`answers.rewriting`, how they find names in `answers.name_rules`.
"""

import re
from collections.abc import Callable, Mapping

from svcdns.answers.name_rules import Exact, NewName, Suffix, absolute
from svcdns.answers.rewriting import (
    Change,
    Codes,
    Owners,
    Targets,
    TTLs,
    Values,
)
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import WordError
from svcdns.corefile.lexer import Token
from svcdns.corefile.quantities import parse_unsigned
from svcdns.route.directive import Directive, Scope
from svcdns.route.name_words import (
    SIMPLE,
    next_word,
    read_finder,
    read_match,
    read_name,
    read_regex,
)
from svcdns.route.query_options import read_option_rule
from svcdns.route.query_rules import (
    AnswerRule,
    NameRule,
    NumberRule,
    Rule,
    reach_of,
    restored_suffix,
)
from svcdns.route.rewriter import Rewriter
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode, RRClass, type_number

MODES = ("stop", "continue")
FIELDS = ("name", "type", "class", "ttl", "rcode", "cname", "edns0")

_MAX_TTL = 0xFFFFFFFF
_MAX_CODE = 23
_UNBOUNDED_TTL = 0x7FFFFFFF
_CODES = {code.name: int(code) for code in RCode} | {"BADSIG": 16}
_RANGE = re.compile(r"(?P<least>[0-9]{1,10})?(?:(?P<to>-)(?P<most>[0-9]{1,10})?)?")


def parse(arguments: Arguments) -> tuple[Rule, ...]:
    """Read `rewrite [continue|stop] FIELD ...` with one rule on its line or in its block."""
    return tuple(rule for stanza in arguments if (rule := _rule(stanza)) is not None)


def _rule(stanza: Words) -> Rule | None:
    line = stanza.unfolded() if stanza.left < 2 else stanza
    mode = next_word(line)
    if mode in MODES:
        line.take()
    goes_on = mode == "continue"
    field = line.take("name")
    kind = field.text.lower()
    if kind in FIELDS:
        return _READERS[kind](line, goes_on)
    if field.text == "answer":
        line.mistake(
            "response rewrites must begin with a name rule",
            "put 'name FROM TO' in front of it",
            at=field,
        )
    elif field.text:
        near = suggest(kind, (*FIELDS, *MODES))
        hint = f"write: {near}" if near else f"known are: {', '.join(FIELDS)}"
        line.mistake(f"invalid rule type '{field.text}'", hint, at=field)
    line.skip()
    return None


def _name(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    match = read_match(line, 2)
    source, target = line.exactly(2, "NAME")
    labelled = next_word(line) == "metadata"
    if labelled:
        word = line.take()
        if match != "regex":
            line.mistake(
                "metadata is only supported for regex name rules", "write: name regex", at=word
            )
    if labelled and match == "regex":
        new: NewName = read_regex(line, source, target, labelled=True)
    else:
        new = read_finder(line, match, source, target)
    is_auto, changes = _answers(line)
    if match == "suffix" and is_auto and isinstance(new, Suffix):
        changes = (*restored_suffix(new.wanted, new.instead), *changes)
        is_auto = False
    return NameRule(goes_on, new, is_auto or match == "exact", changes, labelled)


def _answers(line: Words) -> tuple[bool, tuple[Change, ...]]:
    """Read `answer auto`, `answer name RE TO`, `answer value RE TO`, as many as there are."""
    is_auto = False
    explicit: Token | None = None
    changes: list[Change] = []
    first = line.peek()
    if first is not None and first.text != "answer":
        line.mistake(
            f"'{first.text}' stands behind the new name",
            "what is done to the answer begins with: answer",
            at=first,
        )
        line.skip()
        return False, ()
    while line.left:
        word = line.take()
        if word.text == "answer":
            word = line.take("auto")
        match word.text:
            case "auto":
                is_auto = True
            case "name" | "value":
                source, target = line.exactly(2, "NAME")
                if word.text == "name" and source.text == "auto":
                    line.warning(
                        "'auto' is read as a regular expression here",
                        "write: answer auto",
                        at=source,
                    )
                new = read_regex(line, source, target)
                changes.append(Owners(new) if word.text == "name" else Values(new))
                explicit = word if word.text == "name" else explicit
            case _:
                if word.text:
                    line.mistake(
                        f"'{word.text}' is nothing that can be done to an answer",
                        "write: answer auto, answer name RE NAME or answer value RE NAME",
                        at=word,
                    )
                line.skip()
                return is_auto, ()
    if is_auto and explicit is not None:
        line.mistake(
            "auto name answer rule cannot be combined with explicit name answer rules",
            "take out one of them",
            at=explicit,
        )
    return is_auto, tuple(changes)


def _number_of(line: Words, read: Callable[[str], int], example: str) -> int:
    """Return what `read` makes of the next word."""
    word = line.take(example)
    try:
        return read(word.text)
    except ValueError as error:
        if word.text:
            line.mistake(str(error), f"write: {example}", at=word)
        return 0


def _type(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    wanted = _number_of(line, type_number, "A")
    return NumberRule(goes_on, "rrtype", wanted, _number_of(line, type_number, "A"))


def _class_number(text: str) -> int:
    try:
        return RRClass[text.upper()].value
    except KeyError:
        raise ValueError(f"invalid class '{text}': there are IN, CH, HS, NONE and ANY") from None


def _class(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    wanted = _number_of(line, _class_number, "CH")
    return NumberRule(goes_on, "rrclass", wanted, _number_of(line, _class_number, "IN"))


def _ttl(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    match = read_match(line, 2)
    found = read_finder(line, match, line.take("NAME"))
    word = line.take("30")
    least, most = 0, _UNBOUNDED_TTL
    limits = _RANGE.fullmatch(word.text)
    if limits is not None and (limits["least"] or limits["most"]):
        least = int(limits["least"] or 0)
        most = int(limits["most"] or (_UNBOUNDED_TTL if limits["to"] else least))
    else:
        least = most + 1
    if word.text and not least <= most <= _MAX_TTL:
        line.mistake(
            f"invalid TTL '{word.text}' for a ttl rule", "write: 30, 30-300, 30- or -300", at=word
        )
    return AnswerRule(goes_on, found, TTLs(least, most))


def _code_number(text: str) -> int:
    try:
        number = parse_unsigned(text)
    except WordError:
        number = -1
    if not 0 <= number <= _MAX_CODE:
        number = _CODES.get(text.upper(), -1)
    if number < 0:
        raise ValueError(f"invalid RCODE '{text}': write NOERROR, NXDOMAIN, 3 and so on")
    return number


def _rcode(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    match = read_match(line, 3)
    found = read_finder(line, match, line.take("NAME"))
    old = _number_of(line, _code_number, "NXDOMAIN")
    return AnswerRule(goes_on, found, Codes(old, _number_of(line, _code_number, "NOERROR")))


def _cname(line: Words, goes_on: bool) -> Rule:  # noqa: FBT001  a reader
    match = read_match(line, 2)
    source, target = line.exactly(2, "NAME")
    if match == "regex":
        new: NewName = read_regex(line, source, target)
    elif match == "exact":
        new = Exact(absolute(source.text.lower()), read_name(line, target))
    else:
        wanted = source.text.lower()
        if match == "suffix" and not wanted.endswith("."):
            line.warning(
                "no target ends like that: there is a final dot", f"write: {wanted}.", at=source
            )
        new = SIMPLE[match](wanted, target.text.lower())
    return AnswerRule(goes_on, None, Targets(new))


_READERS: Mapping[str, Callable[[Words, bool], Rule | None]] = {
    "name": _name,
    "type": _type,
    "class": _class,
    "ttl": _ttl,
    "rcode": _rcode,
    "cname": _cname,
    "edns0": read_option_rule,
}


def build(rules: tuple[Rule, ...], scope: Scope) -> Steps:
    """Return the step that lets the rules act."""
    per_client = any(rule.per_client for rule in rules)
    rewriter = Rewriter(rules, scope.ask, scope.offers.labels)
    return Steps(around=rewriter.around, reach=reach_of(rules), per_client=per_client)


DIRECTIVE = Directive("rewrite", parse, build)
