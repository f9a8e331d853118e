#!/bin/bash
# test-http.sh - the page of bolter-milter and its interface: what it answers, and whom; and that mail goes
# first whatever happens there.
. "${top_srcdir:-.}/tests/mta/lib.sh"
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY

command -v curl >/dev/null || skip_all "curl is not installed"
bolter=$top_builddir/bolter
default_model=$top_srcdir/models/default

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam
make_model "$work/random-model" random
printf 'From: a@example.org\n\n \n' >"$work/empty.eml"
{ sed '/^$/q' "$work/ham.eml"; yes 'Words and more words, none of them the same as the next.' | head -n 400; } \
    >"$work/long.eml"

# A build without the library says so, and that is all it can.
build_without_http_refuses_the_setting() {
    launch none --set socket="unix:$work/none.sock" --set http=127.0.0.1:8025
    ended $pid
    same "status" $status 1
    check "the log says why" grep -q 'http: .*without libmicrohttpd' "$work/none.log"
}
"$bolter_milter" -n --set model="$work/ham-model" --set http=127.0.0.1:8025 >/dev/null 2>"$work/none.log"
! grep -q "without libmicrohttpd" "$work/none.log" || run_cases build_without_http_refuses_the_setting

# start_with_http NAME OPTION...: sets port and url.
start_with_http() {
    port=$("$fakemta" --free-port)
    url=http://127.0.0.1:$port/
    start "$@" --set http="127.0.0.1:$port"
}

# status WANT CURL-ARGUMENT...: the answer is in $work/answer, its header in $work/fields.
status() {
    local want=$1
    shift
    same "status of ${*: -1}" \
        "$(curl -s -m 60 -D "$work/fields" -o "$work/answer" -w '%{http_code}' "$@")" "$want"
}

said() {
    check "answer: $(head -c 300 "$work/answer")" grep -qF -e "$1" "$work/answer"
}

# post WANT FILE [CURL-ARGUMENT...]: a mail to be judged at $url.
post() {
    local want=$1 file=$2
    shift 2
    status "$want" -H "Content-Type: message/rfc822" --data-binary "@$file" "$@" "${url}classify"
}

send() {
    "$fakemta" --socket "$socket" --print "$@" >"$work/out" 2>"$work/err" || {
        cat "$work/err"
        return 1
    }
}

# member NAME: its value in the answer.
member() {
    grep -o "\"$1\":[^,}]*" "$work/answer" | head -n 1 | cut -d : -f 2-
}

# ---- What it answers ----

health_says_that_the_model_is_loaded() {
    start_with_http health --set model="$work/ham-model"
    status 200 "${url}health"
    said '"status":"ok"'
    same "queue" "$(member queued) $(member max_queued) $(member workers)" "0 256 1"
    check "model $(member model)" grep -q "model=$(member model | tr -d '"')" "$work/health.log"
}

page_and_its_model_are_served() {
    start_with_http page --set model="$work/ham-model"
    status 200 "$url"
    check "page" cmp "$work/answer" "$top_srcdir/web/page/page.html"
    check "without anything from elsewhere" grep -qi "^content-security-policy: default-src 'none'" \
        "$work/fields"
    status 200 "${url}model"
    said '"kind":"classifier","name":"ham-model"'
    said '"hours":true'
    status 404 "${url}generate"
    status 405 "${url}classify"
}

# same_score WHAT GOT WANT: want has six digits, rounded from more than got has.
same_score() {
    awk -v got="$2" -v want="$3" 'BEGIN { d = got - want; exit !(d < 1e-6 && d > -1e-6) }' ||
        same "$1" "$2" "$3"
}

