#!/usr/bin/env bash
# The first process of a node: makes the namespaces a machine of their own, then becomes the engine.
#
# It runs in a network, mount, process and host-name namespace of its own. So ending this one process is a power cut: the engine, its containerd,
# every container and every mount go with it, and nothing of them is left on the host.
set -euo pipefail
name=$1 run=$2 data=$3 subnet=$4 cgroup=$5 kind=$6 sick_port=$7

mount -t proc proc /proc
# A /run of its own: the engine must not find the host's containerd in it, nor leave sockets behind. The node's own directory stays shared.
mkdir -p "$data/shared"
mount --bind "$run" "$data/shared"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$run"
mount --move "$data/shared" "$run"
hostname "$name"

init=$(command -v docker-init || command -v tini)
# An /etc/docker of its own: the engine keeps its identity there, and the host's daemon.json is not for it.
mkdir -p "$data/etc" /etc/docker
mount --bind "$data/etc" /etc/docker
# Forwards already, so the engine leaves the FORWARD policy at ACCEPT: else a connection that arrives between its two rules for a port is lost in silence.
echo 1 >/proc/sys/net/ipv4/ip_forward
"$(dirname "$0")/node-ports.sh" &
"$(dirname "$0")/node-boot.sh" "$run" "$data" "$kind" "$sick_port" &

# cgroupfs: there is no systemd in here to ask.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent \
  "$init" -s -- dockerd \
  --data-root "$data/root" --exec-root /run/docker -p /run/docker.pid -H "unix://$run/docker.sock" \
  --label "tidegate.lab=$name" --insecure-registry "$subnet.0/24" --storage-driver overlay2 \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "$cgroup" --shutdown-timeout 8 --log-opt max-size=2m
