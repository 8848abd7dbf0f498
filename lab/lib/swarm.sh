# shellcheck shell=bash
# The nodes become one Swarm: m1 manages, the others work.

swarm_state() { docker_on "$1" info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null; }
swarm_active() { [[ $(swarm_state "$1") == active ]]; }
swarm_complete() {
  [[ $(docker_on "$MANAGER" node ls --format '{{.Status}}' | grep -c Ready) -ge $(swarm_size) ]]
}

swarm_size() { printf '%s' "$((1 + $(joining_workers | wc -w)))"; }

swarm_up() {
  local node token
  # An engine that was a member before comes back as one by itself, but not at once ("pending").
  wait_for 20 settled "$MANAGER" || true
  if ! swarm_active "$MANAGER"; then
    docker_on "$MANAGER" swarm init --advertise-addr "$(node_address "$MANAGER")" >/dev/null || die "the manager cannot start a Swarm"
  fi
  token=$(docker_on "$MANAGER" swarm join-token -q worker)
  for node in $(joining_workers); do
    # What was provisioned joins by itself.
    [[ ! -s $STATE/nodes/$node/join ]] || continue
    wait_for 20 settled "$node" || true
    swarm_active "$node" ||
      docker_on "$node" swarm join --token "$token" --advertise-addr "$(node_address "$node")" "$(node_address "$MANAGER"):2377" >/dev/null
  done
  wait_for 60 swarm_complete || die "not every node is Ready: $(docker_on "$MANAGER" node ls --format '{{.Hostname}} {{.Status}}' | tr '\n' ' ')"
  for node in $(joining_workers); do swarm_label "$node"; done
  stage swarm "$(swarm_size) nodes Ready"
}

# The lab's first workers are the pool that Tidegate finds. A label that is there already is somebody's, and what was provisioned gets its labels from Tidegate.
swarm_label() {
  local node=$1 id
  [[ -z $(machine_says "$node" token) ]] || return 0
  id=$(docker_on "$node" info --format '{{.Swarm.NodeID}}')
  [[ -z $(docker_on "$MANAGER" node inspect --format '{{index .Spec.Labels "tidegate.pool"}}' "$id") ]] || return 0
  docker_on "$MANAGER" node update --label-add "tidegate.pool=$POOL" --label-add "tidegate.release=$(machine_says "$node" release)" \
    --label-add "tidegate.zone=$(first_zone "$node")" "$id" >/dev/null
}

# Two zones, one of them with two nodes, so that their order shows.
first_zone() { case $1 in w2) printf b ;; *) printf a ;; esac; }

settled() { case $(swarm_state "$1") in active | inactive) ;; *) return 1 ;; esac; }
