#!/bin/sh
. /usr/lib/testkit.sh
suite framework.unit

check types_are_in_the_servers_table .json:application/json "$(grep json /framework/httpd.conf)"

/sbin/run /framework/serve &
first=$!
sleep 0.5
check health_is_served ok "$(wget -q -O - http://127.0.0.1:8080/health)"
kill -TERM $first
wait $first
check term_ends_the_server 0 $?

finish
