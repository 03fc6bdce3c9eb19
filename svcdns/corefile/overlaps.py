"""Server blocks that would answer the same names at the same place.

Two blocks may not have the same zone, port, transport and listen address, nor may one be bound
to an address where another listens on all of them. Blocks with a `view` share with others.
Interface names are compared as they are written: their addresses are known only when listening.

Source: CoreDNS's own rules, as observed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from svcdns.corefile.addresses import DEFAULT_PORTS
from svcdns.corefile.errors import Findings
from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Key, ServerBlock
from svcdns.wire.name import address_text, pack_address

_HINT = "join the two blocks, or tell them apart: another port, or 'bind' in both"


class _Place(NamedTuple):
    """Zone and listener."""

    scheme: str
    zone: str
    port: int
    address: str
    """Empty: every address."""

    def __str__(self) -> str:
        on = f" on {self.address}" if self.address else ""
        return f"{self.scheme}://{self.zone}:{self.port}{on}"


def complain_about_overlaps(
    blocks: Iterable[ServerBlock], dns_port: int, findings: Findings
) -> None:
    """Record a mistake for each key that another one leaves no room for."""
    ports = DEFAULT_PORTS | {"dns": dns_port}
    served: dict[_Place, Token] = {}
    bound: dict[_Place, _Place] = {}
    for block in blocks:
        shared = any(stanza.name.text == "view" for stanza in block.stanzas)
        addresses = _addresses(block)
        for key in block.keys:
            for place in _places(key, addresses, ports):
                everywhere = place._replace(address="")
                if place in served:
                    other = None if shared else place
                elif place.address:
                    other = everywhere if everywhere in served else None
                else:
                    other = bound.get(everywhere)
                if other is not None:
                    _complain(place, other, key.token, served[other], findings)
                    break
                if not shared:
                    served[place] = key.token
                    bound[everywhere] = place


def _places(key: Key, addresses: tuple[str, ...], ports: dict[str, int]) -> Iterable[_Place]:
    port = ports[key.scheme] if key.port is None else key.port
    return [_Place(key.scheme, key.zone, port, address) for address in addresses]


def _addresses(block: ServerBlock) -> tuple[str, ...]:
    """Return where the block listens, each address once."""
    words = [
        _canonical(token.text)
        for stanza in block.stanzas
        if stanza.name.text == "bind"
        for token in stanza.arguments
        if token.text
    ]
    return tuple(dict.fromkeys(words)) or ("",)


def _canonical(text: str) -> str:
    try:
        return address_text(pack_address(text))
    except ValueError:
        return text


def _complain(place: _Place, other: _Place, token: Token, first: Token, findings: Findings) -> None:
    where = first.location
    if place == other:
        problem = f"cannot serve {place} - it is already defined at {where}"
    else:
        problem = f"cannot serve {place} - zone overlap listener capacity with {other} at {where}"
    findings.mistake(token.location, problem, _HINT, token.width)
