"""Objects as a person writes them, one namespace each."""

_WORKLOAD = """\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  {more}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{{name: main, image: "main:1"}}]
---
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {app}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
  {more}
---
"""


def deployment(name: str = "web", replicas: int = 2) -> str:
    """Return a Deployment that has never fewer ready Pods than it should."""
    more = "strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
    return _WORKLOAD.format(kind="Deployment", name=name, replicas=replicas, more=more)


def stateful_set(name: str = "db", replicas: int = 2) -> str:
    """Return a StatefulSet whose governing Service has its name."""
    more = f"serviceName: {name}"
    return _WORKLOAD.format(kind="StatefulSet", name=name, replicas=replicas, more=more)


def service(name: str = "web", app: str = "", more: str = "") -> str:
    """Return a Service of the Pods with a label; `more` is YAML of its spec."""
    return _SERVICE.format(name=name, app=app or name, more=more)


def headless(name: str = "web", app: str = "", more: str = "") -> str:
    """Return a headless Service of the Pods with a label."""
    return service(name, app, f"clusterIP: None\n  {more}")
