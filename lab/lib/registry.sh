# shellcheck shell=bash
# The registry: a process on the bridge's address, with notifications to where the daemon listens, and its access log in a file.

registry_word() { printf 'docker-registry serve %s' "$STATE/registry/config.yml"; }
registry_running() { [[ -n $(pid_of "$RUN/registry.pid" "$(registry_word)") ]]; }
# By bash alone: the lab does not need curl, and a static busybox resolves no names with the host's libraries.
registry_answers() {
  timeout 2 bash -c "exec 3<>/dev/tcp/${REGISTRY/:/\/}; printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' >&3; grep -q '200 OK' <&3"
}

registry_start() {
  if ! registry_running; then
    webhook_token
    registry_config
    # Requests go to stdout, everything else to stderr: kept apart, so that requests can be counted.
    (
      # It logs the token that it sends with its notifications.
      umask 077
      touch "$STATE/registry/access.log" "$STATE/registry/registry.log"
    )
    env -i PATH="$PATH" setsid docker-registry serve "$STATE/registry/config.yml" \
      >>"$STATE/registry/access.log" 2>>"$STATE/registry/registry.log" </dev/null 9>&- &
    echo $! >"$RUN/registry.pid"
  fi
  wait_for 20 registry_answers || die "the registry does not answer: see $STATE/registry/registry.log"
  stage registry "http://$REGISTRY"
}

registry_stop() { stop_process "$RUN/registry.pid" "$(registry_word)" 10; }

webhook_token() {
  [[ -s $TOKEN_FILE ]] || (
    umask 077
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$TOKEN_FILE"
  )
}

registry_config() {
  mkdir -p "$STATE/registry/storage" "$RUN"
  (
    # The token is in here too.
    umask 077
    cat >"$STATE/registry/config.yml" <<YAML
version: 0.1
log:
  level: info
  accesslog: {disabled: false}
storage:
  filesystem: {rootdirectory: $STATE/registry/storage}
  delete: {enabled: true}
  cache: {blobdescriptor: inmemory}
http:
  addr: $REGISTRY
  headers: {X-Content-Type-Options: [nosniff]}
notifications:
  endpoints:
    - name: tidegate
      url: http://$WEBHOOK/v1/webhook/distribution
      headers: {Authorization: ["Bearer $(cat "$TOKEN_FILE")"]}
      timeout: 2s
      threshold: 5
      backoff: 1s
      ignore:
        mediatypes: [application/octet-stream]
        actions: [pull]
YAML
  )
}
