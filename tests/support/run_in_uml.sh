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

patience=120 memory=512M environment=()
modules="dummy veth nf_conntrack nf_nat ip_vs iptable_nat iptable_filter iptable_mangle
  ip6table_nat ip6table_filter ip6table_mangle ip_set xt_set"

give_up() {
  echo "run_in_uml: $*" >&2
  exit 125
}

while (($#)); do
  case $1 in
    -t) patience=$2 && shift 2 ;;
    -m) memory=$2 && shift 2 ;;
    -e) environment+=("$2") && shift 2 ;;
    --) shift && break ;;
    -*) give_up "unknown option $1" ;;
    *) break ;;
  esac
done
(($#)) || give_up "no command"

kernel=$(command -v "${UML_KERNEL:-linux.uml}") ||
  give_up "linux.uml is not installed; apt-get install user-mode-linux brings it"
library=${UML_MODULES:-${kernel%/bin/*}/lib/uml/modules}
[[ -d $library ]] || give_up "no modules in $library"

work=$(mktemp -d "${TMPDIR:-/tmp}/uml.XXXXXX") || exit 125
chmod 755 "$work"
guest='' clock=''
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
leave() {
  trap - EXIT INT TERM HUP
  if [[ $guest ]]; then end_guest && wait "$guest"; fi 2>/dev/null
  if [[ $clock ]]; then kill "$clock" && wait "$clock"; fi 2>/dev/null
  rm -rf "$work"
}
trap leave EXIT
trap 'leave; exit 130' INT
trap 'leave; exit 143' TERM HUP

{
  printf 'cd %q\n' "$PWD"
  printf 'export PATH=%q HOME=/root TERM=dumb LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1\n' \
    "$PATH:/usr/sbin:/sbin:/usr/bin:/bin"
  for pair in ${environment[@]+"${environment[@]}"}; do printf 'export %q\n' "$pair"; done
  printf 'exec'
  printf ' %q' "$@"
  printf '\n'
} >"$work/command"

# The guest's first program. tty1 and tty2 are the command's stdout and stderr, tty3 is ours.
{
  printf '#!/bin/bash\nwork=%q library=%q modules=%q\n' "$work" "$library" "$modules"
  cat <<'INIT'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
fail() {
  echo "init: $*"
  echo "status 125" >/dev/tty3
  sleep 0.3
  exit 1
}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for n in 1 2 3; do stty -F "/dev/tty$n" raw -echo; done
release=$(uname -r)
mount -t tmpfs -o size=80% tmpfs /run || fail "no tmpfs"
mkdir -p /run/kernel/lib /run/over
ln -s "$library" /run/kernel/lib/modules
modprobe -d /run/kernel overlay || fail "no module overlay"
mount -t tmpfs -o size=80% tmpfs /run/over
mkdir /run/over/upper /run/over/work /run/over/root
mount -t overlay -o lowerdir=/,upperdir=/run/over/upper,workdir=/run/over/work \
  overlay /run/over/root || fail "no overlay"
cd /run/over/root
umount /proc /sys
mount --move /dev dev 2>/dev/null || mount -t devtmpfs dev dev
mkdir -p .below
pivot_root . .below || fail "no pivot_root"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/netns /dev/shm /dev/pts /lib/modules
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
umount -l /.below
rm -rf "/lib/modules/$release"
ln -s "$library/$release" "/lib/modules/$release"
modprobe -a $modules || echo "init: not all modules are there"
ip link set lo up
# Through pipes: a terminal would keep what is written last, and hold up a slow reader's writer.
mkfifo /run/out /run/err
cat </run/out >/dev/tty1 & out=$!
cat </run/err >/dev/tty2 & err=$!
bash "$work/command" </dev/null >/run/out 2>/run/err
status=$?
for n in 1 2 3 4 5 6 7 8 9 10; do  # something left behind may hold the pipes: not for ever
  kill -0 $out 2>/dev/null || kill -0 $err 2>/dev/null || break
  sleep 0.1
done
echo "status $status" >/dev/tty3
sleep 0.1
echo o >/proc/sysrq-trigger
sleep 20
INIT
} >"$work/init"
chmod 755 "$work/init" "$work/command"

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
"${with[@]}" sleep "$patience" </dev/null >/dev/null 2>&1 &
clock=$!
wait -n "$guest" "$clock" 2>/dev/null
late=''
if kill -0 "$clock" 2>/dev/null; then
  kill "$clock"
else
  late=yes
  end_guest
fi
{ wait "$guest" "$clock"; } 2>/dev/null
guest='' clock=''
wait "${readers[@]}" 2>/dev/null

status=$(sed -n 's/^status \([0-9]*\).*/\1/p' "$work/status" | tail -1)
[[ $status ]] && exit "$status"
if [[ $late ]]; then
  echo "run_in_uml: time was up after $patience s, the guest is ended" >&2
  exit 124
fi
tail -25 "$work/log" | tr -d '\r' >&2
give_up "the guest gave no status; above is the end of its log"
