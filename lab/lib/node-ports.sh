#!/usr/bin/env bash
# Makes "nobody there yet" an answer on a node's published ports, instead of a silence that costs a client its whole timeout.
#
# The engine opens a task's port up to a second before the container has its interface, and gives it the address of the one that just ended.
# 1. What is sent meanwhile goes to the neighbour entry of the dead. So the entries go with the interface, and a new one is looked for every
#    tenth of a second: the client gets "no route to host" at once, or gets through.
# 2. For a moment the container has its address and not yet its default route, so its answers go nowhere. So they stay on the container bridge.
set -euo pipefail

until ip link show docker0 >/dev/null 2>&1; do sleep 0.2; done
echo 100 >/proc/sys/net/ipv4/neigh/docker0/retrans_time_ms
iptables -w -t nat -A POSTROUTING -o docker0 -j MASQUERADE
ip -o monitor link | while read -r event; do
  case $event in Deleted*veth*) ip neigh flush dev docker0 ;; esac
done
