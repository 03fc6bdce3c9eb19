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

. "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

patience=300 memory=1536M
modules="dummy veth nf_conntrack nf_nat nf_tables nft_chain_nat ip_vs sctp"
read_command_line "$@"

kernel='' library=''
for root in "${SVCDNS_VM:-/}" /; do
  for image in "${root%/}"/boot/vmlinuz-*; do
    release=${image##*/vmlinuz-}
    found=${root%/}/lib/modules
    [[ -d $found/$release ]] || found=${root%/}/usr/lib/modules
    if [[ -f $image ]] && grep -qs virtiofs "$found/$release/modules.builtin"; then
      kernel=$image library=$found
      break 2
    fi
  done
done
[[ $kernel ]] || give_up "no kernel with virtiofs built in; make test-vm fetches one from Debian"
[[ -f $library/$release/modules.dep ]] || depmod -b "${library%/lib/modules}" "$release"
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

end_guest() { kill -KILL "$guest" 2>/dev/null; }
make_work

# Its ports to the outside are found by name.
write_programs <<'INIT'
power_off() { echo b >/proc/sysrq-trigger; }
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
INIT

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

mkfifo "$work/out" "$work/err" "$work/said" || exit 125
# Held open both ways, so that nobody waits for the other end; closed when the guest is gone.
exec 6<>"$work/out" 7<>"$work/err" 8<>"$work/said"
cat "$work/out" 6>&- 7>&- 8>&- & readers=($!)
cat "$work/err" >&2 6>&- 7>&- 8>&- & readers+=($!)
cat "$work/said" >"$work/status" 6>&- 7>&- 8>&- & readers+=($!)
with=(setpriv --pdeathsig KILL)
"${with[@]}" unshare --mount --propagation private --pid --fork --kill-child=KILL \
  bash "$work/box" 6>&- 7>&- 8>&- &
guest=$!
await_guest
cat "$work/qemu.log" "$work/sharer.log" >&2
give_up "the guest gave no status; above is the end of its logs"
