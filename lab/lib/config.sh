# shellcheck shell=bash
# Tidegate's configuration of the lab: which images are rebuilt, how they are judged, where they run.

# Written once: what a person or a test changed in it stays. LAB_GATE=automatic leaves the approval out.
config_write() {
  webhook_token
  if [[ ! -f $CONFIG ]]; then
    {
      config_head
      config_recipe runtime platform
      config_recipe framework platform
      config_recipe api team-api
      config_service_test api "health_is_ok /health ok" "rates_list_the_euro /rates.json EUR"
      config_recipe web team-web
      config_service_test web "health_is_ok /health ok" "page_shows_a_date / dated"
      config_recipe tool team-api
      config_fleet
      config_pool
      config_workload api 1 team-api
      config_workload web 2 team-web "${LAB_GATE:-prod}"
    } >"$CONFIG.new"
    mv "$CONFIG.new" "$CONFIG"
  fi
  stage config "$CONFIG"
}

config_head() {
  cat <<TOML
version = 1
state_dir = "state"

[webhook]
listen = "$WEBHOOK"
token_file = "$(basename "$TOKEN_FILE")"

[registry."$REGISTRY"]
insecure = true
poll = "10s"

[builder]
host = "unix://$RUN/$MANAGER/docker.sock"

[upstream."$(image os)"]
owner = "os-team"
TOML
}

# config_recipe NAME OWNER
config_recipe() {
  cat <<TOML

[[recipe]]
image = "$(image "$1")"
context = "images/$1"
dockerfile = "Dockerfile"
owner = "$2"

[[recipe.test]]
name = "unit"
kind = "command"
run = ["/bin/sh", "/test/unit.sh"]
timeout = "60s"
memory = "64MiB"
network = false
junit = "/tmp/junit.xml"
TOML
}

# config_service_test NAME "CASE PATH WORD"…
config_service_test() {
  local name=$1 case arguments=""
  shift
  for case in "$@"; do arguments+=", \"$case\""; done
  cat <<TOML

[[recipe.test]]
name = "serves"
kind = "service"
healthy_within = "20s"
client = "$(image os)"
run = ["/bin/sh", "/client/http.sh", "$name.serves"$arguments]
timeout = "60s"
junit = "/tmp/junit.xml"
TOML
}

config_fleet() {
  if [[ ${LAB_GATE:-prod} != automatic ]]; then
    cat <<TOML

[gate.prod]
before = "deploy"
approvals = 1
expires = "1h"
TOML
  fi
  cat <<TOML

[fleet.lab]
kind = "swarm"
host = "unix://$RUN/$MANAGER/docker.sock"
TOML
}

# The limits are for a machine that has other work too; a node joins in 2 to 14 seconds.
config_pool() {
  cat <<TOML

[pools.$POOL]
fleet = "lab"
waves = [1, "100%"]
soak = "8s"
zones = ["a", "b"]
owner = "host-team"
provision = ["$LAB_DIR/machines"]
deprovision = ["$LAB_DIR/machines"]
list = ["$LAB_DIR/machines"]
update = ["$LAB_DIR/machines"]
env = { LAB_NAME = "$LAB_NAME", LAB_SUBNET = "$LAB_SUBNET" }

[pools.$POOL.limits]
provision = "60s"
join = "60s"
shift = "2m"
update = "60s"
list = "20s"
TOML
}

# config_workload NAME ORDER OWNER [GATE]
config_workload() {
  cat <<TOML

[[workload]]
fleet = "lab"
service = "$1"
image = "$(image "$1")"
order = $2
soak = "8s"
deadline = "90s"
on_failure = "rollback"
owner = "$3"
TOML
  if [[ ${4:-automatic} != automatic ]]; then printf 'gate = "%s"\n' "$4"; fi
  cat <<TOML

[[workload.probe]]
url = "http://{node}:$(service_port "$1")/health"
status = 200
body = "ok"
every = "1s"
timeout = "1s"
budget = 2
TOML
}
