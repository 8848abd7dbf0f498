# shellcheck shell=bash
# The machines of the pool: which there are, how one is made and removed.
#
# A machine is a folder, $STATE/machines/NAME, with `release`, `kind` and, for one that was asked for, `token`. The folder is there before anything
# else of the machine and goes after everything else but its disk, which is in $STATE/removed by then. So whoever makes or removes one may be killed at
# any moment: what is left is listed, and a disk goes with the next machine that is removed.

# The first ones are the lab's own; they are what Tidegate finds, so they have no token.
FIRST_WORKERS="w1 w2 w3"
# An address ends in the number: w1 has .11, w99 has .199.
MOST_WORKERS=99

machine_is_there() { [[ $1 =~ ^w[0-9]+$ && -d $STATE/machines/$1 ]]; }
machine_says() { cat "$STATE/machines/$1/$2" 2>/dev/null || true; }

# In the order of their numbers, one a line.
workers() {
  if [[ -d $STATE/machines ]]; then
    find "$STATE/machines" -mindepth 1 -maxdepth 1 -type d -name 'w*' -printf '%f\n' | sort -V
  else
    tr ' ' '\n' <<<"$FIRST_WORKERS"
  fi
}

nodes() { printf '%s' "$MANAGER$(workers | sed 's/^/ /' | tr -d '\n')"; }

# Those that are in the Swarm as soon as they run.
joining_workers() {
  local node
  for node in $(workers); do
    if [[ $(machine_says "$node" kind) != never-joins ]]; then printf '%s\n' "$node"; fi
  done
}

# Once: what became of the first machines is not undone by another lab/up.
machines_first() {
  local node
  [[ ! -d $STATE/machines ]] || return 0
  rm -rf "$STATE/machines.new"
  for node in $FIRST_WORKERS; do
    mkdir -p "$STATE/machines.new/$node"
    printf '%s' "$FIRST_RELEASE" >"$STATE/machines.new/$node/release"
    printf good >"$STATE/machines.new/$node/kind"
  done
  printf '%s' "$(wc -w <<<"$FIRST_WORKERS")" >"$STATE/machines.new/last"
  release_announce "$FIRST_RELEASE" good
  mv "$STATE/machines.new" "$STATE/machines"
}

# The next number that is free. One that was used comes back only after all others: Swarm may still list a removed node under its name.
machine_next() {
  local last step number
  last=$(cat "$STATE/machines/last")
  for ((step = 0; step < MOST_WORKERS; step++)); do
    number=$(((last + step) % MOST_WORKERS + 1))
    [[ -d $STATE/machines/w$number ]] || {
      printf '%s' "$number"
      return
    }
  done
  return 1
}

# machine_of TOKEN: prints its name, or nothing.
machine_of() {
  local node
  for node in $(workers); do
    if [[ $(machine_says "$node" token) == "$1" ]]; then
      printf '%s' "$node"
      return
    fi
  done
}

# machine_new TOKEN RELEASE KIND: gives it a number and its folder, in one step; its name is left in MADE.
MADE=""
machine_new() {
  local number new=$STATE/machines/.new
  number=$(machine_next) || die "all $MOST_WORKERS machines are there already"
  rm -rf "$new"
  mkdir "$new"
  printf '%s' "$1" >"$new/token"
  printf '%s' "$2" >"$new/release"
  printf '%s' "$3" >"$new/kind"
  printf '%s' "$number" >"$STATE/machines/last"
  mv "$new" "$STATE/machines/w$number"
  # shellcheck disable=SC2034  # for the caller
  MADE=w$number
}

# machine_boot NAME TOKEN: switches it on, also where that was cut off before. It joins by itself, with the Swarm's token; nothing here waits for it.
machine_boot() {
  local node=$1 data=$STATE/nodes/$1
  mkdir -p "$data"
  if [[ ! -s $data/join ]]; then
    (
      umask 077
      printf '%s %s %s\n' "$2" "$(node_address "$MANAGER"):2377" "$(node_address "$node")" >"$data/join.new"
      mv "$data/join.new" "$data/join"
    )
  fi
  node_network_up "$node"
  node_start "$node"
}

# machine_update NAME RELEASE KIND: an orderly shutdown, the release, and on again, from wherever that was cut off before.
machine_update() {
  local node=$1
  if [[ $(machine_says "$node" release) != "$2" ]]; then
    node_stop "$node" TERM
    # A machine that starts has no firewall rules from before.
    node_network_down "$node"
    machine_membership "$node" "$3"
    printf '%s' "$3" >"$STATE/machines/$node/kind"
    # Last, and in one step: it says that the rest is done.
    printf '%s' "$2" >"$STATE/machines/$node/.release"
    mv "$STATE/machines/$node/.release" "$STATE/machines/$node/release"
  fi
  node_network_up "$node"
  node_start "$node"
}

# Under a release that never joins, a node that is a member is none; the next release finds its membership again.
machine_membership() {
  local data=$STATE/nodes/$1
  if [[ $2 == never-joins ]]; then
    [[ ! -d $data/root/swarm || -d $data/swarm.kept ]] || mv "$data/root/swarm" "$data/swarm.kept"
  elif [[ -d $data/swarm.kept ]]; then
    rm -rf "$data/root/swarm"
    mv "$data/swarm.kept" "$data/root/swarm"
  fi
}

# As if the machine had never been: a power cut, then everything of it.
machine_remove() {
  local node=$1 network
  # Whoever asks for this waits for it, and the kernel takes its time over a link: so beside the rest.
  node_network_down "$node" &
  network=$!
  node_stop "$node" KILL
  nothing_mounted "$STATE/nodes/$node"
  mkdir -p "$STATE/removed"
  [[ ! -d $STATE/nodes/$node ]] || mv "$STATE/nodes/$node" "$STATE/removed/$node.$$"
  rm -rf "$RUN/${node:?}"
  # Its disk and its control groups: nobody needs to wait for these. No other machine has its name soon, and lab/down takes what is left of them.
  { forget_cgroups "$LAB_NAME/$node"; rm -rf "$STATE/removed/"*; } >/dev/null 2>&1 </dev/null 9>&- &
  wait "$network"
  # In one step: a list must not show it without its token.
  rm -rf "$STATE/machines/.gone"
  mv "$STATE/machines/$node" "$STATE/machines/.gone"
  rm -rf "$STATE/machines/.gone"
}
