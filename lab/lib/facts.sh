# shellcheck shell=bash
# What a person or a test needs to know to use the lab, as `key value` lines.

facts() {
  local node
  say ""
  say "lab        $LAB_NAME"
  say "state      $STATE"
  say "registry   $REGISTRY"
  say "access-log $STATE/registry/access.log"
  for node in $(nodes); do say "node       $node $(node_address "$node") unix://$RUN/$node/docker.sock"; done
  services_facts
  if [[ -f $STATE/tidegate.toml ]]; then say "config     $STATE/tidegate.toml"; fi
}

# Two `lab/up` at once would both create what is missing.
one_at_a_time() {
  mkdir -p "$STATE" "$RUN"
  exec 9>"$RUN/lock"
  # A machine that is being made or removed is waited for.
  flock -w 10 9 || die "another lab/up or lab/down of $LAB_NAME is at work"
}

# The same for what works on a lab that is there: waits longer, and makes nothing where a lab/down came first.
my_turn() {
  [[ -d $STATE/machines && -d $RUN ]] || die "there is no lab named $LAB_NAME here: lab/up"
  exec 9>"$RUN/lock"
  flock -w 300 9 || die "another command of $LAB_NAME is at work"
  [[ -d $STATE/machines && $RUN/lock -ef /proc/self/fd/9 ]] || die "the lab $LAB_NAME was removed meanwhile"
}
