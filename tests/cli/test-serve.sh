#!/bin/sh
# test-serve.sh - bolter-train serve: the interface beside the page, and whom it answers.
. "${top_srcdir:?}/tests/cli/trainer.sh"
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY

skip_all()
{
    echo "1..0 # SKIP $1"
    exit 0
}

command -v curl >/dev/null || skip_all "curl is not installed"
bolter-train serve -m none 2>err
! grep -q "without libmicrohttpd" err || skip_all "built without libmicrohttpd"

for kind in spam ham unsure; do
    make-model $kind $kind || exit 99
done
tiny-model lm || exit 99
tiny-model three three || exit 99

# A language model that answers "jam" (see test-instruct.sh), and one that takes seconds for a text.
seq 12 | sed 's/.*/the hen and the ten other hens are here, one two three four five six seven eight./' >text.txt
for word in tea cup pot jam; do
    for copy in 0 1 2 3 4 5 6 7 8 9; do
        echo "{\"instruction\": \"Say $word $copy.\", \"output\": \"jam\"}"
    done
done >tasks.json
pretrain="pretrain --vocab lm --length 32 -b 2 --steps 2"
# shellcheck disable=SC2086 # words that are several
{
    bolter-train $pretrain --layers 1 --width 32 --heads 2 --context 256 -o base text.txt &&
        bolter-train instruct -m base --lr 0.02 -b 4 -e 25 -j 1 --schedule constant --warmup 0 \
            --clip-norm 1 -o task --mask-instructions tasks.json &&
        bolter-train $pretrain --layers 8 --width 384 --heads 2 --context 1024 -o slow text.txt
} 2>said || exit 99

pids=
trap 'kill $pids 2>/dev/null; rm -rf "$scratch"' EXIT

# serve NAME OPTION...: in the background; its address in $url, its process in $pid.
serve()
{
    name=$1
    shift
    rm -f "$name.said"
    bolter-train serve "$@" 2>"$name.said" &
    pid=$!
    pids="$pids $pid"
    wait_for "$name.said"
    url=$(sed -n 's/^listening on //p' "$name.said")
    test -n "$url"
}

# ends SIGNAL PROCESS: it ends with status 0.
ends()
{
    kill "-$1" "$2" && exits 0 wait "$2"
}

# status WANT CURL-ARGUMENT...: the answer is in the file out, its header in the file fields.
status()
{
    want=$1
    shift
    same "$want" "$(curl -s -m 60 -D fields -o out -w '%{http_code}' "$@")"
}

# said TEXT: it stands in the answer.
said()
{
    grep -qF -e "$1" out || {
        cat out
        return 1
    }
}

header()
{
    tr -d '\r' <fields | grep -qiFx -e "$1" || {
        cat fields
        return 1
    }
}

# judged URL TYPE FILE
judged()
{
    status 200 -H "Content-Type: $2" --data-binary "@$3" "${1}classify"
}

# generated URL JSON: the bits of the text as one, in the file written.
generated()
{
    status 200 -H "Content-Type: application/json" --data-binary "$2" "${1}generate" && text_of out >written
}

# The bits of the text as one, as the content of a string of JSON.
text_of()
{
    sed -n 's/^{"v":1,"text":"\(.*\)"}$/\1/p' "$1" | tr -d '\n'
}

# ---- Verdicts ----

printf 'From: a@b.example\nSubject: Hello\n\nA cup of tea.\n' >mail
head -c 700000 /dev/urandom | od -An -v -tx1 | head -c 1000000 >noise
cat mail noise >large
printf 'Content-Type: multipart/mixed; boundary=\nSubject: =?x?q?\n\n--\n\000\377\376' >malformed
: >empty

verdicts()
{
    for kind in spam ham unsure; do
        serve $kind -m $kind --listen 127.0.0.1:0 && judged "$url" message/rfc822 mail &&
            said "{\"v\":1,\"verdict\":\"$kind\"," && said '"tokens":' && ends TERM "$pid" || return 1
    done
}

same_score_as_bolter()
{
    judged "$one" message/rfc822 mail &&
        same "$(bolter -t -m unsure mail | cut -d ' ' -f 2)" \
            "$(sed 's/.*"score":\([0-9.]*\),.*/\1/' out | awk '{ printf "%.6f", $1 }')"
}

fields_of_a_verdict()
{
    judged "$one" text/plain mail && said '"thresholds":{"spam":0.97' && said '"unsure":0.5}' &&
        said '"tokens":47,"tokens_total":47,"windows":1,"truncated":false,"unscorable":null,"parts":[{"read":true,"tokens":47}]' &&
        grep -q '"score":0\.[0-9]*,"logit":[0-9.]*,' out && grep -q '"model":"[0-9a-f]\{16\}"' out
}

