"""The pipelines of a Go template: words with a value, compiled to functions.

`.Group.a`, `printf "%03d" (parseInt .Group.a 16 8)`, `.Name | len`: what is between the control
words of `answers.go_template`.

Source: the documentation of Go's package text/template.
"""

from svcdns.answers.go_error import TemplateError, TemplateSyntaxError
from svcdns.answers.go_functions import FUNCTIONS, NOT_HERE, Function, is_true
from svcdns.answers.go_reader import Reader, unexpected
from svcdns.answers.go_tokens import Word
from svcdns.answers.go_values import (
    Evaluate,
    Expression,
    Fields,
    Frame,
    Kind,
    Method,
    Shape,
    element_of,
    field_of,
    shape_of_field,
)

_CONSTANTS = {"true": True, "false": False, "nil": None}
_RESULTS: dict[str, Shape] = {
    **dict.fromkeys(("print", "printf", "println"), Kind.TEXT),
    **dict.fromkeys(("parseInt", "len"), Kind.NUMBER),
    **dict.fromkeys(("not", "eq", "ne", "lt", "le", "gt", "ge"), Kind.TRUTH),
}
_JOINED = ("and", "or")


def pipeline(reader: Reader, behind: str) -> Expression:
    """Return the commands up to the end of the action or parenthesis, joined by `|`.

    Args:
        reader: at the first word.
        behind: the word in front, for messages.

    Raises:
        TemplateSyntaxError: it is none.
    """
    value = _command(reader, behind, None)
    while reader.is_sign("|"):
        reader.take()
        value = _command(reader, "|", value)
    return value


def _ends(reader: Reader) -> bool:
    return reader.peek().kind == "close" or reader.is_sign("|") or reader.is_sign(")")


def _command(reader: Reader, behind: str, last: Expression | None) -> Expression:
    """Return one command; `last` is what comes through the pipe."""
    first = reader.peek()
    if first.kind == "name" and first.text not in _CONSTANTS:
        reader.take()
        _check_gap(reader, first)
        return _call(first, _operands(reader, last))
    if _ends(reader):
        raise unexpected(first._replace(kind="close"), behind or "a command")
    operand = _operand(reader)
    words = _operands(reader, last)
    if isinstance(operand.shape, Method):
        return _called(operand, first, words)
    if words:
        thing = "a constant" if operand.is_constant else f"'{first.text}'"
        raise TemplateSyntaxError(
            first.position,
            f"{thing} is no function: nothing can follow it or be handed to it",
            "write two values as two actions, or with print",
            len(first.text),
        )
    if first.text == "nil":
        raise TemplateSyntaxError(first.position, "nil is not a command", width=3)
    return operand


def _operands(reader: Reader, last: Expression | None) -> list[Expression]:
    found: list[Expression] = []
    while not _ends(reader):
        word = reader.peek()
        if word.kind == "name" and word.text not in _CONSTANTS:
            reader.take()
            _check_gap(reader, word)
            found.append(_call(word, []))
            continue
        operand = _operand(reader)
        if isinstance(operand.shape, Method):
            operand = _called(operand, word, [])
        found.append(operand)
    return [*found, last] if last is not None else found


def _operand(reader: Reader) -> Expression:
    """Return a value and the fields behind it."""
    word = reader.take()
    match word.kind:
        case "string" | "character" | "number":
            kind = Kind.TEXT if word.kind == "string" else Kind.NUMBER
            value = _constant(word.value, kind)
        case "name" if word.text in _CONSTANTS:
            value = _constant(_CONSTANTS[word.text], Kind.ANY if word.text == "nil" else Kind.TRUTH)
        case "field":
            value = _field(reader, _dot(reader), word)
        case "variable":
            slot, shape = reader.variable(word)
            path = () if slot == 0 else None
            value = Expression(lambda frame: frame.slots[slot], shape, path)
        case "sign" if word.text == ".":
            value = _dot(reader)
        case "sign" if word.text == "(":
            with reader.deeper(word):
                inner = pipeline(reader, "(")
            if not reader.is_sign(")"):
                raise TemplateSyntaxError(word.position, "unclosed left paren", "write ) behind it")
            reader.take()
            value = Expression(inner.evaluate, inner.shape, inner.path)
        case _:
            raise unexpected(word, "")
    while reader.peek().kind == "field" and reader.peek().glued:
        if value.is_constant:
            raise unexpected(reader.peek(), word.text)
        value = _field(reader, value, reader.take())
    _check_gap(reader, word)
    return value


