# shellcheck shell=bash
# What a person or a test needs to know to use the lab, as `key value` lines.

facts() {
  local node
  say ""
  say "lab        $LAB_NAME"
  say "state      $STATE"
  say "registry   $REGISTRY"
  say "access-log $STATE/registry/access.log"
  for node in $NODES; do say "node       $node $(node_address "$node") unix://$RUN/$node/docker.sock"; done
  services_facts
  if [[ -f $STATE/tidegate.toml ]]; then say "config     $STATE/tidegate.toml"; fi
}

# Two `lab/up` at once would both create what is missing.
one_at_a_time() {
  mkdir -p "$STATE" "$RUN"
  exec 9>"$RUN/lock"
  flock -n 9 || die "another lab/up or lab/down of $LAB_NAME is at work"
}
