"""Composition root: the only room that knows every other one.

- `options` what the command line asks for · `files` the Corefile and its imports from disk
- `build` Corefile -> everything that serves it · `building` that in a thread, while another answers
- `feed` the one place where cluster state changes
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
- `current_namespace` which one kubectl would mean
- `doctor` a check-up: `doctor_finding` what is found and how checks run, the other `doctor_*` what
  each looks at
- `migration` from CoreDNS to us: `migration_sources` what there is, `migration_corefile`,
  `migration_pod`, `migration_probes`, `migration_beside` what of it becomes a value or is a risk
"""
