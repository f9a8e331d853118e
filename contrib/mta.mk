# Lines for mail servers, and a unit for systemd. tests/mta/test-postfix.sh runs what is for Postfix.
EXTRA_DIST += contrib/postfix/main.cf contrib/postfix/bolter.conf contrib/sendmail/bolter.mc \
	contrib/systemd/bolter-milter.service contrib/systemd/bolter-milter.socket
