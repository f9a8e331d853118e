#!/bin/sh
# test-tls.sh - bolter-train fetch refuses a server whose certificate nobody vouches for.
# shellcheck disable=SC2154 # make sets the directories
set -u

if ! command -v openssl >/dev/null; then
    echo "1..0 # SKIP openssl is not installed"
    exit 0
fi
tmp=$(mktemp -d) || exit 99
server=
trap 'kill $server 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
cd "$tmp" || exit 99
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY

openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost >log 2>&1 || exit 99
echo content >data
# It reads commands, so its input stays open.
mkfifo commands
openssl s_server -WWW -accept 127.0.0.1:0 -key key -cert cert <commands >accept 2>&1 &
server=$!
exec 3>commands
port=
tries=0
while [ -z "$port" ] && [ $tries -lt 100 ]; do
    port=$(sed -n 's/^ACCEPT 127.0.0.1:\([0-9]*\)$/\1/p' accept)
    tries=$((tries + 1))
    sleep 0.1
done
[ -n "$port" ] || { cat accept && exit 99; }

n=0
failed=0
ok()
{
    if [ $? -eq 0 ]; then result=ok; else result='not ok'; failed=1; sed 's/^/# /' err; fi
    n=$((n + 1))
    echo "$result $n - $1"
}

printf 'GET /data HTTP/1.0\r\n\r\n' >request
openssl s_client -quiet -verify_return_error -CAfile cert -servername localhost \
    -connect "127.0.0.1:$port" <request 2>err | grep -q content
ok "the server serves those who know its certificate"
"$top_builddir/bolter-train" fetch -o got "https://localhost:$port/data" >out 2>err
[ $? -eq 1 ] && grep -q certificate err && ! grep -q 'again in' err
ok "fetch refuses it, and does not try again"
[ ! -e got ] && [ ! -e got.receipt ] && [ ! -e got.fetch ] && [ ! -s out ]
ok "it leaves nothing"
echo "1..$n"
exit $failed
