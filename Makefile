# Everything runs in .venv, which is made here when it is missing or when the lock has changed.
# Needed on the machine: make, Python 3.11 or newer with its venv module, and a network that
# reaches the package index.

VENV := .venv
BIN := $(VENV)/bin
SERVES := $(VENV)/.serves
READY := $(VENV)/.ready
CACHE := .cache

COREDNS_VERSION := v1.15.0
KUBERNETES_VERSION := 1.37.2
ETCD_VERSION := 3.6.16
KUSTOMIZE_VERSION := v5.8.2
VM_KERNEL := linux-image-6.12-cloud-amd64
UV_VERSION := 0.13.9
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-kernel test-vm e2e lint fmt chart-readme bench bench-proxy coredns apiserver kustomize rootfs dist \
  installed lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SERVES) ## serve the example cluster on 127.0.0.1:5300; Ctrl-C stops
	@$(BIN)/svcdns serve --corefile examples/Corefile --manifests examples/shop \
	  --bind 127.0.0.1 --port 5300 --demo $(ARGS)

test: $(READY) ## run the tests (ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest $(ARGS)

test-kernel: $(READY) ## run the tests that need IPVS, in User Mode Linux (user-mode-linux ipvsadm ipset iptables)
	@$(BIN)/python -m pytest -m kernel $(ARGS)

test-vm: $(READY) $(CACHE)/vm/ready ## run them with nftables, in QEMU (qemu-system-x86, virtiofsd, xz-utils; 15 minutes)
	@SVCDNS_VM=$(CURDIR)/$(CACHE)/vm $(BIN)/python -m pytest tests/kernel/test_in_vm.py $(ARGS)

e2e: $(READY) ## swap the DNS of clusters that kind makes, there and back (docker, kind, kubectl, helm)
	@$(BIN)/python -m pytest -m kind tests/e2e_kind $(ARGS)

lint: $(READY) ## check style, types and who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: $(READY) ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

chart-readme: $(READY) ## write what charts/svcdns/README.md says of values, from values.yaml
	@$(BIN)/python -m tests.support.chart_readme

bench: $(READY) ## measure against Knot, NSD and CoreDNS, those that are installed (ARGS="-o json")
	@PATH="$(CURDIR)/$(CACHE)/bin:$$PATH" $(BIN)/python -m tests.bench $(ARGS)

bench-proxy: $(READY) ## measure the service proxy, IPVS in User Mode Linux (ARGS="1000 10000")
	@$(BIN)/python -m tests.bench.proxy $(ARGS)

coredns: $(CACHE)/bin/coredns ## build CoreDNS for `make bench`, into .cache/bin

apiserver: $(CACHE)/bin/kubectl ## build Kubernetes and etcd for `make test`, into .cache/bin

kustomize: $(CACHE)/bin/kustomize ## build kustomize for tests of deploy/, into .cache/bin

rootfs: $(READY) ## build what the Dockerfile says without a container engine, into .cache/image
	@$(BIN)/python -m tests.support.image $(ARGS)

dist: $(READY) ## build wheel and sdist into dist/, of one commit always the same bytes
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
	  $(BIN)/python -m hatchling build