pieces_on_request()
{
    judged "$one" message/rfc822 mail && ! grep -q '"pieces"' out &&
        status 200 -H "Content-Type: message/rfc822" --data-binary @mail "${one}classify?explain=1" &&
        said '"pieces":[{"weight":' && said '"text":"Subject: Hello' && said 'A cup of tea.'
}

# Each word of a text is there twice, in letters of two, three and four bytes: a piece is the bytes that
# it says to be at.
places_of_pieces()
{
    for copy in 1 2; do
        printf 'Größe zählt. 価格は無料です。 \360\237\222\260\360\237\222\260 free money today.\nGrüße aus Köln.\n'
    done >repeated
    status 200 -H "Content-Type: text/plain" --data-binary @repeated "${one}classify?explain=1" || return 1
    grep -o '"weight":[^,]*,"at":[0-9]*,"bytes":[0-9]*,"text":"[^"]*"' out >pieces
    [ "$(wc -l <pieces)" -gt 4 ] && said '"at":0,"text":"Größe zählt.' || return 1
    while IFS=: read -r _ _ at bytes text; do
        part=$(tail -c +$((${at%,*} + 1)) repeated | head -c "${bytes%,*}" | tr '\n' ' ' | sed 's/^ *//; s/ *$//')
        [ -n "$part" ] && case $part in "$(echo "$text" | tr -d '"')"*) ;; *) return 1 ;; esac
    done <pieces
}

# Of the end of a text the places are there, too.
places_at_the_end()
{
    { head -c 20000 large && printf '\n%s' "The last line is read."; } >long
    status 200 -H "Content-Type: text/plain" --data-binary @long "${one}classify?explain=1" &&
        end=$(grep -o '{"read":true,"tokens":32,"at":[0-9]*' out | grep -o '[0-9]*$') &&
        at=$(grep -o '"at":[0-9]*,"bytes":[0-9]*,"text":"[^"]*is read\.' out | grep -o '^"at":[0-9]*' | cut -c 6-) &&
        [ "$at" -ge "$end" ] && tail -c +$((at + 1)) long | grep -q '^[a-zT].*is read\.$'
}

plain_text_is_no_mail()
{
    status 200 -H "Content-Type: text/plain; charset=utf-8" --data-binary @mail "${one}classify?explain=1" &&
        said 'a@b.example'
}

says_that_nothing_is_there()
{
    judged "$one" message/rfc822 empty && said '"unscorable":"empty"' &&
        judged "$one" text/plain empty && said '"unscorable":"empty"'
}

large_mail()
{
    judged "$one" message/rfc822 large && said '"truncated":true' &&
        said '"tokens":128,' && said '{"read":true,"tokens":96},{"read":false,"tokens":' &&
        said ',{"read":true,"tokens":32}]'
}

# A head of 96 tokens, two slices of 112 and a tail of 32; 16 stand before each slice once more.
large_mail_in_windows()
{
    cp -R unsure windows && sed -i 's/{/{"windows":3,/' windows/bolter.json &&
        serve windows -m windows --listen 127.0.0.1:0 && judged "$url" message/rfc822 large &&
        said '"truncated":true' && said '"tokens":384,' && said '"windows":3,' &&
        said '"parts":[{"read":true,"tokens":208},{"read":false,"tokens":' &&
        said ',{"read":true,"tokens":144}]' && ends TERM "$pid"
}

malformed_mail()
{
    judged "$one" message/rfc822 malformed && said '"verdict":"unsure"'
}

# ---- Texts ----

same_text_as_generate()
{
    for seed in 1 2 3; do
        bolter-train generate -m base -n 60 -t 1.5 --top-k 9 --top-p 0.9 --seed $seed -p "the hen" --json 2>said |
            sed 's/.*,"text":"\(.*\)","ids":.*/\1/' | tr -d '\n' >want
        generated "$base" "{\"prompt\":\"the hen\",\"max_tokens\":60,\"temperature\":1.5,\"top_k\":9,\"top_p\":0.9,\"seed\":$seed}" &&
            [ -s want ] && cmp want written || return 1
    done
}

ends_with_the_sum()
{
    generated "$base" '{"prompt":"the","max_tokens":3}' &&
        tail -n 1 out | grep -q '^{"v":1,"done":true,"stop":"length","prompt_tokens":[0-9]*,"tokens":3,"seconds":[0-9.e-]*,"model":"[0-9a-f]\{16\}"}$' &&
        header "Transfer-Encoding: chunked" && header "Content-Type: application/x-ndjson"
}

