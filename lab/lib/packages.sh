# shellcheck shell=bash
# What the machine must be, and the Debian packages that the lab needs.

preflight() {
  [[ $(uname -s) == Linux ]] || cannot_carry "it runs $(uname -s), and the lab needs Linux's network namespaces"
  [[ $EUID -eq 0 ]] || cannot_carry "the lab needs root, to make network namespaces"
  unshare --net --mount --uts --pid --fork true 2>/dev/null || cannot_carry "it does not let root make namespaces (a container without privileges?)"
  [[ -z $(missing_packages) ]] || command -v apt-get >/dev/null || cannot_carry "missing and no apt-get to install it with: $(missing_packages)"
}

# Only known once `ip` is there.
preflight_links() {
  unshare --net ip link add probe0 type bridge 2>/dev/null || cannot_carry "its kernel has no bridges"
  unshare --net ip link add probe0 type veth peer name probe1 2>/dev/null || cannot_carry "its kernel has no veth pairs"
}

missing_packages() {
  local missing=""
  command -v dockerd >/dev/null || missing+=" docker.io"
  command -v docker-registry >/dev/null || missing+=" docker-registry"
  command -v iptables >/dev/null || missing+=" iptables"
  command -v ip >/dev/null || missing+=" iproute2"
  static_busybox >/dev/null || missing+=" busybox-static"
  printf '%s' "$missing"
}

# The operating-system image starts from scratch: a busybox that needs libraries would not run in it.
static_busybox() {
  local path
  path=$(command -v busybox) || return 1
  ! ldd "$path" >/dev/null 2>&1 || return 1
  printf '%s' "$path"
}

install_packages() {
  local missing
  missing=$(missing_packages)
  if [[ -z $missing ]]; then
    stage packages "all there"
    return
  fi
  stage packages "installing$missing"
  forbid_services
  # shellcheck disable=SC2086  # a list of names
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) \
    >/tmp/"$LAB_NAME"-apt.log 2>&1 </dev/null || {
    allow_services
    die "apt-get failed, see /tmp/$LAB_NAME-apt.log"
  }
  allow_services
  disable_services "$missing"
  rm -f /tmp/"$LAB_NAME"-apt.log
  missing=$(missing_packages)
  [[ -z $missing ]] || die "still missing after the installation:$missing"
}

# The packages start a Docker Engine and a registry of their own. That engine would change the host's firewall, which the lab promises to leave alone.
POLICY=/usr/sbin/policy-rc.d
forbid_services() {
  [[ ! -e $POLICY ]] || mv "$POLICY" "$POLICY.$LAB_NAME"
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
  trap allow_services EXIT
}

allow_services() {
  trap - EXIT
  rm -f "$POLICY"
  [[ ! -e $POLICY.$LAB_NAME ]] || mv "$POLICY.$LAB_NAME" "$POLICY"
}

# Not at the next boot either, but only for what this installed: a Docker that was here before is its owner's.
disable_services() {
  [[ -d /run/systemd/system ]] || return 0
  case $1 in *docker.io*) systemctl disable -q docker.service docker.socket containerd.service || true ;; esac
  case $1 in *docker-registry*) systemctl disable -q docker-registry.service || true ;; esac
}
