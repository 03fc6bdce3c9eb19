"""Commands of documents that `test_commands.py` does not type, and who does.

The first rule that fits a command decides; one that none fits is typed there.
"""

import re
from typing import NamedTuple

from tests.support.shown import Command, all_commands

CLUSTER = "tests/documents/test_cluster_commands.py"
KIND = "make e2e"
IPVS = "tests/kernel/guest/test_program.py::test_it_says_what_the_kernel_has"


class Rule(NamedTuple):
    """Who runs commands with these words."""

    words: str
    """A regular expression, found in the command line."""
    runner: str
    """A test, or a target of make."""
    why: str


RULES = (
    Rule(
        r"^(make\b|\.ci/run)",
        "tests/house/test_documents.py::test_a_make_target_that_is_shown_exists",
        "make builds and tests, for minutes",
    ),
    Rule(r"^(docker|kind)\b", KIND, "needs a container engine"),
    Rule(
        r"rollout status daemonset|kubectl run|kubectl .*\b(exec|logs)\b|^helm .*\btest\b",
        KIND,
        "waits for pods that run, or runs in one",
    ),
    Rule(r"^(kubectl|helm|oc)\b|^for pod in|svcdns check -v Corefile$", CLUSTER, "for a cluster"),
    Rule(r"--kubeconfig|--context|svcdns migrate --values|dump\.json", CLUSTER, "reads a cluster"),
    Rule(
        r"svcdns proxy (list|diff)(?!.*--mode)|svcdns describe service [\w/]+$", IPVS, "needs IPVS"
    ),
    Rule(
        r"^ip route show table local",
        "tests/kernel/guest/test_binding.py::test_a_route_brings_client_pod_and_node_to_a_service",
        "needs IPVS",
    ),
)


def runner_of(command: Command) -> str:
    """Return who runs a command; empty: `test_commands.py`."""
    found = (rule.runner for rule in RULES if re.search(rule.words, command.text))
    return next(found, "")


def commands_for(runner: str) -> list[list[Command]]:
    """Return what a runner has to run, a list for each document."""
    by_document: dict[str, list[Command]] = {}
    for command in all_commands():
        if runner_of(command) == runner:
            by_document.setdefault(str(command.path), []).append(command)
    return list(by_document.values())
