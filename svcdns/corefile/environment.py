"""Variables of the environment in a Corefile: `{%NAME%}` and `{$NAME}`.

They are replaced inside tokens too, quoted or not, in addresses, directive names, arguments and
import patterns; `{%NAME%}` first. What a variable holds never becomes structure: a brace in it
is text. A variable that is not set reads as nothing, as in CoreDNS, but is worth a warning.
"""

import re
from collections.abc import Mapping

from svcdns.corefile.errors import Findings, shown
from svcdns.corefile.lexer import Token

_FORMS = (
    re.compile(r"\{%((?:(?!%\}).)+)%\}", re.DOTALL),
    re.compile(r"\{\$([^}]+)\}"),
)


def replace_variables(token: Token, env: Mapping[str, str], findings: Findings) -> Token:
    """Return `token` with the values of the variables it names."""
    text = token.text
    if "{$" not in text and "{%" not in text:
        return token

    def value(reference: re.Match[str]) -> str:
        name = reference[1]
        if name not in env:
            findings.warning(
                token.location,
                f"the variable {shown(name)} is not set and reads as nothing",
                width=token.width,
            )
        return env.get(name, "")

    for form in _FORMS:
        text = form.sub(value, text)
    return token if text == token.text else token._replace(text=text, quoted=True)
