# Lines for mail servers, a unit for systemd and a profile for AppArmor; tests/mta runs them.
EXTRA_DIST += contrib/apparmor/bolter-milter contrib/postfix/main.cf contrib/postfix/bolter.conf \
	contrib/sendmail/bolter.mc contrib/systemd/bolter-milter.service contrib/systemd/bolter-milter.socket
