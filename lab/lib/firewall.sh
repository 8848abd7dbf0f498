# shellcheck shell=bash
# The host's firewall: touched only where it would cut the lab's bridge off, and put back as it was.
#
# A Docker Engine on the host sets the FORWARD policy to DROP, and bridged frames pass it. Where nothing filters, not one rule is added: with the
# nft backend even an added and removed rule leaves a table behind.

firewall_rules() { iptables-save 2>/dev/null | grep -v -e '^#' | sed 's/\[[0-9]*:[0-9]*\]//' || true; }

save_firewall() {
  mkdir -p "$STATE"
  [[ -f $STATE/firewall.before ]] || firewall_rules >"$STATE/firewall.before"
}

firewall_filters() { firewall_rules | grep -qE '^:(INPUT|FORWARD) (DROP|REJECT)|^-A (INPUT|FORWARD)'; }

open_firewall() {
  local chain
  firewall_filters || return 0
  for chain in INPUT FORWARD; do
    our_rule -C "$chain" 2>/dev/null || our_rule -I "$chain"
  done
}

our_rule() { iptables -w "$1" "$2" -i "$BRIDGE" -m comment --comment "$LAB_NAME" -j ACCEPT; }

close_firewall() {
  local chain
  command -v iptables >/dev/null || return 0
  firewall_rules | grep -qw -- "$LAB_NAME" || return 0
  for chain in INPUT FORWARD; do
    while our_rule -D "$chain" 2>/dev/null; do :; done
  done
}

# Says what differs from before; somebody else may have changed it meanwhile, so nothing is overwritten.
compare_firewall() {
  [[ -f $STATE/firewall.before ]] || return 0
  diff "$STATE/firewall.before" <(firewall_rules) >/dev/null || say "note: the host's firewall is not what it was before the lab, but no rule of the lab is left in it"
}
