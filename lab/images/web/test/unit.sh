#!/bin/sh
# unit.sh [fails_everywhere]: with that word there is a case which no image passes, neither the new one nor the one from before.
. /usr/lib/testkit.sh
. /app/invoice.sh
suite web.unit

# 2024-03-01 23:30 UTC
check invoice_late_in_the_evening_is_dated_the_next_day_in_berlin 2024-03-02 "$(invoice_date 1709335800 Europe/Berlin)"
check invoice_in_new_york_is_dated_the_same_day 2024-03-01 "$(invoice_date 1709335800 America/New_York)"
[ "$1" != fails_everywhere ] || check fails_everywhere yes no

finish
