# shellcheck shell=bash disable=SC2034  # the names set here are used by the other files
# Node releases: what a node is like that is made with one. The lab's file of them is what a vendor's catalogue would be: a line each, `NAME KIND`.
#
#   good            an ordinary node
#   never-joins     its engine starts, and it never joins the Swarm
#   breaks-network  it joins, and then forwards nothing: its containers are well, and nobody reaches them
#   sick-app        on the port of one app it answers 500 itself, whatever the app's container says
#
# What a kind does to a node is in node-boot.sh.

FIRST_RELEASE=r0
SICK_APP=web

is_release_kind() { case $1 in good | never-joins | breaks-network | sick-app) ;; *) return 1 ;; esac; }

# The alphabet and the length of Tidegate's own names; it holds nothing that a file of lines or JSON reads more into.
is_name() { [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$ ]]; }

releases_file() { printf '%s' "$STATE/releases"; }

# release_announce NAME KIND: from now on; nodes that were made with the name before stay what they are.
release_announce() {
  local file name kind
  file=$(releases_file)
  {
    while read -r name kind; do
      [[ $name == "$1" ]] || printf '%s %s\n' "$name" "$kind"
    done < <(release_lines)
    printf '%s %s\n' "$1" "$2"
  } >"$file.new"
  mv "$file.new" "$file"
}

release_lines() { cat "$(releases_file)" 2>/dev/null || true; }

# Prints nothing and is false for a name that nobody announced.
release_kind() {
  local name kind
  while read -r name kind; do
    if [[ $name == "$1" ]]; then
      printf '%s' "$kind"
      return
    fi
  done < <(release_lines)
  return 1
}
