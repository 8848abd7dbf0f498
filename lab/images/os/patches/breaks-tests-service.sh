# A table of currencies without the euro: builds, passes the unit tests, and only what the running api answers shows it.
sed -i '/^EUR /d' /usr/share/currencies
