"""Fields of an event as one line: text for people, JSON for programs that read logs.

Whatever a field holds, the line is one line of printable ASCII and at most `MAX_LINE` long;
a cut JSON line is still JSON. When and where lines are printed is `telemetry.log`'s business.
"""

import json
import math
import re
from collections.abc import Mapping

MAX_LINE = 1024
"""Characters, without the line end."""

Field = str | int | float | bool | BaseException | list[str] | tuple[str, ...] | None

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_BARE = re.compile(r"[!#-<>-~]+")


def text_line(head: str, fields: Mapping[str, Field]) -> str:
    """Return `head field=value ...`, cut."""
    words = [f"{name}={_quoted(_text(value))}" for name, value in fields.items()]
    return cut(" ".join([head, *words]))


def json_line(fields: Mapping[str, Field]) -> str:
    """Return `fields` as one JSON object, long texts in it cut."""
    return _json_line({name: _json_value(value) for name, value in fields.items()})


def escaped(text: str) -> str:
    r"""Return `text` with every octet outside 0x20-0x7E as `\DDD`, as names are written."""
    return _UNPRINTABLE.sub(_octets, text)


def _octets(match: re.Match[str]) -> str:
    return "".join([f"\\{octet:03}" for octet in match[0].encode("utf-8", "surrogatepass")])


def cut(line: str) -> str:
    """Return `line`, its end left out where it is too long."""
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 3]}..."


def _text(value: Field) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, float):
        return str(round(value, 6))
    if isinstance(value, BaseException):
        words = str(value)
        return f"{type(value).__name__}: {words}" if words else type(value).__name__
    if isinstance(value, (list, tuple)):
        return ",".join(value)
    return str(value)


def _quoted(text: str) -> str:
    r"""Return `text` as one word: quoted when it is not one, with `\n`, `\"`, `\u00e4` inside."""
    return text if _BARE.fullmatch(text) else json.dumps(text[:MAX_LINE])


def _json_value(value: Field) -> object:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else str(value)
    return _text(value) if isinstance(value, (BaseException, list, tuple)) else value


def _json_line(members: dict[str, object]) -> str:
    line = json.dumps(members)
    share = MAX_LINE
    # Cut the values, not the line: half an object is no JSON.
    while len(line) > MAX_LINE and share:
        share //= 2
        line = json.dumps(
            {
                name: f"{value[:share]}..."
                if isinstance(value, str) and len(value) > share
                else value
                for name, value in members.items()
            }
        )
    return line
