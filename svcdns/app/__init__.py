"""Composition root: the only room that knows every other one.

- `options` what the command line asks for · `files` the Corefile and its imports from disk
- `build` Corefile -> everything that serves it · `feed` the one place where cluster state changes
- `following` manifests -> feed · `live` API servers -> feed · `watch_report` what happens there
- `keeping` the last known state on disk · `memory` what is free goes back
- `local_addresses` where this machine is reached
- `run` one process from start to end · `supervise` loops that start again · `start_error`
- `probes` /health, /ready, /metrics · `measure` what the metrics read · `banner` the first lines
- `proxy_settings` what is asked of a proxy · `proxy_config` kube-proxy's file · `proxy_plan` what a
  node should have · `proxy_backend` what it has · `proxy_script` packet filter modes, printed
- `inprocess` one query without sockets · `near` names somebody may have meant
- `export` all objects, written down as manifests · `listing` those of an API server
- `describe` one Service from its names to the kernel
"""
