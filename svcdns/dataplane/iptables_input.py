"""The input of iptables-restore --noflush: what a change consists of, in the order it needs.

Pure. Source: iptables-restore(8): a chain that is named is emptied, others stay as they are.
"""

from collections.abc import Iterable

from svcdns.dataplane.iptables_rules import PREFIX, SHARED, SharedRule, VirtualRules


class Input:
    """Lines for one family."""

    def __init__(self) -> None:
        """Begin with no change."""
        self._names: dict[str, list[str]] = {table: [] for table in SHARED}
        self._rules: dict[str, list[str]] = {table: [] for table in SHARED}
        self._deletions: dict[str, list[str]] = {table: [] for table in SHARED}

    def __bool__(self) -> bool:
        """Return whether there is anything to change."""
        return any(self._names.values()) or any(self._rules.values())

    def put_chain(self, table: str, name: str, rules: Iterable[str] = ()) -> None:
        """Have a chain with exactly these rules."""
        self._names[table].append(f":{name} - [0:0]")
        self._rules[table] += (f"-A {name} {rule}" for rule in rules)

    def put_shared(self, rule: SharedRule, verb: str = "-A") -> None:
        """Add a rule to a chain that all virtual servers share, or `-D` delete it."""
        self._rules[rule.table].append(f"{verb} {PREFIX}{rule.chain} {rule.text}")

    def put_jump(self, jump: tuple[str, str, str, str]) -> None:
        """Let a built-in chain start with one of ours."""
        table, start, ours, condition = jump
        words = ("-I", start, "1", *condition.split(), "-j", f"{PREFIX}{ours}")
        self._rules[table].append(" ".join(words))

    def put_virtual(self, old: VirtualRules, new: VirtualRules) -> None:
        """Replace the rules of one virtual server; chains are written whole."""
        for name, rules in new.chains.items():
            self.put_chain("nat", name, rules)
        self.drop_chains(name for name in old.chains if name not in new.chains)
        for verb, some, others in (("-A", new, old), ("-D", old, new)):
            for rule in some.shared:
                if rule not in others.shared:
                    self.put_shared(rule, verb)

    def drop_chains(self, names: Iterable[str]) -> None:
        """Delete chains of table nat; nothing may lead to them any more."""
        for name in names:
            self.put_chain("nat", name)
            self._deletions["nat"].append(f"-X {name}")

    def text(self) -> str:
        """Return all lines."""
        lines: list[str] = []
        for table in SHARED:
            parts = (self._names[table], self._rules[table], self._deletions[table])
            lines += (f"*{table}", *(line for part in parts for line in part), "COMMIT")
        return "\n".join(lines) + "\n"
