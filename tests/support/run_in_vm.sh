#!/usr/bin/env bash
# Runs one command in a virtual machine with Debian's cloud kernel, which has IPVS and all of nftables:
#
#   run_in_vm.sh [-t SECONDS] [-m MEMORY] [-e NAME=VALUE]... [--] COMMAND [ARGUMENT...]
#
# As run_in_uml.sh does, whose promises hold here too: this machine's files are seen read-only, below
# an overlay in the guest's memory; no network; stdout and stderr come through apart; the exit status
# is the command's, 124 when time was up, 125 when the guest did not come up; nothing outlives this
# script. It needs root, to share the files, and takes 40 s to start where there is no KVM.
#
# The kernel is looked for in the folder SVCDNS_VM, then in `/`: boot/vmlinuz-V and lib/modules/V, with
# virtiofs built in, as linux-image-6.12-cloud-amd64 has it.
#
# Debian packages: qemu-system-x86, virtiofsd (in Debian 12: qemu-system-common), kmod, util-linux,
# iproute2, and what the command needs.
set -u

patience=300 memory=1536M environment=()
modules="dummy veth nf_conntrack nf_nat nf_tables nft_chain_nat ip_vs sctp"

give_up() {
  echo "run_in_vm: $*" >&2
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

kernel='' library=''
for root in "${SVCDNS_VM:-/}" /; do
  for image in "${root%/}"/boot/vmlinuz-*; do
    release=${image##*/vmlinuz-}
    found=${root%/}/lib/modules/$release
    [[ -d $found ]] || found=${root%/}/usr/lib/modules/$release
    if [[ -f $image ]] && grep -qs virtiofs "$found/modules.builtin"; then
      kernel=$image library=$found
      break 2
    fi
  done
done
[[ $kernel ]] || give_up "no kernel with virtiofs built in; make test-vm fetches one from Debian"
[[ -f $library/modules.dep ]] || depmod -b "${library%/lib/modules/*}" "$release"
sharer=''
for place in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd /usr/bin/virtiofsd; do
  if [[ -x $place ]]; then sharer=$place && break; fi
done
[[ $sharer ]] || give_up "virtiofsd is not installed; apt-get install virtiofsd or qemu-system-common"
qemu=$(command -v qemu-system-x86_64) ||
  give_up "qemu-system-x86_64 is not installed; apt-get install qemu-system-x86 brings it"

# A /dev/kvm without virtualisation of the processor below it takes orders and runs no kernel.
if [[ -w /dev/kvm && ! -d /sys/module/kvm_pvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
  machine=(-machine "q35,accel=kvm,memory-backend=memory" -cpu host)
else
  machine=(-machine "q35,accel=tcg,memory-backend=memory" -cpu max)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/vm.XXXXXX") || exit 125
chmod 755 "$work"
guest='' clock=''
leave() {
  trap - EXIT INT TERM HUP
  if [[ $guest ]]; then kill -KILL "$guest" && wait "$guest"; fi 2>/dev/null
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

# The guest's first program. Its ports to the outside are found by name.
{
  printf '#!/bin/bash\nwork=%q library=%q modules=%q\n' "$work" "$library" "$modules"
  cat <<'INIT'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
stop() {
  sleep 0.2
  echo b >/proc/sysrq-trigger
  sleep 20
}
fail() {
  echo "init: $*"
  echo "status 125" >&9
  stop
}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
for port in /sys/class/virtio-ports/*; do
  case $(<"$port/name") in
    out) out_port=/dev/${port##*/} ;;
    err) err_port=/dev/${port##*/} ;;
    said) exec 9>"/dev/${port##*/}" ;;
  esac
done
release=$(uname -r)
mount -t tmpfs -o size=80% tmpfs /run || fail "no tmpfs"
mkdir -p /run/kernel/lib/modules /run/over
ln -s "$library" "/run/kernel/lib/modules/$release"
modprobe -d /run/kernel overlay || fail "no module overlay"
mount -t tmpfs -o size=80% tmpfs /run/over
mkdir /run/over/upper /run/over/work /run/over/root
mount -t overlay -o lowerdir=/,upperdir=/run/over/upper,workdir=/run/over/work \
  overlay /run/over/root || fail "no overlay"
cd /run/over/root
umount /proc /sys
mount --move /dev dev
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
ln -s "$library" "/lib/modules/$release"
modprobe -a $modules || echo "init: not all modules are there"
ip link set lo up
mkfifo /run/out /run/err
cat </run/out >"$out_port" & out=$!
cat </run/err >"$err_port" & err=$!
bash "$work/command" </dev/null >/run/out 2>/run/err 9>&-
status=$?
for n in 1 2 3 4 5 6 7 8 9 10; do  # something left behind may hold the pipes: not for ever
  kill -0 $out 2>/dev/null || kill -0 $err 2>/dev/null || break
  sleep 0.1
done
echo "status $status" >&9
stop
INIT
} >"$work/init"

# Leads namespaces of its own for processes and mounts: one KILL ends QEMU and who shares the files.
{
  printf 'work=%q sharer=%q\nqemu=(' "$work" "$sharer"
  printf ' %q' "$qemu" "${machine[@]}" -smp 2 -m "$memory" -nodefaults -no-user-config \
    -display none -monitor none -no-reboot \
    -object "memory-backend-memfd,id=memory,size=$memory,share=on" -kernel "$kernel" \
    -append "root=root rootfstype=virtiofs ro init=$work/init console=ttyS0 quiet loglevel=4 panic=-1 reboot=t tsc=reliable pci=lastbus=0" \
    -chardev "socket,id=files,path=$work/files" \
    -device vhost-user-fs-pci,chardev=files,tag=root,queue-size=1024 -device virtio-serial-pci
  for name in out err said; do
    printf ' %q' -chardev "file,id=$name,path=$work/$name" \
      -device "virtserialport,chardev=$name,name=$name"
  done
  printf ' %q' -serial "file:$work/log"
  printf ' )\n'
  cat <<'BOX'
mkdir "$work/files.ro"
mount --bind / "$work/files.ro" && mount -o remount,ro,bind "$work/files.ro" || exit 9
"$sharer" --socket-path="$work/files" -o source="$work/files.ro" -o cache=auto -o sandbox=chroot \
  -o log_level=err >"$work/sharer.log" 2>&1 &
for n in {1..200}; do
  [[ -S $work/files ]] && break
  sleep 0.02
done
"${qemu[@]}" </dev/null >"$work/qemu.log" 2>&1
exit 0
BOX
} >"$work/box"
chmod 755 "$work/init" "$work/command"

mkfifo "$work/out" "$work/err" "$work/said" || exit 125
# Held open both ways, so that nobody waits for the other end; closed when the guest is gone.
exec 6<>"$work/out" 7<>"$work/err" 8<>"$work/said"
cat "$work/out" 6>&- 7>&- 8>&- & readers=($!)
cat "$work/err" >&2 6>&- 7>&- 8>&- & readers+=($!)
cat "$work/said" >"$work/status" 6>&- 7>&- 8>&- & readers+=($!)
setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child=KILL \
  bash "$work/box" 6>&- 7>&- 8>&- &
guest=$!
setpriv --pdeathsig KILL sleep "$patience" </dev/null >/dev/null 2>&1 6>&- 7>&- 8>&- &
clock=$!
wait -n "$guest" "$clock" 2>/dev/null
late=''
if kill -0 "$clock" 2>/dev/null; then
  kill "$clock"
else
  late=yes
  kill -KILL "$guest" 2>/dev/null
fi
{ wait "$guest" "$clock"; } 2>/dev/null
guest='' clock=''
exec 6>&- 7>&- 8>&-
wait "${readers[@]}" 2>/dev/null

status=$(sed -n 's/^status \([0-9]*\).*/\1/p' "$work/status" | tail -1)
[[ $status ]] && exit "$status"
if [[ $late ]]; then
  echo "run_in_vm: time was up after $patience s, the guest is ended" >&2
  exit 124
fi
tail -25 "$work/log" | tr -d '\r' >&2
cat "$work/qemu.log" "$work/sharer.log" >&2
give_up "the guest gave no status; above is the end of its logs"
