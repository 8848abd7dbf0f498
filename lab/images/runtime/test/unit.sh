#!/bin/sh
. /usr/lib/testkit.sh
suite runtime.unit

/sbin/run sh -c 'exit 7'
check the_commands_exit_code_is_kept 7 $?

/sbin/run sh -c 'trap "sleep 0.3; exit 5" TERM; sleep 30 & wait' &
first=$!
sleep 0.3
kill -TERM $first
wait $first
check term_reaches_the_command_and_is_waited_for 5 $?

finish
