# shellcheck shell=bash
# The daemon under test: built, started, asked for its state, stopped.

daemon_binary() { printf '%s' "${TIDEGATE:-${CARGO_TARGET_DIR:-$LAB_DIR/../target}/release/tidegate}"; }
daemon_word() { printf 'daemon --config %s' "$CONFIG"; }
daemon_running() { [[ -n $(pid_of "$RUN/daemon.pid" "$(daemon_word)") ]]; }
daemon_answers() { "$(daemon_binary)" status --socket "$SOCKET"; }

# TIDEGATE names a binary that is there already.
daemon_build() {
  [[ -z ${TIDEGATE:-} ]] || return 0
  command -v cargo >/dev/null || die "there is no cargo to build Tidegate with: install Rust, or name a binary with TIDEGATE=…"
  stage build "cargo build --release"
  cargo build --release --quiet --manifest-path "$LAB_DIR/../Cargo.toml" 9>&-
}

daemon_up() {
  if ! daemon_running; then
    daemon_build
    setsid "$(daemon_binary)" daemon --config "$CONFIG" >>"$STATE/daemon.log" 2>&1 </dev/null 9>&- &
    echo $! >"$RUN/daemon.pid"
  fi
  wait_for 20 daemon_answers_or_died || true
  daemon_answers >/dev/null 2>&1 || die "the daemon does not answer: see $STATE/daemon.log"
  stage daemon "$SOCKET"
}

daemon_answers_or_died() { daemon_answers || ! daemon_running; }

daemon_down() { stop_process "$RUN/daemon.pid" "$(daemon_word)" 15; }

# Tests start daemons of their own, each with a configuration in the lab's folder. One whose test was killed would keep the webhook's port.
daemons_of_tests_down() {
  local pid word="daemon --config $STATE/"
  for pid in $(pgrep -f -- "$word" || true); do
    kill -TERM "$pid" 2>/dev/null || true
    wait_for 5 gone "$pid" "$word" || kill -KILL "$pid" 2>/dev/null || true
  done
}

# As a crash would end it: nothing said before, nothing written after.
daemon_kill() {
  local pid
  pid=$(pid_of "$RUN/daemon.pid" "$(daemon_word)")
  [[ -z $pid ]] || kill -KILL "$pid"
  daemon_down
}

daemon_status() { "$(daemon_binary)" status --socket "$SOCKET"; }

# In place of this script: what the person sees when they quit is their own shell. The lock goes with it.
daemon_console() {
  exec 9>&-
  exec "$(daemon_binary)" --socket "$SOCKET"
}
