#!/bin/sh
# The client of a service test: asks the candidate for paths and looks for a word in each answer.
#   http.sh SUITE "CASE PATH WORD"…
. /usr/lib/testkit.sh
PORT=8080

# The word where it is in the answer, else the answer's beginning.
answer() {
  reply=$(timeout 5 wget -q -O - "http://candidate:$PORT$1" 2>&1) || reply="no answer: $reply"
  case $reply in *"$2"*) echo "$2" ;; *) printf '%.120s' "$reply" | tr '\n' ' ' ;; esac
}

suite "$1"
shift
for line in "$@"; do
  # shellcheck disable=SC2086  # three words
  set -- $line
  check "$1" "$3" "$(answer "$2" "$3")"
done
finish
