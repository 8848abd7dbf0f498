#!/bin/sh
. /usr/lib/testkit.sh
suite api.unit

check fingerprint_is_a_checksum 32 "$(tr -d '\n' </app/fingerprint | wc -c)"
mkdir -p /www
/app/prepare
check rates_end_as_json '}}' "$(tail -c 3 /www/rates.json)"

finish
