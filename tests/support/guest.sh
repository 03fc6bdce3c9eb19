# shellcheck shell=bash disable=SC2034,SC2154
# What run_in_uml.sh and run_in_vm.sh have in common: the first half is for them, the second for the
# first program of their guests. Each says what is its own in variables and functions, named below.

# --- on this machine -------------------------------------------------------------------------------

runner=${0##*/} runner=${runner%.sh}

give_up() {
  echo "$runner: $*" >&2
  exit 125
}

# Sets patience, memory, environment and words, the command.
read_command_line() {
  environment=()
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
  words=("$@")
}

# Makes the folder work, which goes with this script, and with the guest: end_guest is the caller's.
make_work() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/${runner##*_}.XXXXXX") || exit 125
  chmod 755 "$work"
  guest='' clock=''
  trap leave EXIT
  trap 'leave; exit 130' INT
  trap 'leave; exit 143' TERM HUP
}

leave() {
  trap - EXIT INT TERM HUP
  if [[ $guest ]]; then end_guest && wait "$guest"; fi 2>/dev/null
  if [[ $clock ]]; then kill "$clock" && wait "$clock"; fi 2>/dev/null
  rm -rf "$work"
}

# Writes the command, and the guest's first program: what is on standard input, then the second half.
write_programs() {
  {
    printf 'cd %q\n' "$PWD"
    printf 'export PATH=%q HOME=/root TERM=dumb LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1\n' \
      "$PATH:/usr/sbin:/sbin:/usr/bin:/bin"
    local pair
    for pair in ${environment[@]+"${environment[@]}"}; do printf 'export %q\n' "$pair"; done
    printf 'exec'
    printf ' %q' "${words[@]}"
    printf '\n'
  } >"$work/command"
  {
    printf '#!/bin/bash\nwork=%q library=%q modules=%q\n' "$work" "$library" "$modules"
    printf 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n. %q\n' "$(realpath "${BASH_SOURCE[0]}")"
    cat
    printf 'enter_root\nrun_command\n'
  } >"$work/init"
  chmod 755 "$work/init" "$work/command"
}

# Ends with what the command ended with. `with` is what a child of ours is started by. Descriptors
# from 6 to 8 may hold pipes open until the guest is gone.
await_guest() {
  "${with[@]}" sleep "$patience" </dev/null >/dev/null 2>&1 6>&- 7>&- 8>&- &
  clock=$!
  wait -n "$guest" "$clock" 2>/dev/null
  local late=''
  if kill -0 "$clock" 2>/dev/null; then
    kill "$clock"
  else
    late=yes
    end_guest
  fi
  { wait "$guest" "$clock"; } 2>/dev/null
  guest='' clock=''
  exec 6>&- 7>&- 8>&-
  wait "${readers[@]}" 2>/dev/null
  local status
  status=$(sed -n 's/^status \([0-9]*\).*/\1/p' "$work/status" | tail -1)
  [[ $status ]] && exit "$status"
  if [[ $late ]]; then
    echo "$runner: time was up after $patience s, the guest is ended" >&2
    exit 124
  fi
  tail -25 "$work/log" | tr -d '\r' >&2
}

# --- in the guest: out_port, err_port, descriptor 9 for us, and power_off are its own -------------

fail() {
  echo "init: $*"
  echo "status 125" >&9
  stop
}

stop() {
  sleep 0.2
  power_off
  sleep 20
}

# Makes this machine's files, read-only as they are, the lower half of a root that can be written to.
enter_root() {
  local release
  release=$(uname -r)
  mount -t tmpfs -o size=80% tmpfs /run || fail "no tmpfs"
  mkdir -p /run/kernel/lib /run/over
  ln -s "$library" /run/kernel/lib/modules
  modprobe -d /run/kernel overlay || fail "no module overlay"
  mount -t tmpfs -o size=80% tmpfs /run/over
  mkdir /run/over/upper /run/over/work /run/over/root
  mount -t overlay -o lowerdir=/,upperdir=/run/over/upper,workdir=/run/over/work \
    overlay /run/over/root || fail "no overlay"
  cd /run/over/root || fail "no root"
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
  # shellcheck disable=SC2086 # several words
  modprobe -a $modules || echo "init: not all modules are there"
  ip link set lo up
}

# Through pipes: a terminal would keep what is written last, and hold up a slow reader's writer.
run_command() {
  local out err status n
  mkfifo /run/out /run/err
  cat </run/out >"$out_port" 9>&- & out=$!
  cat </run/err >"$err_port" 9>&- & err=$!
  bash "$work/command" </dev/null >/run/out 2>/run/err 9>&-
  status=$?
  for n in 1 2 3 4 5 6 7 8 9 10; do # something left behind may hold the pipes: not for ever
    kill -0 $out 2>/dev/null || kill -0 $err 2>/dev/null || break
    sleep 0.1
  done
  echo "status $status" >&9
  stop
}
