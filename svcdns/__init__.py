"""Cluster DNS for Kubernetes. Modules are private; only the version is exported."""

__version__ = "0.1.0"
