"""Go templates as Corefiles use them: text with actions, compiled once, rendered per query.

Here are the control words and the whole; pipelines are in `answers.go_pipeline`. What is
outside of this subset (`define`, `template`, `block`) is refused, and so is what Go only finds
when a query comes: fields that nothing has, words too few or too many.

Loops and texts have an end: a template cannot hold up the server.

Source: the documentation of Go's package text/template.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from svcdns.answers.go_error import TemplateError, TemplateSyntaxError
from svcdns.answers.go_functions import is_true
from svcdns.answers.go_pipeline import pipeline, refuse_whole
from svcdns.answers.go_printf import LONGEST
from svcdns.answers.go_reader import Reader, unexpected
from svcdns.answers.go_tokens import Word
from svcdns.answers.go_values import (
    Expression,
    Fields,
    Frame,
    Kind,
    ListOf,
    MapOf,
    Method,
    Shape,
    Struct,
    element_of,
    elements_of,
    printed,
)

__all__ = ["Fields", "Kind", "ListOf", "MapOf", "Method", "Struct", "Template", "compile_template"]


class _Leave(Enum):
    """How a step ends the steps around it."""

    ROUND = auto()
    LOOP = auto()


_Step = Callable[[Frame], _Leave | None]
_NOT_HERE = ("define", "template", "block")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that can be rendered."""

    text: str
    """As it was written."""
    paths: frozenset[tuple[str, ...]]
    """The fields it uses, each from the whole down: `("Group", "a")`."""
    is_constant: bool
    """It has no actions: every rendering is alike."""
    _step: _Step
    _slots: int

    def render(self, root: Struct) -> str:
        """Return the text for these values.

        Raises:
            TemplateError: it fails for them; the text is a sentence.
        """
        frame = Frame(root, [root] + [None] * (self._slots - 1))
        self._step(frame)
        text = "".join(frame.out)
        if len(text) > LONGEST:
            raise TemplateError(f"a text of {len(text):,} characters is longer than any record")
        return text


def compile_template(text: str, root: Fields) -> Template:
    """Return the template that `text` is.

    Args:
        text: with actions between `{{` and `}}`.
        root: what `.` and `$` are at its beginning.

    Raises:
        TemplateSyntaxError: what is wrong with it, where, and what would be right.
    """
    reader = Reader(text, root, root)
    step, end = _body(reader, in_loop=False)
    if end is not None:
        raise TemplateSyntaxError(
            end.position,
            f"unexpected {{{{{end.text}}}}}",
            "there is no if, with or range that it could end",
            len(end.text),
        )
    is_constant = all(word.kind == "text" for word in reader.words)
    return Template(text, frozenset(reader.paths), is_constant, step, reader.slots)


def _body(reader: Reader, *, in_loop: bool) -> tuple[_Step, Word | None]:
    """Return what comes up to `end` or `else` as one step, and which of them, already taken."""
    steps: list[_Step] = []
    declared = len(reader.variables)
    end: Word | None = None
    while reader.at < len(reader.words):
        word = reader.peek()
        if word.kind == "text":
            steps.append(_write(reader.take().text))
        elif word.kind == "name" and word.text in ("end", "else"):
            end = reader.take()
            break
        else:
            steps.append(_action(reader, word, in_loop=in_loop))
    del reader.variables[declared:]
    return _in_order(steps), end


def _action(reader: Reader, word: Word, *, in_loop: bool) -> _Step:
    if word.kind != "name":
        return _value(reader)
    if word.text in ("if", "with"):
        return _choice(reader, reader.take(), in_loop=in_loop)
    if word.text == "range":
        return _range(reader, reader.take(), in_loop=in_loop)
    if word.text in ("break", "continue"):
        return _leave(reader, reader.take(), in_loop=in_loop)
    if word.text in _NOT_HERE:
        raise TemplateSyntaxError(
            word.position,
            f"'{word.text}' is not supported",
            "a record has one line: write it out",
            len(word.text),
        )
    return _value(reader)


def _value(reader: Reader) -> _Step:
    """Return what `{{ PIPELINE }}` does: print it, or put it into a variable."""
    name, sign = reader.peek(), reader.peek(1)
    if name.kind == "variable" and sign.kind == "sign" and sign.text in ("=", ":="):
        return _set(reader, *_declared(reader))
    if name.kind == "variable" and reader.is_sign(",", 1):
        raise TemplateSyntaxError(name.position, "two variables are for range only")
    value = pipeline(reader, "command")
    refuse_whole(value, name)
    reader.close("the value")
    evaluate = value.evaluate

    def step(frame: Frame) -> None:
        frame.out.append(printed(evaluate(frame)))

    return step


def _declared(reader: Reader) -> tuple[int, Expression]:
    """Return the slot and the value of `$x := VALUE` or `$x = VALUE`."""
    name, sign = reader.take(), reader.take()
    if sign.text == "=":
        slot, _ = reader.variable(name)
        value = pipeline(reader, "=")
        refuse_whole(value, name)
        # From here on it may be either, so nothing is said of its fields any more.
        reader.variables.append((name.text, slot, Kind.ANY))
        return slot, value
    value = pipeline(reader, ":=")
    return reader.declare(name.text, value.shape), value


