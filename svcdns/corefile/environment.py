"""Variables of the environment in a Corefile: `{%NAME%}` and `{$NAME}`.

They are replaced inside tokens too, quoted or not, in addresses, directive names, arguments and
import patterns; `{%NAME%}` first. What a variable holds never becomes structure: a brace in it
is text. A variable that is not set reads as nothing, as in CoreDNS, but is worth a warning.
"""

from collections.abc import Mapping

from svcdns.corefile.errors import Findings, shown
from svcdns.corefile.lexer import Token

_FORMS = (("{%", "%}"), ("{$", "}"))


def replace_variables(token: Token, env: Mapping[str, str], findings: Findings) -> Token:
    """Return `token` with the values of the variables it names."""
    text = token.text
    if "{$" not in text and "{%" not in text:
        return token

    for opening, closing in _FORMS:
        parts: list[str] = []
        end = 0
        while (start := text.find(opening, end)) >= 0:
            name_end = text.find(closing, start + len(opening))
            if name_end < 0:
                break
            name = text[start + len(opening) : name_end]
            parts.append(text[end:start])
            end = name_end + len(closing)
            parts.append(_value(name, token, env, findings) if name else opening + closing)
        text = "".join(parts) + text[end:]
    return token if text == token.text else token._replace(text=text, quoted=True)


def _value(name: str, token: Token, env: Mapping[str, str], findings: Findings) -> str:
    if name not in env:
        findings.warning(
            token.location,
            f"the variable {shown(name)} is not set and reads as nothing",
            width=token.width,
        )
    return env.get(name, "")
