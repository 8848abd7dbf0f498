#!/bin/sh
. /usr/lib/testkit.sh
suite tool.unit

check ten_euros_are_1080_cents 1080 "$(convert 10 USD)"

finish
