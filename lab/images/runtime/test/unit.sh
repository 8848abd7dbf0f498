#!/bin/sh
. /usr/lib/testkit.sh
suite runtime.unit

/sbin/run sh -c 'exit 7'
check the_commands_exit_code_is_kept 7 $?

/sbin/run sleep 30 &
first=$!
sleep 0.3
kill -TERM $first
wait $first
check term_ends_an_idle_command 0 $?

finish
