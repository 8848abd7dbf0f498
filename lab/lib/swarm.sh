# shellcheck shell=bash
# The nodes become one Swarm: m1 manages, the others work.

swarm_state() { docker_on "$1" info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null; }
swarm_active() { [[ $(swarm_state "$1") == active ]]; }
swarm_complete() {
  [[ $(docker_on "$MANAGER" node ls --format '{{.Status}}' | grep -c Ready) -ge $(wc -w <<<"$NODES") ]]
}

swarm_up() {
  local node token
  # An engine that was a member before comes back as one by itself, but not at once ("pending").
  wait_for 20 settled "$MANAGER" || true
  if ! swarm_active "$MANAGER"; then
    docker_on "$MANAGER" swarm init --advertise-addr "$(node_address "$MANAGER")" >/dev/null || die "the manager cannot start a Swarm"
  fi
  token=$(docker_on "$MANAGER" swarm join-token -q worker)
  for node in $WORKERS; do
    wait_for 20 settled "$node" || true
    swarm_active "$node" ||
      docker_on "$node" swarm join --token "$token" --advertise-addr "$(node_address "$node")" "$(node_address "$MANAGER"):2377" >/dev/null
  done
  wait_for 60 swarm_complete || die "not every node is Ready: $(docker_on "$MANAGER" node ls --format '{{.Hostname}} {{.Status}}' | tr '\n' ' ')"
  stage swarm "$(wc -w <<<"$NODES") nodes Ready"
}

settled() { case $(swarm_state "$1") in active | inactive) ;; *) return 1 ;; esac; }
