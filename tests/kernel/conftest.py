"""Tests in `guest` need a kernel of their own; `test_in_uml` starts one and runs them there.

`test_in_vm` runs them in another one, with the packet filter of nftables. It takes many minutes,
so it is a test where SVCDNS_VM says that it shall be one: `make test-vm`.
"""

import os

collect_ignore = [] if os.environ.get("SVCDNS_GUEST") else ["guest"]
if not os.environ.get("SVCDNS_VM"):
    collect_ignore.append("test_in_vm.py")
