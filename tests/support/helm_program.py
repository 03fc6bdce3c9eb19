"""Helm 4 as a program: reads a request a line, writes an answer a line, both JSON.

It is the package's library, and not in the process of the tests: the library is written in Go and
brings threads, which a process that forks or enters namespaces may not have. `helm.py` starts it.
"""

import json
import sys
from typing import Any

import helm_python
from helm_python import Chart, Config


def answer(request: dict[str, Any]) -> Any:
    """Return what Helm says to one request."""
    what = request.pop("what")
    chart, values = request.pop("chart", ""), request.pop("values", None)
    if what == "lint":
        return helm_python.lint(chart, values, **request)
    if what == "package":
        return helm_python.package(chart, **request)
    if what == "render":
        with Chart.load(chart) as loaded:
            return loaded.render(values, **request)
    return ask_cluster(what, chart, values, **request)


def ask_cluster(what: str, chart: str, values: Any, **request: Any) -> Any:
    """Return what Helm says after it has talked to a cluster."""
    namespace, name = request.pop("namespace"), request.pop("name")
    with Config(kubeconfig_path=request.pop("kubeconfig"), namespace=namespace) as config:
        match what:
            case "install":
                return config.install(chart, name, values, namespace=namespace, **request)
            case "upgrade":
                return config.upgrade(chart, name, values, namespace=namespace, **request)
            case "uninstall":
                return config.uninstall(name, **request)
            case "look":
                with Chart.load(chart) as loaded:
                    return config.render(loaded, values, name=name, namespace=namespace)
    raise ValueError(what)


def main() -> None:
    """Answer until there is no further request."""
    for line in sys.stdin:
        try:
            said = {"is": answer(json.loads(line))}
        except helm_python.HelmError as error:
            said = {"error": str(error)}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
