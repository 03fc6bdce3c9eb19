"""How names are written in rules: what finds them, and what stands for them.

The words are those of a Corefile, read as `corefile.words` has it: mistakes are recorded, never
raised.

Source: the directive `rewrite` of CoreDNS, as observed.
"""

from collections.abc import Callable, Mapping

from svcdns.answers.name_rules import (
    Exact,
    NewName,
    Prefix,
    Regex,
    Substring,
    Suffix,
    absolute,
    name_of,
    read_template,
)
from svcdns.corefile.arguments import Words
from svcdns.corefile.directives import suggest
from svcdns.corefile.lexer import Token
from svcdns.route.patterns import Pattern, compile_pattern

MATCHES = ("exact", "prefix", "suffix", "substring", "regex")
SIMPLE: Mapping[str, Callable[[str, str], NewName]] = {
    "exact": Exact,
    "prefix": Prefix,
    "suffix": Suffix,
    "substring": Substring,
}
"""What finds names without a regular expression; made of what is looked for and its stand-in."""


def next_word(line: Words) -> str:
    """Return the next word in lower case, without taking it."""
    word = line.peek()
    return word.text.lower() if word is not None else ""


def read_match(line: Words, others: int) -> str:
    """Return how a rule finds names: `exact` unless there are more words than it needs."""
    if line.left > others:
        word = line.take()
        if word.text.lower() in MATCHES:
            return word.text.lower()
        near = suggest(word.text, MATCHES)
        line.mistake(
            f"'{word.text}' is no way to find names: there are {', '.join(MATCHES)}",
            f"write: {near}" if near else f"write: exact {word.text}",
            at=word,
        )
        line.skip()
    elif next_word(line) in MATCHES:
        line.warning(
            f"'{next_word(line)}' is read as a name, for want of a word",
            "write all words",
            at=line.peek(),
        )
    return "exact"


def read_finder(line: Words, match: str, source: Token, target: Token | None = None) -> NewName:
    """Return what finds names, and makes others of them if there is a `target`."""
    if match == "regex":
        return read_regex(line, source, target)
    wanted = absolute(source.text.lower())
    instead = (
        "" if target is None else read_name(line, target, is_end=match in ("suffix", "substring"))
    )
    if match in ("prefix", "substring") and wanted != source.text.lower():
        line.warning(
            f"'{match} {source.text}' stands for '{wanted}', whole labels at the end of it",
            f"for a part of a label write: regex {'^' if match == 'prefix' else ''}...",
            at=source,
        )
    return SIMPLE[match](wanted, instead)


def read_regex(
    line: Words, source: Token, target: Token | None = None, *, labelled: bool = False
) -> Regex:
    """Return an expression, and what it makes of names.

    Args:
        line: where mistakes are recorded.
        source: the expression.
        target: a name with groups in it; None: only to find.
        labelled: metadata may be in it.
    """
    pattern = _pattern(line, source)
    text = "" if target is None else absolute(target.text)
    try:
        template = read_template(text, pattern.group_count, labelled=labelled)
    except ValueError as error:
        line.mistake(f"{error}", "groups are written ( ) and {1}", at=target)
        template = read_template("", 0)
    return Regex(pattern.groups, template)


def _pattern(line: Words, source: Token) -> Pattern:
    try:
        return compile_pattern(source.text)
    except ValueError as error:
        line.mistake(str(error), "mend it, or write: exact", at=source)
        return compile_pattern("")


def read_name(line: Words, target: Token, *, is_end: bool = False) -> str:
    """Return a name in lower case with the final dot.

    Args:
        line: where mistakes are recorded.
        target: the name.
        is_end: something stands in front of it, so it may begin with a dot.
    """
    text = absolute(target.text.lower())
    try:
        name_of(f"a{text}" if is_end and text.startswith(".") else text)
    except ValueError:
        if target.text:
            hint = "labels have 1 to 63 characters of ASCII, with one dot between two of them"
            line.mistake(f"'{target.text}' makes no valid name", hint, at=target)
    return text
