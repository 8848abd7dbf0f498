#!/usr/bin/env bash
# What a node does by itself once its engine runs: joins the Swarm, and shows the fault of its release.
#
# It runs in the node's own namespaces, so it goes with the node.
set -euo pipefail
run=$1 data=$2 kind=$3 sick_port=$4

# Debian's by its path, as in common.sh.
cli=/usr/bin/docker
[[ -x $cli ]] || cli=docker
engine() { "$cli" -H "unix://$run/docker.sock" "$@"; }
swarm() { engine info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null || true; }

# As a machine's own unit would: again until it is in, however long the manager is away.
join() {
  local token manager own
  until [[ $(swarm) == active ]]; do
    if [[ $(swarm) == inactive ]]; then
      read -r token manager own <"$data/join"
      engine swarm join --token "$token" --advertise-addr "$own" "$manager" >/dev/null || true
    fi
    sleep 0.5
  done
}

# A release whose settings switch forwarding off. The engine switches it on when it starts, so this comes after it.
# Connections to published ports go unanswered; health checks run inside of the containers and do not notice.
stop_forwarding() { echo 0 >/proc/sys/net/ipv4/ip_forward; }

# A release that brings a service of its own for the port of an app: what comes from outside gets its 500. The app's own check never leaves its container.
# Before the engine adds its rules, so that these come first and no request gets past them.
take_port() {
  local own=18081
  local rule=(PREROUTING -i eth0 -p tcp --dport "$sick_port" -j REDIRECT --to-ports "$own")
  # The namespace keeps its rules while the node is stopped.
  iptables -w -t nat -C "${rule[@]}" 2>/dev/null || iptables -w -t nat -I "${rule[@]}"
  busybox nc -ll -p "$own" -e /bin/sh "$(dirname "$0")/../images/framework/refuse" &
}

if [[ $kind == sick-app ]]; then take_port; fi
until [[ -n $(swarm) ]]; do sleep 0.2; done
# The lab's first nodes have nothing to join with: lab/up did that for them.
if [[ $kind != never-joins && -s $data/join ]]; then join; fi
if [[ $kind == breaks-network ]]; then stop_forwarding; fi
wait
