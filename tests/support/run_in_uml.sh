#!/usr/bin/env bash
# Runs one command in a Linux kernel of its own (User Mode Linux), which has IPVS:
#
#   run_in_uml.sh [-t SECONDS] [-m MEMORY] [-e NAME=VALUE]... [--] COMMAND [ARGUMENT...]
#
# The guest sees this machine's files read-only, below an overlay in its own memory: the command may
# write anywhere and nothing of it stays. It has no network but what it makes itself, and starts in
# the caller's folder. stdout and stderr come through apart; the exit status is the command's, 124
# when time was up, 125 when the guest did not come up. Neither the guest nor a file outlives this
# script, even if it is killed. No privilege is needed.
#
# Debian packages: user-mode-linux kmod util-linux iproute2, and what the command needs.
set -u

. "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

patience=120 memory=512M
modules="dummy veth nf_conntrack nf_nat ip_vs iptable_nat iptable_filter iptable_mangle
  ip6table_nat ip6table_filter ip6table_mangle ip_set xt_set"
read_command_line "$@"

kernel=$(command -v "${UML_KERNEL:-linux.uml}") ||
  give_up "linux.uml is not installed; apt-get install user-mode-linux brings it"
library=${UML_MODULES:-${kernel%/bin/*}/lib/uml/modules}
[[ -d $library ]] || give_up "no modules in $library"

# The guest leads a pid namespace or a process group of its own: one KILL ends all its processes.
if unshare --pid --fork --kill-child true 2>/dev/null; then
  alone=(unshare --pid --fork --kill-child=KILL bash -c '"$@"; exit $?' guest)
else
  alone=(setsid)
fi
end_guest() {
  kill -KILL "$guest" 2>/dev/null
  if [[ ${alone[0]} == setsid ]]; then kill -KILL -- "-$guest" 2>/dev/null; fi
}
make_work

# tty1 and tty2 are the command's stdout and stderr, tty3 is ours.
write_programs <<'INIT'
power_off() { echo o >/proc/sysrq-trigger; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for n in 1 2 3; do stty -F "/dev/tty$n" raw -echo; done
out_port=/dev/tty1 err_port=/dev/tty2
exec 9>/dev/tty3
INIT

mkfifo "$work/out" "$work/err" "$work/said" || exit 125
cat "$work/out" & readers=($!)
cat "$work/err" >&2 & readers+=($!)
cat "$work/said" >"$work/status" & readers+=($!)
with=(env)
if setpriv --pdeathsig KILL true 2>/dev/null; then with=(setpriv --pdeathsig KILL); fi
"${with[@]}" "${alone[@]}" "$kernel" "mem=$memory" rootfstype=hostfs rootflags=/ ro quiet loglevel=4 \
  "init=$work/init" con=null con0=null,fd:1 con1=null,fd:7 con2=null,fd:8 con3=null,fd:9 \
  "uml_dir=$work" umid=guest </dev/null >"$work/log" 2>&1 \
  7>"$work/out" 8>"$work/err" 9>"$work/said" &
guest=$!
await_guest
give_up "the guest gave no status; above is the end of its log"
