#!/bin/sh
# Builds kube-apiserver, kube-controller-manager, kubectl and etcd from their modules into a folder,
# for tests that need real ones.
#
#   build_apiserver.sh BIN WORK KUBERNETES_VERSION ETCD_VERSION      (versions as 1.37.2)
#
# The module k8s.io/kubernetes has no staging tree: each of its `./staging` replacements becomes
# the module published for it. WORK gets two small modules; both may be deleted at any time.
set -eu

bin=$1 work=$2 kubernetes=$3 etcd=$4
minor=${kubernetes#1.}
export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOWORK=off

fail() {
  echo "building Kubernetes and etcd needs Go 1.26 or newer; $1" >&2
  echo "  next  install it from go.dev/dl or your distribution (Debian 12 has 1.19, which is too" >&2
  echo "        old; any Go from 1.21 on fetches a newer one itself with GOTOOLCHAIN=auto), or" >&2
  echo "        name ready programs: TEST_ASSET_KUBE_APISERVER, TEST_ASSET_ETCD and so on, or a" >&2
  echo "        folder with all of them: KUBEBUILDER_ASSETS" >&2
  exit 1
}

command -v go >/dev/null || fail "there is no go here"
# go1.26.8, or "go1.27-rc1 X:something"; what fetches newer ones itself may be as old as 1.21.
has=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
[ "${has:-0}" -ge 26 ] || {
  [ "${has:-0}" -ge 21 ] && [ "$(go env GOTOOLCHAIN)" != local ]
} || fail "this is $(go version)"

mkdir -p "$bin" "$work/kubernetes" "$work/etcd" "$work/new"
bin=$(cd "$bin" && pwd) work=$(cd "$work" && pwd)

cd "$work/kubernetes"
rm -f go.sum
gomod=$(cd / && go mod download -json "k8s.io/kubernetes@v$kubernetes" |
  sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
{
  echo "module build"
  grep '^go ' "$gomod"
  echo "require k8s.io/kubernetes v$kubernetes"
  sed -n 's|^[[:space:]]*\(k8s.io/[a-z0-9-]*\) => ./staging.*|replace \1 => \1 v0.'"$minor"'|p' \
    "$gomod"
} >go.mod
version=k8s.io/component-base/version
for program in kube-apiserver kube-controller-manager kubectl; do
  go build -o "$work/new/" -ldflags "-s -w -X $version.gitVersion=v$kubernetes \
    -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}" "k8s.io/kubernetes/cmd/$program"
done

cd "$work/etcd"
rm -f go.sum
printf 'module build\ngo 1.26\nrequire go.etcd.io/etcd/server/v3 v%s\n' "$etcd" >go.mod
go build -o "$work/new/etcd" -ldflags "-s -w" go.etcd.io/etcd/server/v3

mv "$work/new/"* "$bin/"
