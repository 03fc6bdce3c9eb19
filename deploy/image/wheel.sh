#!/bin/sh
# Builds the wheel of the source tree in the working folder into DIST, with locked tools.
#
#   wheel.sh REQUIREMENTS DIST
#
# With the commit's time in SOURCE_DATE_EPOCH it is the wheel that `make dist` builds.
set -eu

requirements=$1 dist=$2

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  --require-hashes --only-binary :all: --requirement "$requirements"
"$tools/bin/python" -m hatchling build --target wheel --directory "$dist"