def _check_gap(reader: Reader, before: Word) -> None:
    """Complain about a word without a blank in front of it."""
    word = reader.peek()
    if word.glued and not _ends(reader) and word.kind != "text":
        raise unexpected(word, before.text)


def _constant(value: object, shape: Shape) -> Expression:
    return Expression(lambda _: value, shape, is_constant=True)


def _dot(reader: Reader) -> Expression:
    path = () if reader.dot is reader.root else None
    return Expression(lambda frame: frame.dot, reader.dot, path)


def _field(reader: Reader, of: Expression, word: Word) -> Expression:
    name, evaluate = word.text, of.evaluate
    shape = shape_of_field(of.shape, name)
    if shape is None:
        hint = "what stands in front has no fields"
        if isinstance(of.shape, Fields):
            hint = f"known are: {', '.join(f'.{known}' for known in of.shape.shapes)}"
        raise TemplateSyntaxError(
            word.position - 1, f"there is no field .{name} here", hint, len(name) + 1
        )
    path = None if of.path is None else (*of.path, name)
    if of.shape is reader.root:  # whatever it is called here
        path = (name,)
    if path is not None:
        reader.paths.add(path)
    return Expression(lambda frame: field_of(evaluate(frame), name), shape, path)


def _called(method: Expression, word: Word, words: list[Expression]) -> Expression:
    if len(words) != 1:
        raise TemplateSyntaxError(
            word.position,
            f"wrong number of words for .{word.text}: it takes 1, got {len(words)}",
            f'write: .{word.text} "kubernetes/client-namespace"',
            len(word.text),
        )
    function, argument = method.evaluate, words[0].evaluate

    def evaluate(frame: Frame) -> object:
        key = argument(frame)
        if not isinstance(key, str):
            raise TemplateError(f".{word.text} takes a text")
        return function(frame)(key)  # type: ignore[operator]  # it is a method

    return Expression(evaluate, Kind.TEXT)


def _call(word: Word, words: list[Expression]) -> Expression:
    name = word.text
    for one in words:
        refuse_whole(one, word)
    if name in _JOINED:
        _check_count(word, words, 1, None, f"{name} VALUE VALUE")
        return Expression(_joined([one.evaluate for one in words], until=name == "or"))
    function = FUNCTIONS.get(name)
    if function is None:
        raise _no_function(word)
    _check_count(word, words, function.least, function.most, function.example)
    return Expression(_calling(function, [one.evaluate for one in words]), _result(name, words))


def refuse_whole(value: Expression, at: Word) -> None:
    """Let only single values be printed, compared and put into variables that have another.

    So it is known of every field whether it is used.

    Raises:
        TemplateSyntaxError: the value has fields.
    """
    if isinstance(value.shape, Fields):
        fields = ", ".join(f".{name}" for name in value.shape.shapes)
        raise TemplateSyntaxError(
            at.position,
            f"'{at.text}' gets the whole of something that has fields",
            f"name one of them: {fields}",
            len(at.text),
        )


def _result(name: str, words: list[Expression]) -> Shape:
    if name == "slice":
        return words[0].shape
    if name != "index":
        return _RESULTS[name]
    shape = words[0].shape
    for _ in words[1:]:
        shape = element_of(shape)
    return shape


def _no_function(word: Word) -> TemplateSyntaxError:
    if why := NOT_HERE.get(word.text):
        return TemplateSyntaxError(
            word.position, f"the function '{word.text}' is not here: {why}", width=len(word.text)
        )
    known = ", ".join(sorted((*FUNCTIONS, *_JOINED)))
    return TemplateSyntaxError(
        word.position, f"function '{word.text}' not defined", f"known are: {known}", len(word.text)
    )


def _check_count(
    word: Word, words: list[Expression], least: int, most: int | None, example: str
) -> None:
    if len(words) < least or (most is not None and len(words) > most):
        limit = str(least) if least == most else f"at least {least}"
        if most is not None and len(words) > most:
            limit = str(most) if least == most else f"at most {most}"
        raise TemplateSyntaxError(
            word.position,
            f"wrong number of words for {word.text}: it takes {limit}, got {len(words)}",
            f"write: {example}",
            len(word.text),
        )


def _calling(function: Function, words: list[Evaluate]) -> Evaluate:
    call = function.call
    return lambda frame: call(*[word(frame) for word in words])


def _joined(words: list[Evaluate], *, until: bool) -> Evaluate:
    """Return the first value that is true, or not, and the last one if none is."""

    def evaluate(frame: Frame) -> object:
        value: object = None
        for word in words:
            value = word(frame)
            if is_true(value) is until:
                break
        return value

    return evaluate
