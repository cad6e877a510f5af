#!/usr/bin/env bash
# A throw-away SLURM on this machine: a real controller, three virtual nodes, n2 and n3 with two
# fake GPUs each. For tests, and for trying the launcher. Needs root, no systemd and no real GPU.
#
#   scripts/dev_slurm.sh install                     Debian's packages, where any is missing
#   eval "$(scripts/dev_slurm.sh up DIR)"            start; prints `export SLURM_CONF=…`
#   eval "$(scripts/dev_slurm.sh up DIR --no-accounting)"    the same without slurmdbd: sacct fails
#   scripts/dev_slurm.sh status DIR                  exit code 0: all runs, 3: something does not
#   scripts/dev_slurm.sh down DIR                    cancel the jobs, stop everything
#
# Everything lies in DIR: settings, keys, database, logs, pid files, chosen ports. Several clusters
# can live side by side. `up` after `down` in the same DIR goes on with its job numbers and history.
#
# Partitions
#   normal       all nodes; the default; neither preempts nor is preempted
#   preemptible  n2, n3; requeued when `urgent` wants the place, after the grace time
#   urgent       n2, n3; preempts `preemptible`
#   short        all nodes; jobs end after the short limit
#
# Limits, by environment variables that `up` reads
#   DEV_SLURM_CPUS=8            CPUs that each node pretends to have
#   DEV_SLURM_MEMORY=64000      MiB that each node pretends to have
#   DEV_SLURM_GPUS=2            GPUs that n2 and n3 pretend to have, at least 1
#   DEV_SLURM_SHORT_LIMIT=1     minutes that a job of partition short may last
#   DEV_SLURM_GRACE=3           seconds from the SIGTERM of a preemption to the end of the job; the
#                               end is not sooner than kill wait + message timeout + 1 (unless 0)
#   DEV_SLURM_KILL_WAIT=2       seconds from the SIGTERM of a job's end to its SIGKILL
#   DEV_SLURM_REQUEUE_WAIT=5    seconds that a requeued job waits; SLURM knows nothing below 5
#   DEV_SLURM_NODE_TIMEOUT=9    seconds of silence after which a node counts as lost
#   DEV_SLURM_MESSAGE_TIMEOUT=3 seconds that any of the programs waits for another's answer
#   DEV_SLURM_PREEMPT=          PreemptParameters, such as send_user_signal
set -euo pipefail
umask 022
export PATH="$PATH:/usr/sbin:/sbin"

readonly PACKAGES=(slurm-wlm munge slurmdbd slurm-wlm-mysql-plugin
  mariadb-server-core mariadb-client-core)
readonly COMMANDS=(slurmctld slurmd sbatch munged slurmdbd mariadbd mariadb mariadb-install-db)
readonly NODES=(n1 n2 n3)
# Clients before the servers that they talk to: the order in which daemons stop.
readonly DAEMONS=(slurmd-n1 slurmd-n2 slurmd-n3 slurmctld slurmdbd mariadbd munged)

say() { printf 'dev_slurm: %s\n' "$1" >&2; }

die() { # MESSAGE HINT
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 2
}

usage() { die "$1" "scripts/dev_slurm.sh install | up DIR [--no-accounting] | status DIR | down DIR"; }

missing_commands() {
  local name
  for name in "${COMMANDS[@]}"; do command -v "$name" >/dev/null || printf '%s ' "$name"; done
}

# ---------------------------------------------------------------- install

install_packages() {
  local missing
  missing=$(missing_commands)
  if [[ -z $missing ]]; then
    say "everything is installed already"
    return
  fi
  [[ $EUID == 0 ]] || die "packages can be installed by root only; missing: $missing" \
    "run as root, or in a container"
  command -v apt-get >/dev/null || die "no apt-get here; missing: $missing" \
    "install SLURM, munge and MariaDB by your system's own means, or use a Debian container"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >&2
  # The -core packages of MariaDB bring no service that would start by itself.
  apt-get -qq install -y --no-install-recommends "${PACKAGES[@]}" >&2
  missing=$(missing_commands)
  [[ -z $missing ]] || die "still missing after apt-get install: $missing" \
    "this script is made for Debian 12's packages; find out which package of yours holds them"
}

# ---------------------------------------------------------------- processes

