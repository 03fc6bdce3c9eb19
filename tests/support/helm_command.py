"""`helm` for commands of documents: `python -m tests.support.helm_command upgrade …`.

Helm 4 itself is the library of the package; here is only as much of its command line as documents
use. Another option is an error.
"""

import argparse
import os
import sys
from pathlib import Path

import helm_python
from helm_python import Config

from tests.support.helm import merged


def main() -> None:
    """Do what the command line says."""
    options = parsed(sys.argv[1:])
    kubeconfig = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
    with Config(kubeconfig_path=kubeconfig, namespace=options.namespace) as config:
        if options.command == "uninstall":
            config.uninstall(options.name)
            return
        values = merged(
            *(helm_python.values_from_yaml(Path(file).read_text()) for file in options.values),
            *(helm_python.parse_set_string(text) for text in options.set),
        )
        begin = config.upgrade if is_there(config, options.name) else config.install
        if begin == config.install and not options.install:
            sys.exit(f'"{options.name}" has no deployed releases')
        begin(options.chart, options.name, values, namespace=options.namespace)


def is_there(config: Config, name: str) -> bool:
    """Return whether there is such a release."""
    try:
        config.status(name)
    except helm_python.HelmError:
        return False
    return True


def parsed(words: list[str]) -> argparse.Namespace:
    """Return the options of a command line; Helm takes those of all commands before the word."""
    parser = argparse.ArgumentParser("helm")
    parser.add_argument("command", choices=["upgrade", "uninstall"])
    parser.add_argument("name")
    parser.add_argument("chart", nargs="?")
    parser.add_argument("-n", "--namespace", required=True)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("-f", "--values", action="append", default=[])
    parser.add_argument("--set", action="append", default=[])
    return parser.parse_intermixed_args(words)


if __name__ == "__main__":
    main()