installed: dist ## install the wheel as an image has it, into .cache/installed
	@rm -rf $(CACHE)/installed
	@deploy/image/install.sh dist/*.whl requirements/run.txt $(CURDIR)/$(CACHE)/installed

lock: $(CACHE)/lock/bin/uv ## resolve pyproject.toml into requirements/*.txt (ARGS=--upgrade for new ones)
	@for set in run dev quic build; do \
	  echo "requirements/$$set.txt"; \
	  case $$set in \
	    run) what="pyproject.toml" ;; \
	    dev) what="pyproject.toml --group dev --constraint requirements/run.txt" ;; \
	    quic) what="pyproject.toml --extra quic --constraint requirements/dev.txt" ;; \
	    build) what="--group build --constraint requirements/dev.txt" ;; \
	  esac; \
	  env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(CACHE)/lock/bin/uv pip compile $$what \
	    --universal --python-version 3.11 --generate-hashes \
	    --no-config --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command "make lock" --quiet $(ARGS) --output-file requirements/$$set.txt \
	    || exit 1; \
	done

clean: ## remove .venv and every cache
	rm -rf $(VENV) $(CACHE) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find svcdns tests -name __pycache__ -prune -exec rm -rf {} +

# A python that is a wrapper without a version behind it, or is too old, is passed over.
$(SERVES): requirements/run.txt requirements/build.txt pyproject.toml
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
	@echo "installing requirements/run.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements/run.txt --requirement requirements/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-build-isolation --no-deps --editable .
	@touch $@

# What tests and checks need besides is twice as much as what serves, and not waited for by a first look.
$(READY): $(SERVES) requirements/dev.txt
	@echo "installing requirements/dev.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements/dev.txt
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

$(CACHE)/bin/kustomize:
	@command -v go >/dev/null || { \
	  echo "building kustomize needs the Go toolchain" >&2; \
	  echo "  next  install Go 1.26 or newer, or put a kustomize on PATH: tests use it" >&2; \
	  exit 1; \
	}
	@echo "building kustomize $(KUSTOMIZE_VERSION)"
	@GOBIN=$(CURDIR)/$(CACHE)/bin GOFLAGS=-modcacherw \
	  go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)
	@$@ version

# Debian's kernel for clouds has what shares files with it built in. Nothing of it is installed, and
# its modules load far faster when they are unpacked.
$(CACHE)/vm/ready:
	@command -v apt-get >/dev/null || { \
	  echo "make test-vm takes its kernel from Debian, and this is no Debian" >&2; \
	  echo "  next  put boot/vmlinuz-V and lib/modules/V of a kernel with virtiofs into $(@D)" >&2; \
	  exit 1; \
	}
	@mkdir -p $(@D)
	@cd $(@D) && package=$$(apt-cache depends --important $(VM_KERNEL) | \
	  sed -n 's/.*Depends: \(linux-image-[0-9].*\)$$/\1/p' | head -1) && \
	  if [ -z "$$package" ]; then \
	    echo "apt knows no $(VM_KERNEL)" >&2; \
	    echo "  next  apt-get update, or name another one: make test-vm VM_KERNEL=..." >&2; \
	    exit 1; \
	  fi; \
	  echo "fetching $$package"; \
	  apt-get download --quiet "$$package" && dpkg-deb -x "$$package"_*.deb . && rm "$$package"_*.deb
	@cd $(@D) && [ -d lib/modules ] || ln -s usr/lib lib
	@cd $(@D) && find lib/modules/*/kernel -name '*.ko.xz' -path '*/net/*' -exec unxz -q {} + && \
	  find lib/modules/*/kernel/fs/overlayfs lib/modules/*/kernel/lib lib/modules/*/kernel/crypto \
	    -name '*.ko.xz' -exec unxz -q {} +
	@cd $(@D) && depmod -b . $$(ls lib/modules)
	@touch $@

# kube-apiserver, kube-controller-manager, kubectl and etcd are put in place at the very end, this one
# last.
$(CACHE)/bin/kubectl:
	@echo "building Kubernetes $(KUBERNETES_VERSION) and etcd $(ETCD_VERSION), which takes minutes"
	@tests/support/build_apiserver.sh $(CURDIR)/$(CACHE)/bin $(CURDIR)/$(CACHE)/build \
	  $(KUBERNETES_VERSION) $(ETCD_VERSION)
	@$(CACHE)/bin/kube-apiserver --version
	@$(CACHE)/bin/kube-controller-manager --version
	@$@ version --client
	@$(CACHE)/bin/etcd --version | head -1

$(CACHE)/lock/bin/uv:
	@python3 -m venv --clear $(CACHE)/lock
	@$(CACHE)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
