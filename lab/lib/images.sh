# shellcheck shell=bash
# The image chain, built on the manager's engine and pushed to the registry.
#
#   os ─┬─ runtime ── framework ─┬─ web
#       └─ tool                  └─ api

IMAGES="os runtime framework web api tool"

image() { printf '%s/%s:1' "$REGISTRY" "$1"; }

PUSHED=""

# The digest that the lab itself pushed first; what the tag names later is not in here.
first_digest() { cat "$STATE/digests/$1" 2>/dev/null; }

images_up() {
  local name
  mkdir -p "$STATE/digests" "$STATE/logs"
  copy_contexts
  for name in $IMAGES; do
    [[ -n $(first_digest "$name") ]] || build_and_push "$name" good
  done
  stage images "$(for name in $IMAGES; do printf '%s:1 ' "$name"; done)on $REGISTRY"
}

# Copies, so that a test or a person may change them; what was changed stays.
copy_contexts() {
  local name
  mkdir -p "$STATE/images"
  for name in $IMAGES; do
    [[ ! -d $STATE/images/$name ]] || continue
    cp -R "$LAB_DIR/images/$name" "$STATE/images/$name.new"
    sed -i "s/@REGISTRY@/$REGISTRY/" "$STATE/images/$name.new/Dockerfile"
    mv "$STATE/images/$name.new" "$STATE/images/$name"
  done
  cp "$(static_busybox)" "$STATE/images/os/busybox"
}

# build_and_push NAME PATCH: every call gives another digest, by the version in os-release; it is left in PUSHED.
build_and_push() {
  local name=$1 log=$STATE/logs/build-$1.log digest
  docker_on "$MANAGER" build --build-arg "VERSION=$(date -u +%Y%m%d.%H%M%S.%3N)" --build-arg "PATCH=$2" \
    -t "$(image "$name")" "$STATE/images/$name" >"$log" 2>&1 || die "cannot build $name: see $log"
  docker_on "$MANAGER" push "$(image "$name")" >>"$log" 2>&1 || die "cannot push $name: see $log"
  digest=$(grep -o 'digest: sha256:[0-9a-f]*' "$log" | tail -n 1)
  digest=${digest#digest: }
  [[ -n $digest ]] || die "the registry named no digest for $name: see $log"
  [[ -n $(first_digest "$name") ]] || printf '%s\n' "$digest" >"$STATE/digests/$name"
  # shellcheck disable=SC2034  # for the caller
  PUSHED=$digest
}
