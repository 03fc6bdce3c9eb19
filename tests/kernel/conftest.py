"""Tests in `guest` need a kernel of their own; `test_in_uml` starts one and runs them there."""

import os

collect_ignore = [] if os.environ.get("SVCDNS_GUEST") else ["guest"]