verdict_is_that_of_the_command() {
    local sample
    awk -v dir="$work" '/^From /{ n++; next } { print > (dir "/sample." n) }' \
        "$top_srcdir/tests/samples/sample.mbox"
    # Levels are for mail: this is the model's own verdict.
    start_with_http same --set model="$default_model" --set tag_at=0.0001 --set timeout_ms=60000
    : >"$work/verdicts"
    for sample in "$work"/sample.?; do
        "$bolter" -m "$default_model" --json "$sample" >"$work/said"
        post 200 "$sample"
        same "$sample" "$(member verdict)" "$(sed 's/.*"verdict":\("[a-z]*"\).*/\1/' "$work/said")"
        same_score "$sample" "$(member score)" "$(sed 's/.*"score":\([0-9.]*\).*/\1/' "$work/said")"
        member verdict >>"$work/verdicts"
    done
    check "spam is among them" grep -q spam "$work/verdicts"
    check "and ham" grep -q ham "$work/verdicts"
    # A short one: to explain is to judge once for each piece, and a sanitizer makes that slow.
    status 200 -H "Content-Type: message/rfc822" --data-binary "@$work/ham.eml" "${url}classify?explain=1"
    said '"pieces":[{"weight":'
    said '"parts":[{"read":true,'
}

metrics_are_those_of_the_metrics_socket() {
    local other
    other=$("$fakemta" --free-port)
    start_with_http metrics --set model="$work/spam-model" --set metrics="inet:$other@127.0.0.1"
    post 200 "$work/ham.eml"
    status 404 "${url}none"
    within 20 eval "curl -s '${url}metrics' | grep -q 'result=\"failed\"} 1'" || true
    curl -s -D "$work/scraped.fields" -o "$work/scraped" "http://127.0.0.1:$other/metrics"
    status 200 "${url}metrics"
    same "type" "$(grep -i ^content-type: "$work/fields" | tr -d '\r' | tr A-Z a-z)" \
        "$(grep -i ^content-type: "$work/scraped.fields" | tr -d '\r' | tr A-Z a-z)"
    grep -v http_requests "$work/answer" >"$work/a"
    grep -v http_requests "$work/scraped" >"$work/b"
    check "the same numbers" cmp "$work/a" "$work/b"
    same "requests in vain" "$(sed -n 's/^bolter_http_requests_total{result="failed"} //p' "$work/answer")" 1
}

hours_say_what_became_of_mail() {
    local kind
    start_with_http hours --set model="$work/spam-model" --set on_unscorable=tempfail \
        --set tempfail_at=0.5 --set reject_to_tag=no
    check "spam" eval "send '$work/spam.eml' '$work/ham.eml' || true"
    check "empty" eval "send '$work/empty.eml' || true"
    post 200 "$work/ham.eml"
    status 200 "${url}hours"
    # Two hours where one ends meanwhile. The message that found the daemon up counts, too.
    for kind in ham=0 unsure=0 spam=3 other=1 failed=0 refused=4; do
        same "$kind" "${kind%=*}=$(grep -o "\"${kind%=*}\":[0-9]*" "$work/answer" |
            awk -F : '{ n += $2 } END { print n }')" "$kind"
    done
    check "the hour" grep -Eq "\"hour\":\"$(date -u +%Y-%m-%d)T[0-9][0-9]:00:00Z\"" "$work/answer"
    check "no word of a message" eval "! grep -qi 'minutes\|example' '$work/answer'"
}

# ---- Whom it answers ----

requests_from_elsewhere_are_refused() {
    start_with_http guard --set model="$work/ham-model" --set http_host=mill.example
    post 403 "$work/ham.eml" -H "Host: evil.example"
    post 403 "$work/ham.eml" -H "Origin: http://evil.example"
    post 403 "$work/ham.eml" -H "Sec-Fetch-Site: cross-site"
    status 403 -H "Host: evil.example" "${url}hours"
    status 403 -H "Host: unix" "${url}health"
    post 200 "$work/ham.eml" -H "Host: mill.example"
    post 200 "$work/ham.eml" -H "Origin: ${url%/}"
    status 415 -H "Content-Type: text/html" --data-binary "@$work/ham.eml" "${url}classify"
}

message_over_the_limit_is_refused() {
    start_with_http large --set model="$work/ham-model"
    head -c 2097153 /dev/zero >"$work/zeros"
    post 413 "$work/zeros"
    head -c 2097152 /dev/zero >"$work/zeros"
    post 200 "$work/zeros"
}

unix_socket_has_its_mode_and_goes_with_the_daemon() {
    start unix --set model="$work/ham-model" --set http="unix:$work/h.sock" --set http_mode=0600
    same "mode" "$(stat -c %a "$work/h.sock")" 600
    status 200 --unix-socket "$work/h.sock" http://localhost/health
    status 403 --unix-socket "$work/h.sock" http://unix/health
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
    check "the socket is gone" test ! -e "$work/h.sock"
}

