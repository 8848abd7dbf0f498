# shellcheck shell=bash disable=SC2034  # the names set here are used by the files that source this one
# Names, places and messages that every part of the lab shares.
#
# Everything the lab makes carries LAB_NAME, so that two labs stand side by side and `lab/down` can tell its own things from others'.
# Kept to what an old bash understands: the preflight must be able to say "this is not Linux" there.

LAB_NAME=${LAB_NAME:-tglab}
LAB_SUBNET=${LAB_SUBNET:-10.77.0}

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=/var/lib/$LAB_NAME
RUN=/run/$LAB_NAME

MANAGER=m1

BRIDGE=${LAB_NAME}0
HOST_ADDRESS=$LAB_SUBNET.1
REGISTRY=$HOST_ADDRESS:5000
WEBHOOK=$HOST_ADDRESS:8377
TOKEN_FILE=$STATE/webhook.token
CONFIG=$STATE/tidegate.toml
SOCKET=$STATE/state/tidegate.sock

EXIT_USAGE=2
EXIT_CANNOT_CARRY=69

# The caller's proxies and ~/.docker would leak into builds, and the CLI would write its own files there.
export DOCKER_CONFIG=$STATE/docker-cli
export DOCKER_BUILDKIT=0
unset DOCKER_HOST DOCKER_CONTEXT

say() { printf '%s\n' "$*"; }
stage() { printf '%-9s %s\n' "$1" "$2"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
usage() { printf 'usage: %s\n' "$*" >&2; exit "$EXIT_USAGE"; }

cannot_carry() {
  printf "this machine cannot carry the lab: %s; 'cargo run -- demo' shows the same without it, './check --quick' works here\n" "$*" >&2
  exit "$EXIT_CANNOT_CARRY"
}

check_names() {
  # Interface names end at 15 characters, and the longest of ours is LAB_NAME plus "-w99".
  [[ $LAB_NAME =~ ^[a-z][a-z0-9]{0,10}$ ]] || usage "LAB_NAME: a letter, then up to 10 letters or digits; not '$LAB_NAME'"
  [[ $LAB_SUBNET =~ ^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$ ]] || usage "LAB_SUBNET: the first three numbers of a /24, such as 10.77.0; not '$LAB_SUBNET'"
}

check_node() {
  case " $(nodes) " in *" $1 "*) ;; *) usage "no node '$1'; there are: $(nodes)" ;; esac
}

# wait_for SECONDS COMMAND...: true as soon as the command is, false when the time is over. It looks often at first: most of what is waited for is
# near.
wait_for() {
  local deadline=$((SECONDS + $1)) pause=02
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep "0.$pause"
    case $pause in 02) pause=05 ;; 05) pause=1 ;; 1) pause=2 ;; esac
  done
}

# is_ours PID WORD: the process lives and has WORD in its command line, so a number that was reused is nobody we know.
is_ours() {
  [[ -n ${1:-} ]] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$2"
}

gone() { ! is_ours "$1" "$2"; }

# pid_of PIDFILE WORD: the process, also one that was started and whose number was not written any more. Its last word is one argument.
pid_of() {
  local pid file
  pid=$(cat "$1" 2>/dev/null || true)
  if is_ours "$pid" "$2"; then
    printf '%s' "$pid"
    return
  fi
  # A process that ends while it is looked at makes grep fail; that is no failure of ours.
  { grep -lasF -- "${2##* }" /proc/[0-9]*/cmdline 2>/dev/null || true; } | while IFS=/ read -r _ _ pid file; do
    if is_ours "$pid" "$2"; then printf '%s\n' "$pid"; fi
  done | head -n 1 || true
}

# stop_process PIDFILE WORD SECONDS: TERM, then KILL when that was not enough; returns once it is gone.
stop_process() {
  local pid
  pid=$(pid_of "$1" "$2")
  if [[ -n $pid ]]; then
    kill -TERM "$pid" 2>/dev/null || true
    wait_for "$3" gone "$pid" "$2" || kill -KILL "$pid" 2>/dev/null || true
    wait_for 5 gone "$pid" "$2" || die "process $pid ($2) does not end"
  fi
  rm -f "$1"
}

# Debian's CLI by its path: another `docker` earlier in PATH may be of any age.
docker_on() {
  local node=$1 cli=/usr/bin/docker
  shift
  [[ -x $cli ]] || cli=docker
  "$cli" -H "unix://$RUN/$node/docker.sock" "$@"
}
