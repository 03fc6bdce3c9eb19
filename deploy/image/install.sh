#!/bin/sh
# Installs the wheel of svcdns, and what it needs in the locked versions, into a folder of its own.
#
#   install.sh WHEEL REQUIREMENTS TARGET
#
# TARGET becomes a virtual environment without pip, compiled, so that it runs where nothing can be
# written. Every package has to be a wheel with one of the hashes in REQUIREMENTS: nothing is
# built, so that nothing here depends on the machine's architecture. The Dockerfile, `make rootfs`
# and `make installed` run this one file.
set -eu

wheel=$1 requirements=$2 target=$3

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
python3 -m venv --without-pip "$target"

install_into_target() {
  "$tools/bin/python" -m pip --python "$target/bin/python" install --quiet \
    --disable-pip-version-check --no-cache-dir --no-compile --no-deps "$@"
}

install_into_target --require-hashes --only-binary :all: --requirement "$requirements"
install_into_target --no-index "$wheel"

# A file's time decides nothing: images get all files at one time, or at any. The API of Kubernetes
# as Python classes is half of everything, and never imported.
"$target/bin/python" -m compileall -q --invalidation-mode unchecked-hash \
  -x '/kubernetes/(aio|client/(api|models))/' "$target/lib"
"$target/bin/svcdns" version
