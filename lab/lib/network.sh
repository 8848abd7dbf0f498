# shellcheck shell=bash
# One bridge on the host, one network namespace a node, a veth pair between the two.
#
#   host:  tglab0 10.77.0.1 ──┬── tglab-m1 ═ eth0 10.77.0.10   namespace tglab-m1
#          registry, daemon   ├── tglab-w1 ═ eth0 10.77.0.11   namespace tglab-w1
#                             └── ...

node_address() {
  case $1 in
    m1) printf '%s.10' "$LAB_SUBNET" ;;
    w*) printf '%s.1%s' "$LAB_SUBNET" "${1#w}" ;; # w1 to w99
  esac
}

node_link() { printf '%s-%s' "$LAB_NAME" "$1"; }

# Of our own: else a bridge has the lowest hardware address of its ports, and each node that comes or goes may give the host another one. All nodes
# then answer to an address that nobody has any more, for a second or two.
bridge_hardware_address() {
  local a b c d
  IFS=. read -r a b c d <<<"$HOST_ADDRESS"
  printf '02:00:%02x:%02x:%02x:%02x' "$a" "$b" "$c" "$d"
}

network_up() {
  local node
  save_firewall
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    refuse_foreign_subnet
    # No spanning tree: a port forwards at once.
    ip link add "$BRIDGE" address "$(bridge_hardware_address)" type bridge stp_state 0 forward_delay 0
    ip addr add "$HOST_ADDRESS/24" dev "$BRIDGE"
  fi
  ip link set "$BRIDGE" up
  open_firewall
  for node in $(nodes); do node_network_up "$node"; done
  stage network "$BRIDGE $HOST_ADDRESS/24, nodes $(for node in $(nodes); do printf '%s=%s ' "$node" "$(node_address "$node")"; done)"
}

refuse_foreign_subnet() {
  local owner
  owner=$(ip -o route show to match "$HOST_ADDRESS" | grep -v '^default' | head -n 1 || true)
  [[ -z $owner ]] || die "$LAB_SUBNET.0/24 is in use here ($owner): choose another with LAB_SUBNET"
}

node_network_up() {
  local link address
  link=$(node_link "$1")
  address=$(node_address "$1")
  [[ -e /run/netns/$link ]] || ip netns add "$link"
  if ! ip link show "$link" >/dev/null 2>&1; then
    # A namespace that outlived its host end (a half-failed start) would keep a dead eth0.
    nsenter --net="/run/netns/$link" ip link del eth0 2>/dev/null || true
    ip link add "$link" type veth peer name eth0 netns "$link"
    ip link set "$link" master "$BRIDGE" up
  fi
  nsenter --net="/run/netns/$link" sh -ec "
    ip link set lo up
    ip addr replace $address/24 dev eth0
    ip link set eth0 up
    ip route replace default via $HOST_ADDRESS"
}

node_network_down() {
  local link
  link=$(node_link "$1")
  ip link del "$link" 2>/dev/null || true
  [[ ! -e /run/netns/$link ]] || ip netns del "$link"
}

network_down() {
  local node
  for node in $(nodes); do node_network_down "$node"; done
  ip link del "$BRIDGE" 2>/dev/null || true
  close_firewall
  forget_netns_directory
}

# `ip netns` makes /run/netns and mounts it on itself, for good. It goes with the last namespace; `ip netns` makes it anew when it needs it.
forget_netns_directory() {
  [[ -d /run/netns && -z $(ls -A /run/netns) ]] || return 0
  umount /run/netns 2>/dev/null || true
  rmdir /run/netns 2>/dev/null || true
}
