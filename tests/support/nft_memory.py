"""nftables in memory, for the scripts that `dataplane` writes: transactions, strict, by text.

It knows tables, chains, sets and maps and refuses what the kernel refuses; rules are only kept.
"""

import re
import sys
from copy import deepcopy
from dataclasses import dataclass, field
from ipaddress import ip_network

from svcdns.dataplane.libnftables import ScriptError
from svcdns.dataplane.nftables_entry import PROTOCOLS
from svcdns.dataplane.nftables_listing import Contents
from svcdns.dataplane.nftables_messages import Element
from svcdns.dataplane.nftables_script import FAMILIES
from svcdns.wire.name import pack_address

_BLOCK = re.compile(r"^table (\S+ \S+) \{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^  (chain|set|map) (\S+) \{(.*?)\}\n(?=  \w|\Z)", re.MULTILINE | re.DOTALL)

_PROTOCOLS = {text: number for number, text in PROTOCOLS.items()}


@dataclass
class MemoryTable:
    """Chains with their rules, sets and maps with their elements."""

    chains: dict[str, list[str]] = field(default_factory=dict)
    sets: dict[str, dict[str, str]] = field(default_factory=dict)
    is_dormant: bool = False
    """Whether no packet comes to its chains."""


class NftMemory:
    """A `ScriptRunner` without a kernel."""

    def __init__(self) -> None:
        """Begin without tables."""
        self.tables: dict[str, MemoryTable] = {}
        self.scripts: list[str] = []
        """All that changed something."""
        self.refused = ""
        """A script with this in it is refused."""
        self._number = 1

    def generation(self) -> int | None:
        """Return how often something changed."""
        return self._number

    def touch(self) -> None:
        """Count up as when somebody else changed rules."""
        self._number += 1

    def contents(self, width: int, table: str) -> Contents | None:
        """Return what is in a table, its elements as the kernel packs them."""
        found = self.tables.get(f"{FAMILIES[width]} {table}")
        if found is None:
            return None

        def elements(name: str) -> list[Element]:
            texts = found.sets[name].items()
            is_turn = name.startswith(("servers-", "turns-"))
            return [_element(key, value, is_turn=is_turn) for key, value in texts]

        rules = {name: len(rules) for name, rules in found.chains.items()}
        hooks = {
            name: sum(one.startswith("type ") for one in rules)
            for name, rules in found.chains.items()
        }
        chains = {name: count - hooks[name] for name, count in rules.items()}
        return Contents(chains, frozenset(found.sets), elements)

    def run(self, script: str) -> str:
        """Do all of it or nothing; return what a list command prints."""
        if self.refused and self.refused in script:
            raise ScriptError(f"refused: {self.refused}")
        if script.startswith("list table "):
            return self._printed(script.removeprefix("list table ").strip())
        before = deepcopy(self.tables)
        try:
            at = 0
            for found in _BLOCK.finditer(script):
                self._lines(script[at : found.start()])
                self._block(found[1], found[2])
                at = found.end()
            self._lines(script[at:])
        except (KeyError, ValueError) as error:
            self.tables = before
            raise ScriptError(f"Could not process rule: {error}") from error
        self.scripts.append(script)
        self._number += 1
        return ""

    def _lines(self, lines: str) -> None:
        for line in lines.splitlines():
            if line:
                self._do(line)

    def _block(self, name: str, body: str) -> None:
        table = self.tables.setdefault(name, MemoryTable())
        table.is_dormant = body.lstrip().startswith("flags dormant;")
        for kind, part, inside in _PART.findall(body):
            if kind == "chain":
                rules = [one.strip(" \n}") for one in inside.split(";")]
                table.chains.setdefault(part, []).extend(one for one in rules if one)
            else:
                table.sets.setdefault(part, {})

    def _do(self, line: str) -> None:
        verb, kind, family, name, *rest = line.split(" ")
        place = f"{family} {name}"
        if kind == "table":
            if verb == "delete":
                del self.tables[place]
            else:
                self.tables.setdefault(place, MemoryTable()).is_dormant = False
            return
        _do_in(self.tables[place], f"{verb} {kind}", rest[0], " ".join(rest[1:]))

    def _printed(self, name: str) -> str:
        if name not in self.tables:
            raise ScriptError("No such file or directory")
        table, lines = self.tables[name], [f"table {name} {{"]
        for one, elements in table.sets.items():
            lines.append(f"\tmap {one} {{\n\t\ttype whatever")
            texts = [f"{key} : {value}" if value else key for key, value in elements.items()]
            if texts:
                lines.append("\t\telements = { " + ",\n\t\t\t     ".join(texts) + " }")
            lines.append("\t}\n")
        for one, rules in table.chains.items():
            lines += [f"\tchain {one} {{", *(f"\t\t{rule}" for rule in rules), "\t}\n"]
        return "\n".join([*lines, "}"]) + "\n"


def _element(key: str, value: str, *, is_turn: bool) -> Element:
    """Return an element as the kernel packs it.

    Args:
        key: as text.
        value: as text; empty in a set.
        is_turn: whether the key ends with the number of a server.
    """
    *parts, last = key.split(" . ")
    end = b""
    if is_turn:
        first = int(last).to_bytes(4, sys.byteorder)
    elif "/" in last:
        network = ip_network(last)
        first, end = network.network_address.packed, network.broadcast_address.packed
    else:
        first = _packed(last)
    start = b"".join(map(_packed, parts))
    is_verdict = value == "drop" or value.startswith("goto ")
    return Element(
        start + first,
        start + end if end else b"",
        b"" if is_verdict else b"".join(map(_packed, value.split(" . ") if value else ())),
        value if is_verdict else "",
    )


def _packed(part: str) -> bytes:
    if part in _PROTOCOLS:
        return _PROTOCOLS[part].to_bytes(1) + bytes(3)
    return int(part).to_bytes(2) + bytes(2) if part.isdecimal() else pack_address(part)


def _do_in(table: MemoryTable, verb: str, name: str, words: str) -> None:
    match verb:
        case "add chain":
            table.chains.setdefault(name, [])
        case "add rule":
            table.chains[name].append(words)
        case "flush chain":
            table.chains[name].clear()
        case "delete chain":
            if f"goto {name}" in table.sets["services"].values():
                raise ValueError("Device or resource busy")
            del table.chains[name]
        case "add set" | "add map":
            table.sets.setdefault(name, {})
        case "delete set":
            if any(f"@{name} " in rule for rules in table.chains.values() for rule in rules):
                raise ValueError("Device or resource busy")
            del table.sets[name]
        case _:
            _do_elements(table, verb.split(" ", maxsplit=1)[0], name, words.strip("{} "))


def _do_elements(table: MemoryTable, verb: str, name: str, words: str) -> None:
    there = table.sets[name]
    for one in words.split(", "):
        key, _, value = one.partition(" : ")
        if verb == "delete":
            del there[key]
            continue
        if there.get(key, value) != value:
            raise ValueError("File exists")
        if value.startswith("goto ") and value.removeprefix("goto ") not in table.chains:
            raise ValueError("No such file or directory")
        there[key] = value
