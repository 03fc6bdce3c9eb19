"""template - answer names by pattern, with records made from the name.

All stanzas of a server block are tried in the order of the Corefile. What one of them answers
is `parts.template_rule`'s business, how they are tried `parts.template_step`'s.
"""

from dataclasses import replace

from svcdns.answers.go_error import TemplateSyntaxError
from svcdns.answers.go_template import Template, compile_template
from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.lexer import Token
from svcdns.plugins.parts.template_rule import WHOLE, Rule
from svcdns.plugins.parts.template_step import Templates
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.patterns import Pattern, compile_pattern
from svcdns.route.stages import Steps
from svcdns.wire.codes import HARDLY_USED, RCode, RRClass, RRType
from svcdns.wire.name import ROOT, OwnerName, from_text, lower
from svcdns.wire.zone_text import record_of

_CLASSES = {member.name: member.value for member in RRClass}
_TYPES = {member.name: member.value for member in RRType} | HARDLY_USED
_RCODES = {member.name: member.value for member in RCode} | {"NOTIMPL": RCode.NOTIMP.value}
_SECTIONS = ("answer", "additional", "authority")
_OPTIONS = (*("match", *_SECTIONS, "rcode", "ederror"), *("fallthrough", "upstream"))
_EXPRESSIONS = ("var", "expr")
_MAX_CODE = 0xFFFF


def parse(arguments: Arguments) -> tuple[Rule, ...]:
    """Read every `template CLASS TYPE [ZONES...] { options }` of a server block."""
    return tuple(_rule(stanza) for stanza in arguments)


def _rule(stanza: Words) -> Rule:
    rule = Rule(
        place=str(stanza.token.location),
        rrclass=_number(stanza, _CLASSES, "invalid query class", "IN"),
        rrtype=_number(stanza, _TYPES, "invalid RR class", "A"),
        zones=_names(stanza.zones()),
    )
    for option in stanza.options(*_OPTIONS, *_EXPRESSIONS):
        match option.name:
            case "match":
                rule = replace(rule, patterns=(*rule.patterns, *_patterns(option)))
            case "answer":
                rule = replace(rule, answer=(*rule.answer, *_templates(option)))
            case "additional":
                rule = replace(rule, additional=(*rule.additional, *_templates(option)))
            case "authority":
                rule = replace(rule, authority=(*rule.authority, *_templates(option)))
            case "rcode":
                rule = replace(rule, rcode=_number(option, _RCODES, "unknown rcode", "NXDOMAIN"))
            case "ederror":
                meaning = "a code of an extended DNS error"
                code = option.integer(0, _MAX_CODE, meaning=meaning, signed=False)
                rule = replace(rule, error=(code, option.text(default="")))
            case "fallthrough":
                rule = replace(rule, fallthrough=_names(option.zones(default=(".",))))
            case "upstream":
                option.rest()
                option.warning("upstream has no effect any more", "take the line out")
            case _:
                option.rest()
                option.mistake(
                    f"'{option.name}' is not supported yet: there is no expression language",
                    "a pattern with named groups, and if and eq in the answer, may do",
                )
    _warn_of_groups(stanza, rule)
    return rule


def _number(words: Words, numbers: dict[str, int], problem: str, example: str) -> int:
    word = words.peek()
    text = words.text(example=example)
    if word is None or text in numbers:
        return numbers.get(text, 0)
    near = suggest(text.upper(), numbers)
    words.mistake(f"{problem} {text}", f"write: {near}" if near else "", at=word)
    return 0


def _names(zones: tuple[str, ...]) -> tuple[OwnerName, ...]:
    return tuple(lower(from_text(zone)) for zone in zones)


def _patterns(option: Words) -> list[Pattern]:
    found: list[Pattern] = []
    for word in option.at_least(1, "REGEX"):
        try:
            found.append(compile_pattern(word.text))
        except ValueError as error:
            option.mistake(f"could not parse regex: {error}", at=word)
    return found


def _templates(option: Words) -> list[Template]:
    """Return the templates of a line, each of them for one record."""
    is_empty = not option.left
    words = option.at_least(1, '"{{ .Name }} 60 IN A 192.0.2.1"')
    if is_empty:
        return []
    whole = " ".join(word.text for word in words)
    found: list[Template] = []
    for word in words:
        try:
            template = compile_template(word.text, WHOLE)
        except TemplateSyntaxError as error:
            hint = error.hint
            if len(words) > 1:
                hint = r"the whole record stands in quotes; a quote within is written \""
            at = _within(word, error.position, error.width)
            option.mistake(f"could not compile template: {error.problem}", hint, at=at)
            break
        if template.is_constant and (problem := _no_record(word.text)):
            hint = f'write: {option.name} "{whole}"' if len(words) > 1 else ""
            option.mistake(f"'{word.text}' is not a record: {problem}", hint, at=word)
            break
        found.append(template)
    return found


def _no_record(text: str) -> str:
    try:
        record_of(text)
    except ValueError as error:
        return str(error)
    return ""


def _within(word: Token, position: int, width: int) -> Token:
    """Return the place within a word, if the word is written as it reads."""
    if word.written == word.text:
        first = word.column
    elif word.written == f'"{word.text}"':
        first = word.column + 1
    else:
        return word
    return word._replace(column=first + position, width=width)


def _warn_of_groups(stanza: Words, rule: Rule) -> None:
    """Warn of groups that no pattern has: they have no value."""
    names = {name for pattern in rule.patterns for name in pattern.group_names}
    paths = (path for _, one in rule.templates for path in one.paths)
    used = {path[1] for path in paths if path[0] == "Group" and len(path) > 1}
    for name in sorted(used - names):
        known = ", ".join(sorted(names))
        stanza.warning(
            f"no pattern has a group '{name}'",
            f"the groups are: {known}" if known else f"write: match (?P<{name}>...)",
        )


def build(rules: tuple[Rule, ...], scope: Scope) -> Steps:
    """Return the step that tries the stanzas one after the other."""
    templates = Templates(rules, scope)
    return Steps(answer=templates.answer, reach=_reach_of(rules), tick=templates.tick)


def _reach_of(rules: tuple[Rule, ...]) -> Reach:
    """Return which questions stanzas may be for, whether or not a pattern of theirs matches."""
    zones: list[OwnerName] = []
    rrtypes: list[int] = []
    for rule in rules:
        if rule.rrclass not in (RRClass.IN, RRClass.ANY):
            continue
        if ROOT in rule.zones and rule.rrtype != RRType.ANY:
            rrtypes += [rule.rrtype, RRType.ANY]
        else:
            zones += rule.zones
    return Reach(tuple(zones), tuple(rrtypes))


DIRECTIVE = Directive("template", parse, build)