same_answers_as_respond()
{
    for i in 3 4; do
        echo "{\"instruction\":\"Say jam $i.\"}" | bolter-train respond -m task 2>said |
            sed 's/.*"response":"\(.*\)"}$/\1/' | tr -d '\n' >want
        generated "$task" "{\"instruction\":\"Say jam $i.\"}" && cmp want written || return 1
    done
    same jam "$(cat written)"
}

untrained_answers_are_those_of_respond()
{
    for seed in 1 2 3 4; do
        echo '{"instruction":"a","input":"b"}' |
            bolter-train respond -m base -n 60 -t 2 --seed $seed 2>said | grep -o '"response":.*' >want
        status 200 -H "Content-Type: application/json" "${base}generate" \
            --data-binary "{\"instruction\":\"a\",\"input\":\"b\",\"max_tokens\":60,\"temperature\":2,\"seed\":$seed}"
        printf '"response":"%s"}\n' "$(text_of out)" | cmp - want || return 1
    done
}

bad_wishes()
{
    for wish in '' '[]' '{}' '{"prompt":1}' '{"prompt":"a","instruction":"b"}' '{"prompt":"a","input":"b"}' \
        '{"prompt":"a","seed":-1}' '{"prompt":"a","seed":1.5}' '{"prompt":"a","top_p":2}' '{"prompt":"a","x":1}' \
        '{"prompt":"a","prompt":"b"}' "{\"prompt\":\"$(printf '%0999d' 0)\"}"; do
        status 400 -H "Content-Type: application/json" --data-binary "$wish" "${base}generate" &&
            said '{"v":1,"error":"' || return 1
    done
}

# ---- Whom it answers, and whom not ----

post()
{
    want=$1
    shift
    status "$want" -H "Content-Type: text/plain" --data-binary @mail "$@" "${one}classify"
}

paths_and_methods()
{
    status 404 "${one}none" && status 404 "${one}../etc/passwd" && status 405 "${one}classify" &&
        header "Allow: POST" && status 405 -X POST -d x "${one}model" && header "Allow: GET, HEAD" &&
        status 405 -X OPTIONS "${one}classify" && status 200 -I "$one"
}

types()
{
    status 415 --data-binary @mail "${one}classify" && post 200 &&
        status 415 -H "Content-Type: application/json" -d '{}' "${one}classify" &&
        status 415 -H "Content-Type: text/plain" -d '{}' "${base}generate"
}

lengths()
{
    cat large large large >long
    status 413 -H "Content-Type: text/plain" --data-binary @long "${one}classify" &&
        status 413 -H Expect: -H "Content-Type: text/plain" --data-binary @long "${one}classify" &&
        status 413 -H "Content-Type: text/plain" -H "Content-Length: 99999999999999999999999" -X POST "${one}classify" ||
        return 1
    status 411 -X POST -T - -H "Content-Type: text/plain" "${one}classify" <mail
}

# The header is refused before a body of the announced length has come.
refused_before_it_comes()
{
    status 413 -m 5 -H "Content-Type: text/plain" -H "Content-Length: 3000000" -X POST -d x "${one}classify"
}

long_header()
{
    status 431 -H "X-Long: $(printf '%040000d' 0)" "${one}model"
}

# Of 100 bytes one comes, and nothing after it.
silent_client()
{
    serve impatient -m unsure --listen 127.0.0.1:0 --timeout 1 || return 1
    exits 52 curl -s -m 20 -o out -H "Content-Type: text/plain" -H "Content-Length: 100" -d x "${url}classify" &&
        status 200 "${url}health" && ends TERM "$pid"
}

hosts()
{
    post 403 -H "Host: evil.example" && said "another host" && post 403 -H "Host: localhost.evil.example" &&
        post 403 -H "Host: 192.0.2.1" && post 403 -H "Host: 127.0.0.1.evil.example" &&
        post 403 -H "Host: [::1" && post 200 -H "Host: localhost" && post 200 -H "Host: LOCALHOST:9" &&
        post 200 -H "Host: 127.9.9.9:80" && post 200 -H "Host: [::1]:80" && status 403 -0 -H "Host:" "${one}model"
}

origins()
{
    own=${one%/}
    post 200 -H "Origin: $own" && post 403 -H "Origin: http://evil.example" && said "another origin" &&
        post 403 -H "Origin: null" && post 403 -H "Origin: ${own}1" && post 403 -H "Origin: http://localhost" &&
        post 200 -H "Sec-Fetch-Site: same-origin" && post 200 -H "Sec-Fetch-Site: none" &&
        post 403 -H "Sec-Fetch-Site: cross-site" && post 403 -H "Sec-Fetch-Site: same-site" &&
        status 403 -H "Sec-Fetch-Site: cross-site" "$one"
}

