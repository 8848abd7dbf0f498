# shellcheck shell=bash
# Everything, in the order in which it builds upon each other.
lab_lib=$(dirname "${BASH_SOURCE[0]}")
for lab_part in common packages firewall network releases machines node provisioner swarm registry images services config daemon facts; do
  # shellcheck source=/dev/null
  . "$lab_lib/$lab_part.sh"
done
