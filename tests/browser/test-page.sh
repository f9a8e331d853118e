#!/bin/sh
# test-page.sh - the page of bolter-train serve and bolter-milter in Chromium, driven by playwright-core,
# judged by axe-core.
#
#     npm install playwright-core axe-core        in any folder
#     NODE_PATH=THAT-FOLDER/node_modules make check TESTS=tests/browser/test-page.sh
#
# Neither is needed by anything else; without them this says so and skips. BOLTER_SCREENSHOTS=DIR saves
# pictures there.
. "${top_srcdir:?}/tests/cli/trainer.sh"

skip_all()
{
    echo "1..0 # SKIP $1"
    exit 0
}

chromium=$(command -v chromium || command -v chromium-browser) || skip_all "chromium is not installed"
command -v node >/dev/null || skip_all "node is not installed"
node -e 'require("playwright-core"); require("axe-core")' 2>/dev/null ||
    skip_all "no playwright-core and axe-core in NODE_PATH"

pids=
trap 'kill $pids 2>/dev/null; rm -rf "$scratch"' EXIT

# serve NAME MODEL: its address in the file NAME.
serve()
{
    bolter-train serve -m "$2" --listen 127.0.0.1:0 2>"$1.said" &
    pids="$pids $!"
    wait_for "$1.said"
    sed -n 's/^listening on //p' "$1.said" >"$1"
    [ -s "$1" ] || ! grep -q "without libmicrohttpd" "$1.said" || skip_all "built without libmicrohttpd"
    [ -s "$1" ] || {
        sed 's/^/# /' "$1.said"
        exit 99
    }
}

# Language models: one of the words of a line, and one that answers "jam", as in test-instruct.sh.
tiny-model vocab || exit 99
seq 12 | sed 's/.*/the hen and the ten other hens are here, one two three four five six seven eight./' >text.txt
bolter-train pretrain --vocab vocab --layers 1 --width 32 --heads 2 --context 256 -o written --length 32 \
    -b 2 --steps 20 text.txt 2>said || exit 99
for word in tea cup pot jam; do
    for copy in 0 1 2 3 4 5 6 7 8 9; do
        echo "{\"instruction\": \"Say $word $copy.\", \"output\": \"jam\"}"
    done
done >tasks.json
bolter-train instruct -m written --lr 0.02 -b 4 -e 25 -j 1 --schedule constant --warmup 0 --clip-norm 1 \
    -o answered --mask-instructions tasks.json 2>said || exit 99

serve classifier "$top_srcdir/models/default"
serve writer written
serve answerer answered

# A daemon that has had three messages, two of them empty.
port=$(fakemta --free-port)
bolter-milter -f --set socket="unix:$scratch/m.sock" --set model="$top_srcdir/models/default" \
    --set http="127.0.0.1:$port" --set on_unscorable=tempfail 2>daemon.said &
pids="$pids $!"
tries=0
until grep -q "http: serves" daemon.said; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || exit 99
    sleep 0.02
done
printf 'From: ann@example.org\nSubject: minutes\n\nThe minutes of our meeting are attached.\n' >mail
printf 'From: ann@example.org\n\n' >empty
fakemta --socket "unix:$scratch/m.sock" --timeout 20000 mail empty empty >said 2>&1 || exit 99
echo "http://127.0.0.1:$port/" >daemon

node "$top_srcdir/tests/browser/page.cjs" "$chromium" "$top_srcdir/tests/samples/sample.mbox" \
    "$(cat classifier)" "$(cat writer)" "$(cat answerer)" "$(cat daemon)"