headers()
{
    for path in "" page.js page.css model none; do
        curl -s -D fields -o out "$one$path"
        header "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" &&
            header "X-Content-Type-Options: nosniff" && header "Referrer-Policy: no-referrer" &&
            header "Cache-Control: no-store" || return 1
    done
    ! grep -qi "access-control" fields
}

page_is_as_in_the_tree()
{
    for file in page.css page.js; do
        status 200 "$one$file" && cmp out "$top_srcdir/web/page/$file" || return 1
    done
    status 200 "$one" && cmp out "$top_srcdir/web/page/page.html" && ! grep -qE 'https?://|<script>|<style| on[a-z]+=' out
}

facts()
{
    status 200 "${one}model" && said '"kind":"classifier","name":"unsure"' && said '"labels":["ham","spam"]' &&
        status 200 "${base}model" && said '"kind":"language model"' &&
        status 200 "${task}model" && said '"kind":"instructed"' && said '"template":"alpaca"' &&
        status 200 "${one}health" && said '{"v":1,"status":"ok","busy":0,"jobs":2}'
}

the_other_kind()
{
    judged "$base" text/plain mail || status 404 -H "Content-Type: text/plain" --data-binary @mail "${base}classify" &&
        said "language model" && status 404 -H "Content-Type: application/json" -d '{"prompt":"a"}' "${one}generate" &&
        said "classifier"
}

counted()
{
    status 200 "${one}metrics" && said 'bolter_serve_requests_total{path="/classify",status="200"} ' &&
        said 'bolter_serve_requests_total{path="other",status="404"} ' &&
        said 'bolter_serve_seconds_total{path="/classify"} ' && grep -q 'of="messages"} [1-9]' out &&
        ! grep -q tea out
}

no_content_is_logged()
{
    same "" "$(cat one.said base.said task.said | grep -v '^listening on http://127.0.0.1:[0-9]*/$')"
}

# ---- Many at once ----

two_at_once()
{
    curl -s -o a -H "Content-Type: message/rfc822" --data-binary @large "${one}classify?explain=1" &
    first=$!
    curl -s -o b -H "Content-Type: message/rfc822" --data-binary @large "${one}classify?explain=1" &
    wait $first && wait $! && grep -q '"verdict":"unsure"' a && sed 's/"ms".*"pieces"//' a >a.1 &&
        sed 's/"ms".*"pieces"//' b | cmp - a.1
}

