#!/bin/sh
# Installs what `svcdns proxy` starts or loads, from Debian, and leaves no lists behind.
#
# libnftables1 for `--mode nftables`, iptables and ipset for `--mode iptables`, kmod for the
# modules of `--mode ipvs`. Names of packages stand here once: nothing of them is in the DNS half.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends \
  libnftables1 iptables ipset kmod >/dev/null
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
