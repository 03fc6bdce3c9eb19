# Everything runs in .venv, which is made here when it is missing or when the lock has changed.
# Needed on the machine: make, Python 3.11 or newer with its venv module, and a network that
# reaches the package index.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CACHE := .cache

COREDNS_VERSION := v1.15.0
KUBERNETES_VERSION := 1.37.2
ETCD_VERSION := 3.6.16
UV_VERSION := 0.13.9
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-kernel lint fmt bench bench-proxy coredns apiserver lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## serve the example cluster on 127.0.0.1:5300; Ctrl-C stops
	@$(BIN)/svcdns serve --corefile examples/Corefile --manifests examples/shop \
	  --bind 127.0.0.1 --port 5300 --demo $(ARGS)

test: $(READY) ## run the tests (ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest $(ARGS)

test-kernel: $(READY) ## run the tests that need IPVS, in User Mode Linux (user-mode-linux ipvsadm ipset iptables)
	@$(BIN)/python -m pytest -m kernel $(ARGS)

lint: $(READY) ## check style, types and who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: $(READY) ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

bench: $(READY) ## measure against Knot, NSD and CoreDNS, those that are installed (ARGS="-o json")
	@PATH="$(CURDIR)/$(CACHE)/bin:$$PATH" $(BIN)/python -m tests.bench $(ARGS)

bench-proxy: $(READY) ## measure the service proxy, IPVS in User Mode Linux (ARGS="1000 10000")
	@$(BIN)/python -m tests.bench.proxy $(ARGS)

coredns: $(CACHE)/bin/coredns ## build CoreDNS for `make bench`, into .cache/bin

apiserver: $(CACHE)/bin/kube-apiserver ## build kube-apiserver and etcd for `make test`, into .cache/bin

lock: $(CACHE)/lock/bin/uv ## resolve pyproject.toml into requirements/*.txt (ARGS=--upgrade for new ones)
	@for set in run dev; do \
	  echo "requirements/$$set.txt"; \
	  env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(CACHE)/lock/bin/uv pip compile pyproject.toml \
	    $$(test $$set = run || echo --group dev --constraint requirements/run.txt) \
	    --universal --python-version 3.11 --generate-hashes \
	    --no-config --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command "make lock" --quiet $(ARGS) --output-file requirements/$$set.txt \
	    || exit 1; \
	done

clean: ## remove .venv and every cache
	rm -rf $(VENV) $(CACHE) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find svcdns tests -name __pycache__ -prune -exec rm -rf {} +

# A python that is a wrapper without a version behind it, or is too old, is passed over.
$(READY): requirements/dev.txt
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found=$$python; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "svcdns needs Python 3.11 or newer; looked for: $(PYTHONS)" >&2; \
	  echo "  next  install one, or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module" >&2; \
	  echo "  next  on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "making $(VENV) with $$($$found --version)"; \
	  $$found -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "installing requirements/dev.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-build-isolation --no-deps --editable .
	@touch $@

$(CACHE)/bin/coredns:
	@command -v go >/dev/null || { \
	  echo "building CoreDNS needs the Go toolchain" >&2; \
	  echo "  next  install Go, or put a coredns binary on PATH: make bench uses it" >&2; \
	  exit 1; \
	}
	@echo "building CoreDNS $(COREDNS_VERSION), which takes minutes"
	@GOBIN=$(CURDIR)/$(CACHE)/bin GOFLAGS=-modcacherw \
	  go install github.com/coredns/coredns@$(COREDNS_VERSION)
	@$@ -version

# It builds etcd too, and puts both in place at the very end.
$(CACHE)/bin/kube-apiserver:
	@echo "building kube-apiserver $(KUBERNETES_VERSION) and etcd $(ETCD_VERSION), which takes minutes"
	@tests/support/build_apiserver.sh $(CURDIR)/$(CACHE)/bin $(CURDIR)/$(CACHE)/build \
	  $(KUBERNETES_VERSION) $(ETCD_VERSION)
	@$(CACHE)/bin/kube-apiserver --version
	@$(CACHE)/bin/etcd --version | head -1

$(CACHE)/lock/bin/uv:
	@python3 -m venv --clear $(CACHE)/lock
	@$(CACHE)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
