# shellcheck shell=bash
# A node: a Docker Engine in namespaces of its own (lib/node-init.sh), with its socket at $RUN/NAME/docker.sock.

node_word() { printf 'node-init.sh %s %s' "$1" "$RUN/$1"; }
node_pid() { pid_of "$RUN/$1/node.pid" "$(node_word "$1")"; }
node_running() { [[ -n $(node_pid "$1") ]]; }
node_answers() { docker_on "$1" version; }

node_answers_or_died() { node_answers "$1" || ! node_running "$1"; }

# Returns at once; node_ready waits.
node_start() {
  local node=$1 data=$STATE/nodes/$1
  ! node_running "$node" || return 0
  mkdir -p "$RUN/$node" "$data"
  rm -f "$RUN/$node/docker.sock"
  # `ip netns exec` would remount /sys and hide the cgroups from the engine.
  setsid nsenter --net="/run/netns/$(node_link "$node")" \
    unshare --mount --uts --pid --fork --kill-child=KILL -- \
    "$LAB_DIR/lib/node-init.sh" "$node" "$RUN/$node" "$data" "$LAB_SUBNET" "/$LAB_NAME/$node" \
    "$(machine_says "$node" kind)" "$(service_port "$SICK_APP")" \
    >>"$data/dockerd.log" 2>&1 </dev/null 9>&- &
  echo $! >"$RUN/$node/node.pid"
}

node_ready() {
  wait_for 60 node_answers_or_died "$1" || true
  node_answers "$1" >/dev/null 2>&1 || die "node $1 does not answer: see $STATE/nodes/$1/dockerd.log"
}

# The first process inside, as the host numbers it. The one outside, `unshare`, ignores TERM.
node_inner_pid() { cut -d ' ' -f 1 "/proc/$1/task/$1/children" 2>/dev/null; }

# node_stop NAME TERM|KILL: an orderly shutdown, or a power cut. Returns once the engine and all it started are gone.
node_stop() {
  local node=$1 pid inner
  pid=$(node_pid "$node")
  if [[ -n $pid ]]; then
    inner=$(node_inner_pid "$pid" || true)
    [[ -z $inner ]] || kill "-$2" "$inner" 2>/dev/null || true
    if ! wait_for 25 gone "$pid" "$(node_word "$node")"; then
      # Its first process goes with it (--kill-child), and with that everything inside.
      kill -KILL "$pid" 2>/dev/null || true
      wait_for 10 gone "$pid" "$(node_word "$node")" || die "node $node (process $pid) does not end"
    fi
  fi
  rm -f "$RUN/$node/node.pid" "$RUN/$node/docker.sock"
}

# nothing_mounted PATH: nothing of ours is mounted any more: a node's mounts end with it. Were it otherwise, removing the directory would reach into them.
nothing_mounted() {
  ! grep -q " $1/" /proc/self/mountinfo || die "still mounted under $1: $(grep -o " $1/[^ ]*" /proc/self/mountinfo | head -n 3 | tr '\n' ' ')"
}

nodes_up() {
  local node
  for node in $(nodes); do node_start "$node"; done
  for node in $(nodes); do node_ready "$node"; done
  stage nodes "$(nodes) answer"
}

nodes_down() {
  local node
  for node in $(nodes); do node_stop "$node" KILL; done
  forget_cgroups "$LAB_NAME"
}

# forget_cgroups PATH: the kernel keeps a container's control groups until somebody removes them.
forget_cgroups() {
  local top
  for top in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
    [[ -d $top ]] || continue
    find "$top" -depth -type d -exec rmdir {} + 2>/dev/null || wait_for 5 find "$top" -depth -type d -exec rmdir {} + || true
  done
}
