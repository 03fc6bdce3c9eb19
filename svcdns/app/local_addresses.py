"""The addresses this machine has: to listen on, and for the name-server names of a zone."""

from svcdns.server.interfaces import interface_addresses
from svcdns.server.sockets import canonical
from svcdns.wire.name import pack_address


def local_addresses(bind: str = "") -> tuple[bytes, ...]:
    """Return packed addresses, IPv4 first, without loopback and link-local ones.

    Args:
        bind: the only address that is listened on, which is then the only one here, whatever
            it is; a spelling of "every address" or a name stands for all.
    """
    if canonical(bind):
        try:
            return (pack_address(bind),)
        except ValueError:
            pass
    found = dict.fromkeys(one.packed for one in interface_addresses() if one.is_global)
    return tuple(sorted(found, key=len))


def addresses_by_interface() -> dict[str, list[str]]:
    """Return the text forms of all addresses, by the name of their interface."""
    found: dict[str, list[str]] = {}
    for one in interface_addresses():
        found.setdefault(one.interface, []).append(one.text)
    return found
