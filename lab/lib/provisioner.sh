# shellcheck shell=bash
# The contract of docs/provisioner.md on the lab's machines: one JSON object in, one out. Nothing else goes to the standard output.

POOL=workers
QUESTION=""

# The values that are asked for hold no quotes, and what else the question holds has its quotes escaped.
field() { printf '%s' "$QUESTION" | tr -d '\n' | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# field_name NAME: of the names' alphabet, or empty when it is absent.
field_name() {
  local value
  value=$(field "$1")
  [[ -z $value ]] || is_name "$value" || die "\"$1\" is no name: $value"
  printf '%s' "$value"
}

provisioner() {
  local action pool
  # A question is a few hundred bytes.
  QUESTION=$(head -c 65536 | tr -d '\0')
  action=$(field action)
  pool=$(field_name pool)
  [[ $pool == "$POOL" ]] || die "there is one pool here, $POOL, and not '$pool'"
  case $action in
    provision)
      my_turn
      provision
      ;;
    deprovision)
      my_turn
      deprovision
      ;;
    update)
      my_turn
      update
      ;;
    list) machines_list ;;
    *) die "cannot '$action': there are provision, deprovision, list and update" ;;
  esac
}

# Nothing is said before the machine runs: whoever asked may be gone, and a broken pipe would end this half-way.
provision() {
  local token release kind node join
  token=$(field_name token)
  release=$(field_name release)
  [[ -n $token && -n $release ]] || die "provision needs a token and a release"
  node=$(machine_of "$token")
  # What every machine joins with, and the only thing that can be missing: so before there is a machine.
  join=$(docker_on "$MANAGER" swarm join-token -q worker) || die "the manager says no token to join with: does $MANAGER run?"
  if [[ -z $node ]]; then
    kind=$(release_kind "$release") || die "there is no release $release here: lab/release good $release"
    machine_new "$token" "$release" "$kind"
    node=$MADE
  fi
  machine_boot "$node" "$join"
  printf '{"node":"%s","address":"%s"}\n' "$node" "$(node_address "$node")"
}

# By the token where there is one: a number that was given out again is another machine.
deprovision() {
  local token node
  token=$(field_name token)
  node=$(field_name node)
  [[ -n $token$node ]] || die "deprovision needs a token or a node"
  if [[ -n $token ]]; then
    node=$(machine_of "$token")
  elif [[ $node == "$MANAGER" ]]; then
    die "$node is no machine of the pool $POOL"
  fi
  if machine_is_there "$node"; then machine_remove "$node"; fi
  printf '{}\n'
}

update() {
  local node release kind
  node=$(field_name node)
  release=$(field_name release)
  machine_is_there "$node" || die "there is no machine '$node' in the pool $POOL"
  kind=$(release_kind "$release") || die "there is no release '$release' here: lab/release good NAME"
  machine_update "$node" "$release" "$kind"
  printf '{}\n'
}

# Needs no lock: a machine's folder comes and goes in one step.
machines_list() {
  local node token release between=""
  [[ -d $STATE/machines ]] || die "there is no lab named $LAB_NAME here: lab/up"
  printf '{"machines":['
  for node in $(workers); do
    token=$(machine_says "$node" token)
    release=$(machine_says "$node" release)
    # Every machine has a release: this one went while it was looked at, and what was read of its token may be too little.
    [[ -n $release ]] || continue
    printf '%s{"node":"%s","address":"%s","release":"%s"' "$between" "$node" "$(node_address "$node")" "$release"
    [[ -z $token ]] || printf ',"token":"%s"' "$token"
    printf '}'
    between=,
  done
  printf ']}\n'
}