# The pid of a running daemon, from its pid file; nothing if it does not run. Asks for the program
# that the pid runs: a pid may have passed to a stranger, and where nobody reaps orphans, as in many
# containers, `kill -0` calls the dead alive.
pid_of() { # DAEMON
  local pid program
  [[ -s $dir/$1.pid ]] || return 0
  pid=$(<"$dir/$1.pid")
  program=$(readlink "/proc/$pid/exe" || true)
  program=${program##*/}
  program=${program% (deleted)}
  # Debian's programs are called slurmd-wlm and slurmctld-wlm.
  if [[ ${program%-wlm} == "${1%-n[0-9]}" ]]; then echo "$pid"; fi
}

running() { # every daemon that runs
  local name
  for name in "${DAEMONS[@]}"; do
    [[ -z $(pid_of "$name") ]] || echo "$name"
  done
}

wait_until() { # SECONDS COMMAND…
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

stopped() { [[ -z $(pid_of "$1") ]]; }

stop() { # DAEMON
  local pid
  pid=$(pid_of "$1")
  if [[ -n $pid ]]; then
    kill -TERM "$pid" 2>/dev/null || true
    if ! wait_until 20 stopped "$1"; then
      say "$1 does not stop; killing it"
      kill -KILL "$pid" 2>/dev/null || true
    fi
  fi
  rm -f "$dir/$1.pid"
}

# What a killed slurmd leaves behind: slurmstepd's, known by the log they write, and the processes of
# jobs, known by their environment. SLURM_CONF alone is no proof: the user's own shell has it too.
leftovers() {
  local environ
  find /proc/[0-9]*/fd -maxdepth 1 -lname "$dir/log/slurmd-n[123].log" 2>/dev/null |
    cut -d/ -f3 | sort -u || true
  grep -lszxF "SLURM_CONF=$dir/slurm.conf" /proc/[0-9]*/environ | while read -r environ; do
    if grep -qsz '^SLURMD_NODENAME=' "$environ"; then cut -d/ -f3 <<<"$environ"; fi
  done || true
}

# A killed process is gone only a little later, and may have started another one meanwhile.
kill_leftovers() {
  local pid
  for pid in $(leftovers); do
    kill -KILL "$pid" 2>/dev/null || true
  done
  [[ -z $(leftovers) ]]
}

stop_everything() {
  local name pid
  # The nodes first, all at once; a slurmd does not wait for its jobs.
  for name in "${DAEMONS[@]}"; do
    pid=$(pid_of "$name")
    if [[ $name == slurmd-* && -n $pid ]]; then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "${DAEMONS[@]}"; do stop "$name"; done
  wait_until 20 kill_leftovers || say "processes of jobs do not end: $(leftovers | tr '\n' ' ')"
}

# ---------------------------------------------------------------- settings

# A block of ports below the range that the kernel gives to outgoing connections, so that none is
# taken between this look and the daemon's start; random, so that two clusters that start at the same
# moment do not meet.
choose_ports() {
  local listening base port free
  listening=" $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk '{ sub(".*:", "", $2); print $2 }' | tr '\n' ' ') "
  for _ in {1..100}; do
    base=$((10000 + RANDOM % 2000 * 10))
    free=yes
    for port in {0..4}; do
      [[ $listening != *" $(printf '%04X' $((base + port))) "* ]] || free=no
    done
    [[ $free == no ]] || break
  done
  [[ $free == yes ]] || die "no free block of ports between 10000 and 30000" "stop other servers"
  printf '%s\n' "slurmctld=$base" "slurmdbd=$((base + 1))" "slurmd_n1=$((base + 2))" \
    "slurmd_n2=$((base + 3))" "slurmd_n3=$((base + 4))" >"$dir/ports"
}

write_settings() {
  local slurmctld slurmdbd slurmd_n1 slurmd_n2 slurmd_n3 host node gpus accounting i
  # shellcheck disable=SC1091 # made by choose_ports
  source "$dir/ports"
  host=$(uname -n)
  host=${host%%.*}
  gpus=${DEV_SLURM_GPUS:-2}
  node="NodeHostname=$host NodeAddr=127.0.0.1 CPUs=${DEV_SLURM_CPUS:-8}"
  node+=" RealMemory=${DEV_SLURM_MEMORY:-64000} State=UNKNOWN"
  accounting="AccountingStorageType=accounting_storage/none"
  if [[ $with_accounting == yes ]]; then
    accounting="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$slurmdbd
AccountingStoragePass=$dir/munge/socket
AccountingStorageTRES=gres/gpu"
  fi

  cat >"$dir/slurm.conf" <<CONF
ClusterName=dev
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$slurmctld
SlurmUser=root
AuthType=auth/munge
# A requeued job waits one second longer than credentials live (default: 120).
AuthInfo=socket=$dir/munge/socket,cred_expire=${DEV_SLURM_REQUEUE_WAIT:-5}
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
$accounting

# No cgroups: containers often forbid them. CPUs, memory and GPUs of the nodes are fiction.
ProctrackType=proctrack/linuxproc
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu

# Short waits. Defaults: a look at the queue every 60 s, backfill every 30 s, batch jobs 3 s late.
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1,batch_sched_delay=0
KillWait=${DEV_SLURM_KILL_WAIT:-2}
# A dead node is noticed after about four MessageTimeouts (measured: 11 s for 2 s, 12 s for 3 s, 17 s
# for 5 s, 25 s for 10 s); SlurmdTimeout matters only above that.
SlurmdTimeout=${DEV_SLURM_NODE_TIMEOUT:-9}
MessageTimeout=${DEV_SLURM_MESSAGE_TIMEOUT:-3}
# Not to be had shorter: time limits are looked at every 30 s. So a job ends up to 30 s late, and the
# signal of --signal comes up to 30 s early.

PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
${DEV_SLURM_PREEMPT:+PreemptParameters=$DEV_SLURM_PREEMPT}
JobRequeue=1
# A node that comes back after being lost works again at once.
ReturnToService=2
# Ended jobs stay visible to squeue and scontrol for a day.
MinJobAge=86400
MaxArraySize=10001

NodeName=n1 Port=$slurmd_n1 $node
NodeName=n2 Port=$slurmd_n2 Gres=gpu:h100:$gpus $node
NodeName=n3 Port=$slurmd_n3 Gres=gpu:h100:$gpus $node
PartitionName=DEFAULT MaxTime=1-00:00:00 DefaultTime=60 PriorityTier=1 PreemptMode=off State=UP
PartitionName=normal Nodes=n[1-3] Default=YES
PartitionName=short Nodes=n[1-3] MaxTime=${DEV_SLURM_SHORT_LIMIT:-1} DefaultTime=${DEV_SLURM_SHORT_LIMIT:-1}
PartitionName=preemptible Nodes=n[2-3] PreemptMode=requeue GraceTime=${DEV_SLURM_GRACE:-3}
PartitionName=urgent Nodes=n[2-3] PriorityTier=10
CONF

  # SLURM wants character devices; links spare us mknod, which containers often forbid.
  for ((i = 0; i < gpus; i++)); do ln -sf /dev/null "$dir/dev/gpu$i"; done
  echo "NodeName=n[2-3] Name=gpu Type=h100 File=$dir/dev/gpu[0-$((gpus - 1))]" >"$dir/gres.conf"
  # Read even where no plugin uses it, and without it SLURM looks for cgroups' version.
  echo "CgroupPlugin=cgroup/v1" >"$dir/cgroup.conf"

  # slurmdbd looks for this file beside slurm.conf.
  cat >"$dir/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$slurmdbd
SlurmUser=root
PidFile=$dir/slurmdbd.pid
LogFile=$dir/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
CONF
  chmod 600 "$dir/slurmdbd.conf"
}

# ---------------------------------------------------------------- up

# A daemon that cannot start says why in its log, or in its output before it has one.
fail() { # DAEMON [WHAT WAITED FOR IT]
  local file
  for file in "$dir/log/$1".{log,out} ${2:+"$dir/log/$2.out"}; do
    if [[ -s $file ]]; then tail -n 8 "$file" | sed "s/^/dev_slurm: $1: /" >&2; fi
  done
  die "$1 does not start" "the whole log is in $dir/log"
}

# Starts a daemon that goes to the background by itself. Not ours, its output: whoever reads the
# output of `up` would wait for ever.
daemon() { # NAME COMMAND…
  local name=$1
  shift
  "$@" </dev/null >"$dir/log/$name.out" 2>&1 || fail "$name"
}

# Waits until COMMAND succeeds, also on a busy machine. A daemon that is gone after some seconds does
# not come any more.
await() { # NAME COMMAND…
  local name=$1 start=$SECONDS
  shift
  until "$@" >"$dir/log/await.out" 2>&1; do
    if ((SECONDS - start > 300)) || { ((SECONDS - start > 15)) && stopped "$name"; }; then
      fail "$name" await
    fi
    sleep 0.05
  done
}

start_munge() {
  if [[ ! -s $dir/munge/key ]]; then
    head -c 128 /dev/urandom >"$dir/munge/key"
    chmod 400 "$dir/munge/key"
  fi
  daemon munged munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munged.pid" --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed"
  await munged munge -S "$dir/munge/socket" -n
}

sql() { mariadb --no-defaults --user=root --socket="$dir/database/socket" --execute="$1"; }

start_database() {
  # A database to be thrown away need not wait for the disk: seconds where that is busy.
  local -r no_sync=(--debug-no-sync --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0)
  if [[ ! -d $dir/database/data/mysql ]]; then
    # --force: a host whose own name does not resolve is no obstacle.
    daemon mariadb-install-db mariadb-install-db --no-defaults --force --user=root --skip-test-db \
      --datadir="$dir/database/data" --auth-root-authentication-method=normal \
      "${no_sync[@]}"
  fi
  setsid mariadbd --no-defaults --user=root --datadir="$dir/database/data" \
    --tmpdir="$dir/database/tmp" --socket="$dir/database/socket" --skip-networking \
    --pid-file="$dir/mariadbd.pid" --log-error="$dir/log/mariadbd.log" \
    --innodb-buffer-pool-size=64M --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 \
    "${no_sync[@]}" </dev/null >"$dir/log/mariadbd.out" 2>&1 &
  echo $! >"$dir/mariadbd.pid"
  await mariadbd sql "CREATE DATABASE IF NOT EXISTS slurm_acct_db"
}

start_accounting() {
  # The client library of MariaDB finds our socket by this variable.
  MYSQL_UNIX_PORT="$dir/database/socket" daemon slurmdbd slurmdbd
  await slurmdbd sacctmgr --noheader list cluster
  if [[ -z $(sacctmgr --noheader list cluster dev) ]]; then
    sacctmgr --immediate add cluster dev >"$dir/log/sacctmgr.out" 2>&1 || fail sacctmgr
  fi
}

all_idle() { [[ $(sinfo --noheader --Node --partition=normal --states=idle | wc -l) == 3 ]]; }

# shellcheck disable=SC2317 # called by the trap
give_up() {
  local status=$?
  trap - EXIT
  stop_everything
  exit "$status"
}

up() {
  local missing name
  missing=$(missing_commands)
  [[ -z $missing ]] || die "not installed: $missing" "scripts/dev_slurm.sh install"
  [[ $EUID == 0 ]] || die "only root can start SLURM's daemons" "run as root, or in a container"
  [[ $dir =~ ^[A-Za-z0-9/._+@-]{1,70}$ ]] || die \
    "$dir: SLURM wants a path of at most 70 plain letters" "choose a folder such as /tmp/slurm"
  [[ -z $(running) ]] || die "a cluster runs in $dir already" \
    "export SLURM_CONF=$dir/slurm.conf to use it, or scripts/dev_slurm.sh down $dir"

  mkdir -p "$dir"/{state,log,munge,dev,database/tmp}
  rm -f "$dir"/log/*.out
  trap give_up EXIT
  choose_ports
  write_settings
  export SLURM_CONF=$dir/slurm.conf
  start_munge
  if [[ $with_accounting == yes ]]; then
    start_database
    start_accounting
  fi
  daemon slurmctld slurmctld
  for name in "${NODES[@]}"; do
    daemon "slurmd-$name" slurmd -N "$name"
  done
  await slurmctld all_idle
  trap - EXIT
  say "three nodes are up; stop them with: scripts/dev_slurm.sh down $dir"
  echo "export SLURM_CONF=$SLURM_CONF"
}

# ---------------------------------------------------------------- down, status

no_jobs() { [[ -z $(timeout 5 squeue --noheader --format=%A --states=PD,R,CG,S) ]]; }

down() {
  local jobs
  export SLURM_CONF=$dir/slurm.conf
  if [[ -n $(pid_of slurmctld) && -n $(pid_of munged) ]]; then
    jobs=$(timeout 5 squeue --noheader --format=%A | sort -u) || true
    if [[ -n $jobs ]]; then
      # shellcheck disable=SC2086 # one argument a job
      timeout 10 scancel $jobs || true
      wait_until $((${DEV_SLURM_KILL_WAIT:-2} + 2)) no_jobs || true
    fi
  fi
  stop_everything
}

status() {
  local name pid result=0
  for name in "${DAEMONS[@]}"; do
    if [[ $name =~ ^(slurmdbd|mariadbd)$ && $(with_dbd) == no ]]; then continue; fi
    pid=$(pid_of "$name")
    echo "$name ${pid:-does not run}"
    [[ -n $pid ]] || result=3
  done
  if [[ -n $(pid_of slurmctld) ]]; then
    SLURM_CONF=$dir/slurm.conf timeout 10 sinfo || result=3
  fi
  return "$result"
}

with_dbd() {
  if grep -qs '^AccountingStorageType=accounting_storage/slurmdbd' "$dir/slurm.conf"; then
    echo yes
  else
    echo no
  fi
}

# ---------------------------------------------------------------- main

command=${1:-}
[[ -n $command ]] || usage "no command given"
shift
if [[ $command == install ]]; then
  [[ $# == 0 ]] || usage "install takes no argument: $1"
  install_packages
  exit
fi
[[ $command =~ ^(up|down|status)$ ]] || usage "no such command: $command"
[[ -n ${1:-} && $1 != -* ]] || usage "$command needs a folder"
dir=$(realpath --canonicalize-missing -- "$1")
shift
with_accounting=yes
if [[ $command == up && ${1:-} == --no-accounting ]]; then
  with_accounting=no
  shift
fi
[[ $# == 0 ]] || usage "no such option of $command: $1"
"$command"
