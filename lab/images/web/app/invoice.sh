# invoice_date SECONDS ZONE: the day on the calendar there.
invoice_date() {
  minutes=$(sed -n "s|^$2 ||p" /usr/share/zones)
  date -u -d "@$(($1 + minutes * 60))" +%F
}
