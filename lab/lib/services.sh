# shellcheck shell=bash
# The two apps as services: on the workers only, on a port of their own on each node.
#
# There is no routing mesh here (the kernel may lack IPVS), so: dnsrr, and host-mode ports, one replica of a service a node at most.

SERVICES="api web"

service_port() { case $1 in web) printf 8081 ;; api) printf 8082 ;; esac; }
service_replicas() { case $1 in web) printf 3 ;; api) printf 2 ;; esac; }

services_up() {
  local name
  for name in $SERVICES; do
    docker_on "$MANAGER" service inspect "$name" >/dev/null 2>&1 || service_create "$name"
  done
  for name in $SERVICES; do
    wait_for 90 service_complete "$name" || die "service $name is not complete: $(docker_on "$MANAGER" service ps "$name" --format '{{.Node}} {{.CurrentState}} {{.Error}}' | head -n 3 | tr '\n' ';')"
  done
  stage services "$(for name in $SERVICES; do printf '%s on port %s, %s replicas; ' "$name" "$(service_port "$name")" "$(service_replicas "$name")"; done)"
}

# Pinned by digest from the first moment, as Tidegate does: a tag alone would be resolved by whoever comes first.
service_create() {
  docker_on "$MANAGER" service create --detach --quiet --name "$1" --no-resolve-image \
    --replicas "$(service_replicas "$1")" --constraint node.role==worker \
    --endpoint-mode dnsrr --publish "mode=host,target=8080,published=$(service_port "$1")" \
    --env APP_ENV=production --stop-grace-period 6s --restart-delay 1s \
    --update-order stop-first --update-parallelism 1 --update-delay 0s --update-monitor 5s \
    "$(image "$1")@$(first_digest "$1")" >/dev/null
}

service_complete() {
  [[ $(docker_on "$MANAGER" service ls --filter "name=$1" --format '{{.Replicas}}') == "$(service_replicas "$1")/$(service_replicas "$1")"* ]]
}

services_facts() {
  local name
  [[ -n $(first_digest web) ]] || return 0
  for name in $SERVICES; do
    say "service    $name port $(service_port "$name") replicas $(service_replicas "$name") image $(image "$name")@$(first_digest "$name")"
  done
}