# cut_off DIR: all files of a copy of a model, which is being served.
cut_off()
{
    for file in "$1"/*; do
        : >"$file"
    done
}

models_are_cut_off()
{
    cp -r unsure cut && serve cut_one -m cut --listen 127.0.0.1:0 && cut_off cut &&
        judged "$url" message/rfc822 mail && said '"verdict":"unsure"' && ends TERM "$pid" || return 1
    bolter-train quantize -m base -o narrow && serve cut_base -m narrow --listen 127.0.0.1:0 || return 1
    wish='{"prompt":"the hen","max_tokens":40,"top_k":1}'
    generated "$url" "$wish" && [ -s written ] && mv written want && cut_off narrow &&
        generated "$url" "$wish" && cmp want written && ends TERM "$pid"
}

# A text of 900 tokens, the most probable ones, is under way while others ask.
busy()
{
    serve slow -m slow --listen 127.0.0.1:0 -j 1 || return 1
    rm -f stream
    curl -sN -o stream -H "Content-Type: application/json" -d '{"prompt":"a","max_tokens":900}' "${url}generate" &
    writing=$!
    wait_for stream
    status 503 -H "Content-Type: application/json" -d '{"prompt":"a"}' "${url}generate" && header "Retry-After: 1" &&
        status 200 "${url}health" && said '"busy":1'
}

# Goes on from busy(): the client goes away, and its seat is free long before the text would end.
gone()
{
    kill $writing
    wait $writing
    tries=0
    until status 200 "${url}health" && grep -q '"busy":0' out; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || return 1
        sleep 0.02
    done
    status 200 "${url}metrics" && written=$(sed -n 's/.*of="written"} //p' out) && [ "$written" -lt 900 ]
}

ends_while_it_writes()
{
    rm -f stream
    curl -sN -o stream -H "Content-Type: application/json" -d '{"prompt":"a","max_tokens":900}' "${url}generate" &
    writing=$!
    wait_for stream
    ends INT "$pid" && wait $writing && tail -n 1 stream | grep -q '"stop":"interrupted"'
}

# ---- Sockets ----

unix_socket()
{
    serve unix -m unsure --listen "unix:$scratch/s" && same "unix:$scratch/s" "$url" &&
        same "srw-------" "$(ls -l s | cut -c 1-10)" &&
        status 200 --unix-socket s http://localhost/health && ends TERM "$pid" && [ ! -e s ]
}

stale_socket()
{
    serve unix -m unsure --listen "unix:$scratch/s" && kill -KILL "$pid"
    wait "$pid" 2>log.2
    [ -S s ] && serve unix -m unsure --listen "unix:$scratch/s" &&
        status 200 --unix-socket s http://localhost/health
}

# Goes on from stale_socket(): its server is alive.
live_socket()
{
    runs 1 serve -m unsure --listen "unix:$scratch/s" && complains "another process answers" &&
        status 200 --unix-socket s http://localhost/health && ends TERM "$pid"
}

no_socket()
{
    echo mine >f
    runs 1 serve -m unsure --listen "unix:$scratch/f" && complains "no socket" && same mine "$(cat f)"
}

port_in_use()
{
    at=${one#http://}
    runs 1 serve -m unsure --listen "${at%/}" && complains "Address already in use"
}

another_name()
{
    serve named -m unsure --listen 127.0.0.1:0 --host mill.example &&
        status 200 -H "Host: mill.example" "${url}model" && status 403 -H "Host: other.example" "${url}model" &&
        ends TERM "$pid"
}

ok "verdicts are those of the model" verdicts
serve one -m unsure --listen 127.0.0.1:0 || exit 99
one=$url one_pid=$pid
serve base -m base --listen 127.0.0.1:0 || exit 99
base=$url
serve task -m task --listen 127.0.0.1:0 || exit 99
task=$url

ok "the score is bolter's" same_score_as_bolter
ok "a verdict says what was read, and by what" fields_of_a_verdict
ok "pieces and text come when they are asked for" pieces_on_request
ok "a piece says where it stands, in bytes" places_of_pieces
ok "so does one of the end of a long text" places_at_the_end
ok "plain text is read as it is" plain_text_is_no_mail
ok "where nothing can be judged it says so" says_that_nothing_is_there
ok "of a megabyte the beginning and the end are read" large_mail
ok "a model of several windows says what they read of it" large_mail_in_windows
ok "a malformed mail has a verdict" malformed_mail
ok "a prompt has the text of generate, drawn by the same seed" same_text_as_generate
ok "a text ends with how many tokens it had, and why it ended" ends_with_the_sum
ok "an instruction has the answer of respond" same_answers_as_respond
ok "a rambling answer is cut as that of respond" untrained_answers_are_those_of_respond
ok "a wish that is none is refused" bad_wishes
ok "unknown paths and methods are refused" paths_and_methods
ok "other types of content are refused" types
ok "too long a body, or one of unknown length, is refused" lengths
ok "too long a body is refused before it comes" refused_before_it_comes
ok "too long a header is refused" long_header
ok "a client that falls silent is left" silent_client
ok "requests for other hosts are refused" hosts
ok "requests from other origins are refused" origins
ok "every answer carries the headers that guard the page" headers
ok "the page is that of the tree, and of one piece" page_is_as_in_the_tree
ok "it says what the model is" facts
ok "what a model is not for is refused" the_other_kind
ok "requests and tokens are counted" counted
ok "nothing of what is asked is logged" no_content_is_logged
ok "two requests at once have the same answer" two_at_once
ok "a model whose files are cut off is served on" models_are_cut_off
ok "beyond the seats it asks to come again" busy
ok "a client that goes away leaves its seat" gone
ok "SIGINT ends a text that is being written, and the server" ends_while_it_writes
ok "SIGTERM ends it with status 0" ends TERM $one_pid
ok "a unix socket is for its user, and goes with the server" unix_socket
ok "the socket of a dead server is replaced" stale_socket
ok "that of a living one is left alone" live_socket
ok "a file that is no socket stays" no_socket
serve one -m unsure --listen 127.0.0.1:0 || exit 99
one=$url
ok "a port in use is an error" port_in_use
ok "--host is another name for it" another_name
fails "a missing model" "config.json" serve -m none --listen 127.0.0.1:0
fails "a classifier without spam" "spam" serve -m three --listen 127.0.0.1:0
usage "no model" serve
usage "an operand" serve -m unsure x
usage "an address without a port" serve -m unsure --listen localhost
usage "a port that is none" serve -m unsure --listen 127.0.0.1:70000
usage "a relative socket" serve -m unsure --listen unix:s
usage "an address that others reach" serve -m unsure --listen 0.0.0.0:0
finish
