# A table of time zones with a slip: Berlin lies an hour west. A unit case of web sees it.
sed -i 's/^Europe\/Berlin 60$/Europe\/Berlin -60/' /usr/share/zones