# Nobody but root may make a file in the folder of the socket.
socket_is_opened_before_the_change_of_user() {
    [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1 || { skip "not root" && return; }
    start user --set model="$work/ham-model" --set user=nobody --set http="unix:$work/u.sock"
    same "user" "$(ps -o user= -p $pid)" nobody
    same "owner" "$(stat -c %U "$work/u.sock")" nobody
    status 200 --unix-socket "$work/u.sock" http://localhost/health
}

address_that_others_reach_takes_a_setting_of_its_own() {
    local spec
    checked() {
        "$bolter_milter" -n --set model="$work/ham-model" --set socket="unix:$work/n.sock" "$@"
    }
    for spec in 0.0.0.0:8025 192.0.2.1:8025 "[::]:8025"; do
        check "-n refuses $spec" eval "! checked --set http='$spec' 2>'$work/err'"
        check "and says what it takes" grep -q 'http: .*loopback.*http_remote = "yes"' "$work/err"
    done
    for spec in 8025 127.0.0.1 127.0.0.1:0 127.0.0.1:65536 inet:8025@127.0.0.1 unix:relative; do
        check "-n refuses $spec" eval "! checked --set http='$spec' 2>'$work/err'"
        check "and names the setting" grep -q 'http: got ' "$work/err"
    done
    check "-n takes it with the setting" checked --set http=0.0.0.0:8025 --set http_remote=yes
    launch world --set socket="unix:$work/w.sock" --set model="$work/ham-model" --set http=0.0.0.0:8025
    ended $pid
    same "the daemon does not start" $status 1
    spec=0.0.0.0:$("$fakemta" --free-port)
    start open --set model="$work/ham-model" --set http="$spec" --set http_remote=yes
    status 200 "http://127.0.0.1:${spec#*:}/health"
}

# ---- Reload ----

reload_puts_the_new_model_behind_the_page() {
    local port conf=$work/reload.conf
    port=$("$fakemta" --free-port)
    url=http://127.0.0.1:$port/
    socket=unix:$work/reload.sock
    printf 'socket = "%s";\nmodel = "%s";\nhttp = "127.0.0.1:%s";\n' "$socket" "$work/ham-model" $port >"$conf"
    launch reload -c "$conf"
    check "up" within 30 answers "$socket"
    post 200 "$work/spam.eml"
    same "verdict before" "$(member verdict)" '"ham"'
    sed -i -e 's/ham-model/spam-model/' -e "s/:$port/:1/" "$conf"
    kill -USR1 $pid
    check "reloaded" within 20 grep -q reloaded "$work/reload.log"
    check "an address that changed is named" grep -q 'the new value of http takes effect at the next start' \
        "$work/reload.log"
    within 20 eval "curl -s '${url}model' | grep -q spam-model"
    post 200 "$work/spam.eml"
    same "verdict after" "$(member verdict)" '"spam"'
    status 200 "${url}health"
}

# ---- Mail goes first ----

address_in_use_keeps_no_mail_waiting() {
    start_with_http first --set model="$work/ham-model"
    start second --set model="$work/spam-model" --set http="${url:7:-1}"
    check "mail is marked" eval "send '$work/ham.eml' && grep -q '^X-Spam-Flag: YES' '$work/out'"
    check "the log says what is missing" grep -q 'http: mail is served without it' "$work/second.log"
}

# flood: messages with explanations, one after another, from many clients, as long as the case goes on. They
# are short: under a sanitizer a run of the model takes a second even so.
flood() {
    local i
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        while :; do
            curl -s -m 30 -o /dev/null -w '%{http_code}\n' -H "Content-Type: message/rfc822" \
                --data-binary "@$work/ham.eml" "${url}classify?explain=1"
        done >>"$work/flood.$i" 2>/dev/null &
        pids="$pids $!"
    done
}

# silence N: clients that connect and say nothing.
silence() {
    local i
    for ((i = 0; i < $1; i++)); do
        sleep 60 3<>"/dev/tcp/127.0.0.1/$port" &
        pids="$pids $!"
    done
}

mail_goes_on_while_http_is_flooded() {
    start_with_http flood --set model="$default_model" --set timeout_ms=100000
    rm -f "$work"/flood.[0-9]*
    flood
    silence 4
    check "some of it is answered" within 30 eval "cat '$work'/flood.[0-9]* | grep -q '^[25]0[03]$'"
    check "mail is answered" send -c 2 -m 4 --timeout 120000 "$work/ham.eml"
    same "with verdicts" "$(grep -c '^X-Bolter: label=' "$work/out")" 4
    check "no message failed" eval "! grep -q failure= '$work/flood.log'"
    same "other answers" "$(cat "$work"/flood.[0-9]* | grep -vE '^(200|503|000)$')" ""
}

message_gives_way_to_mail() {
    start_with_http way --set model="$default_model" --set max_batch=1
    "$fakemta" --socket "$socket" -c 8 -m 400 "$work/long.eml" >/dev/null 2>&1 &
    pids="$pids $!"
    check "while mail waits it is refused" within 30 eval \
        "curl -s -m 60 -D '$work/fields' -o '$work/answer' -H 'Content-Type: message/rfc822' \
        --data-binary '@$work/ham.eml' '${url}classify' && grep -q 'mail goes first' '$work/answer'"
    same "status" "$(head -n 1 "$work/fields" | cut -d ' ' -f 2)" 503
    check "and may come again" grep -qi '^retry-after: 1' "$work/fields"
}

broken_clients_do_no_harm() {
    local i
    start_with_http rude --set model="$work/ham-model"
    for i in 1 2 3 4 5 6 7 8; do
        { printf 'POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n' &&
            printf 'Content-Length: 100\r\n\r\nhalf of it'; } >"/dev/tcp/127.0.0.1/$port" 2>/dev/null
        head -c 30000 /dev/urandom >"/dev/tcp/127.0.0.1/$port" 2>/dev/null
    done
    silence 20 # more than there is room for
    check "mail is answered while all places are taken" send "$work/ham.eml"
    check "and then HTTP" within 20 eval "curl -s -m 5 '${url}health' | grep -q ok"
}

no_word_of_a_message_is_logged() {
    local canary=Kanarienvogel
    printf 'From: %s@example.org\nSubject: %s\n\n%s\n' $canary $canary $canary >"$work/canary.eml"
    start_with_http canary --set model="$work/ham-model" --set log_level=debug
    post 200 "$work/canary.eml"
    status 403 -H "Host: $canary" "${url}$canary"
    kill -TERM $pid
    ended $pid
    check "there is a log" grep -q 'http: serves' "$work/canary.log"
    check "without content" eval "! grep -i $canary '$work/canary.log'"
}

stop_is_clean_while_a_message_is_judged() {
    local begin
    start_with_http stop --set model="$default_model"
    # A short one: under a sanitizer a window takes longer than the daemon waits for a run of the model.
    curl -s -m 60 -o "$work/answer" -H "Content-Type: message/rfc822" --data-binary "@$work/ham.eml" \
        "${url}classify?explain=1" &
    pids="$pids $!"
    within 20 eval "curl -s '${url}health' | grep -q '\"busy\":1'"
    begin=$SECONDS
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
    check "it took $((SECONDS - begin)) s" test $((SECONDS - begin)) -le 12
    check "nothing was left behind" eval "! grep 'still' '$work/stop.log'"
}

run_cases health_says_that_the_model_is_loaded \
    page_and_its_model_are_served \
    verdict_is_that_of_the_command \
    metrics_are_those_of_the_metrics_socket \
    hours_say_what_became_of_mail \
    requests_from_elsewhere_are_refused \
    message_over_the_limit_is_refused \
    unix_socket_has_its_mode_and_goes_with_the_daemon \
    socket_is_opened_before_the_change_of_user \
    address_that_others_reach_takes_a_setting_of_its_own \
    reload_puts_the_new_model_behind_the_page \
    address_in_use_keeps_no_mail_waiting \
    mail_goes_on_while_http_is_flooded \
    message_gives_way_to_mail \
    broken_clients_do_no_harm \
    no_word_of_a_message_is_logged \
    stop_is_clean_while_a_message_is_judged