def _set(reader: Reader, slot: int, value: Expression) -> _Step:
    reader.close("the value")
    evaluate = value.evaluate

    def step(frame: Frame) -> None:
        frame.slots[slot] = evaluate(frame)

    return step


def _choice(reader: Reader, word: Word, *, in_loop: bool) -> _Step:
    """Return what `if` or `with` does, from behind that word to behind its `end`."""
    declared, outside = len(reader.variables), reader.dot
    slot, value = None, None
    if reader.peek().kind == "variable" and (reader.is_sign(":=", 1) or reader.is_sign("=", 1)):
        slot, value = _declared(reader)
    else:
        value = pipeline(reader, word.text)
    reader.close(word.text)
    is_with = word.text == "with"
    reader.dot = value.shape if is_with else outside
    body, end = _nested(reader, word, in_loop=in_loop)
    reader.dot = outside
    otherwise = _otherwise(reader, word, end, in_loop=in_loop)
    del reader.variables[declared:]
    evaluate = value.evaluate

    def step(frame: Frame) -> _Leave | None:
        found = evaluate(frame)
        if slot is not None:
            frame.slots[slot] = found
        if not is_true(found):
            return otherwise(frame)
        before = frame.dot
        if is_with:
            frame.dot = found
        leave = body(frame)
        frame.dot = before
        return leave

    return step


def _otherwise(reader: Reader, word: Word, end: Word, *, in_loop: bool) -> _Step:
    """Return what comes behind `else`, up to behind the `end`."""
    if end.text == "end":
        reader.close("end")
        return _in_order([])
    following = reader.peek()
    if word.text != "range" and following.kind == "name" and following.text == word.text:
        reader.take()
        with reader.deeper(following):
            return _choice(reader, following, in_loop=in_loop)
    reader.close("else")
    step, last = _nested(reader, word, in_loop=in_loop)
    if last.text != "end":
        raise TemplateSyntaxError(last.position, "a second else", "write {{ end }} instead", 4)
    reader.close("end")
    return step


def _nested(reader: Reader, word: Word, *, in_loop: bool) -> tuple[_Step, Word]:
    with reader.deeper(word):
        step, end = _body(reader, in_loop=in_loop)
    if end is None:
        raise TemplateSyntaxError(
            word.position, f"'{word.text}' has no end", "write {{ end }} behind it", len(word.text)
        )
    return step, end


def _range(reader: Reader, word: Word, *, in_loop: bool) -> _Step:
    """Return what `range` does, from behind that word to behind its `end`."""
    declared, outside = len(reader.variables), reader.dot
    names = _range_names(reader)
    value = pipeline(reader, "range")
    reader.close("range")
    reader.dot = element_of(value.shape)
    shapes: tuple[Shape, ...] = (Kind.ANY, reader.dot) if len(names) == 2 else (reader.dot,)
    slots = [reader.declare(name, shape) for name, shape in zip(names, shapes, strict=False)]
    body, end = _nested(reader, word, in_loop=True)
    reader.dot = outside
    otherwise = _otherwise(reader, word, end, in_loop=in_loop)
    del reader.variables[declared:]
    evaluate = value.evaluate

    def step(frame: Frame) -> _Leave | None:
        before, is_empty, leave = frame.dot, True, None
        for pair in elements_of(evaluate(frame)):
            is_empty = False
            frame.begin_round()
            frame.dot = pair[1]
            for slot, one in zip(slots, pair[-len(slots) :], strict=False):
                frame.slots[slot] = one
            leave = body(frame)
            if leave is _Leave.LOOP:
                break
        frame.dot = before
        return otherwise(frame) if is_empty else None

    return step


def _range_names(reader: Reader) -> list[str]:
    """Return the variables that `range` sets: none, `$value :=` or `$key, $value :=`."""
    names: list[str] = []
    if reader.peek().kind != "variable":
        return names
    if reader.is_sign(":=", 1):
        names = [reader.take().text]
    elif reader.is_sign(",", 1):
        first, _, second = reader.take(), reader.take(), reader.take()
        if second.kind != "variable" or not reader.is_sign(":="):
            raise unexpected(reader.peek(-1), first.text)
        names = [first.text, second.text]
    elif reader.is_sign("=", 1):
        raise TemplateSyntaxError(
            reader.peek(1).position, "range declares its variables", "write :="
        )
    else:
        return names
    reader.take()
    return names


def _leave(reader: Reader, word: Word, *, in_loop: bool) -> _Step:
    reader.close(word.text)
    if not in_loop:
        raise TemplateSyntaxError(
            word.position, f"{{{{{word.text}}}}} outside {{{{range}}}}", width=len(word.text)
        )
    how = _Leave.LOOP if word.text == "break" else _Leave.ROUND
    return lambda _: how


def _write(text: str) -> _Step:
    return lambda frame: frame.out.append(text)


def _in_order(steps: list[_Step]) -> _Step:
    def step(frame: Frame) -> _Leave | None:
        for one in steps:
            leave = one(frame)
            if leave is not None:
                return leave
        return None

    return step
