"""Tests in `node` need namespaces of their own; `test_modes` makes them and runs them there."""

import os

collect_ignore = [] if os.environ.get("SVCDNS_NODE") else ["node"]
