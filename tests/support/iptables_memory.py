"""iptables in memory: what iptables-restore --noflush does and iptables-save prints, strict."""

from copy import deepcopy

from svcdns.dataplane.backend import DataplaneError

_BUILT_IN = {
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
}
_Chains = dict[str, list[str]]


class IptablesMemory:
    """Rules of both families."""

    variant = "-memory"

    def __init__(self) -> None:
        """Begin with the built-in chains, empty."""
        self.tables: dict[int, dict[str, _Chains]] = {
            width: {table: {one: [] for one in chains} for table, chains in _BUILT_IN.items()}
            for width in (4, 16)
        }
        self.inputs: list[str] = []
        self.refused = ""
        """Input with this in it is refused."""

    def save(self, width: int) -> str:
        """Return all rules of one family."""
        lines: list[str] = []
        for table, chains in self.tables[width].items():
            lines.append(f"*{table}")
            lines += (f":{chain} - [0:0]" for chain in chains)
            lines += (f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules)
            lines.append("COMMIT")
        return "\n".join(lines) + "\n"

    def restore(self, width: int, text: str) -> None:
        """Change rules, each table in one step.

        Raises:
            DataplaneError: a chain or a rule is not there, or still in use.
        """
        self.inputs.append(text)
        if self.refused and self.refused in text:
            raise DataplaneError("restore", f"refused: {self.refused}")
        table, chains = "", _Chains()
        for line in text.splitlines():
            if line.startswith("*"):
                table = line[1:]
                chains = deepcopy(self.tables[width][table])
            elif line == "COMMIT":
                self.tables[width][table] = chains
            else:
                try:
                    _do(chains, line)
                except (KeyError, ValueError) as error:
                    raise DataplaneError("restore", f"{line}: {error}") from error


def _do(chains: _Chains, line: str) -> None:
    if line.startswith(":"):
        chains[line[1:].split(" ", maxsplit=1)[0]] = []
        return
    verb, chain, *words = line.split(" ")
    rule = " ".join(words)
    match verb:
        case "-A":
            _require_target(chains, rule)
            chains[chain].append(rule)
        case "-I":
            _require_target(chains, rule)
            chains[chain].insert(0, rule.removeprefix("1 "))
        case "-D":
            chains[chain].remove(rule)
        case "-X":
            if chains[chain] or any(
                one.endswith(f"-j {chain}") for rules in chains.values() for one in rules
            ):
                raise ValueError("in use")
            del chains[chain]


def _require_target(chains: _Chains, rule: str) -> None:
    target = rule.rpartition("-j ")[2].split(" ")[0]
    if target.startswith("SVCDNS-") and target not in chains:
        raise ValueError(f"no chain {target}")
