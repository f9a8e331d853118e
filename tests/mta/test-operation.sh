#!/bin/bash
# test-operation.sh - bolter-milter as those who run it see it: failures, reload, stop, log, metrics,
# service manager, and the command that shares its model.
. "${top_srcdir:-.}/tests/mta/lib.sh"

bolter=$top_builddir/bolter
fakeinit=$top_builddir/fakeinit
slow_model=$top_srcdir/models/default

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam
make_model "$work/random-model" random
printf 'From: a@example.org\n\n \n' >"$work/empty.eml"
printf 'Subject: s\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG\n' \
    >"$work/sealed.eml"
{ sed '/^$/q' "$work/ham.eml"; yes 'Words and more words, none of them the same as the next.' | head -n 400; } \
    >"$work/long.eml"

send() {
    "$fakemta" --socket "$socket" --print "$@" >"$work/out" 2>"$work/err" || {
        cat "$work/err"
        return 1
    }
}

reply_to() {
    "$fakemta" --socket "$socket" "$@" | sed 's/^[^:]*: //'
}

# get PATH: the answer of the metrics socket, header and all.
get() {
    local line
    exec 4<>"/dev/tcp/127.0.0.1/$metrics_port" || return 1
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&4
    cat <&4
    exec 4>&-
}
metrics() {
    get /metrics | sed '1,/^\r$/d'
}
# value NAME: of a sample in $work/metrics.
value() {
    awk -v name="$1" '$1 == name { print $2 }' "$work/metrics"
}
start_with_metrics() {
    metrics_port=$("$fakemta" --free-port)
    start "$@" --set metrics="inet:$metrics_port@127.0.0.1"
}

# rushed COMMAND...: 32 messages over eight connections at once, what came of them added to rush.out;
# then the command. Whether they meet in the queue is up to the scheduler: try it within some time.
rushed() {
    "$fakemta" --socket "$socket" -c 8 -m 32 --print "$work/long.eml" >>"$work/rush.out"
    "$@"
}
start_rush() {
    : >"$work/rush.out"
    start_with_metrics "$@" --set model="$slow_model" --set max_batch=1 --set workers=1
}

# ---- The model ----

a_model_without_a_card_is_served_with_a_warning() {
    cp -R "$work/spam-model" "$work/bare-model"
    rm "$work/bare-model/bolter.json"
    start bare --set model="$work/bare-model"
    check "it is served" send "$work/ham.eml"
    check "the log says what is assumed" grep -q \
        'bare-model: no bolter.json: .* the last of at most 128 tokens, and spam from 0.5 on' "$work/bare.log"
    same "once" "$(grep -c 'no bolter.json' "$work/bare.log")" 1
}

# ---- Failures ----

empty_and_encrypted_mail_is_answered_as_configured() {
    local kind
    start accept --set model="$work/spam-model"
    for kind in empty sealed; do
        check "$kind mail is answered" send "$work/$kind.eml"
        check "$kind mail stays as it is" cmp "$work/out" "$work/$kind.eml"
    done
    start tag --set model="$work/spam-model" --set on_unscorable=tag
    check "answered" send "$work/sealed.eml"
    same "field" "$(verdict_fields "$work/out")" "X-Bolter: unscored=unscorable"
    check "the rest stays" eval "without_verdict '$work/out' | cmp - '$work/sealed.eml'"
    check "other mail has a verdict" eval "send '$work/spam.eml' && grep -q '^X-Spam-Flag' '$work/out'"
    start tempfail --set model="$work/spam-model" --set on_unscorable=tempfail
    same "answer" "$(reply_to "$work/sealed.eml" | cut -c 1-3)" 451
    check "the log says why" grep -q 'failure=unscorable action=tempfail reason="the message is encrypted"' \
        "$work/tempfail.log"
}

message_that_takes_too_long_is_answered_as_configured() {
    start_with_metrics late --set model="$slow_model" --set max_batch=1 --set timeout_ms=1 \
        --set on_timeout=tag
    "$fakemta" --socket "$socket" -c 8 -m 32 --print "$work/long.eml" >"$work/late.out"
    metrics >"$work/metrics"
    check "some are late" grep -q '^X-Bolter: unscored=timeout' "$work/late.out"
    # The message that found the daemon up may have been late, too.
    same "counted" "$(value 'bolter_messages_total{action="mark",reason="timeout"}')" \
        "$(grep -c 'failure=timeout action=mark reason=' "$work/late.log")"
}

message_that_finds_a_full_queue_is_answered_as_configured() {
    start_rush full --set max_queued=1 --set on_overload=tempfail
    check "some are turned away" within 30 rushed grep -q ': 451 ' "$work/rush.out"
    metrics >"$work/metrics"
    same "counted" "$(value 'bolter_messages_total{action="tempfail",reason="overload"}')" \
        "$(grep -c ': 451 ' "$work/rush.out")"
    check "logged" grep -q 'failure=overload action=tempfail reason=' "$work/full.log"
}

under_load_less_is_read_and_the_header_says_so() {
    start_rush load --set max_queued=100 --set degrade_at=0.01 --set degrade_tokens=16
    check "some are read in part" within 30 rushed grep -q degraded=1 "$work/rush.out"
    tr -d '\n' <"$work/rush.out" | tr '\t' ' ' | grep -o 'tokens=16,[^X]*degraded=1' >"$work/degraded"
    metrics >"$work/metrics"
    same "counted" "$(value bolter_degraded_messages_total)" "$(wc -l <"$work/degraded")"
    same "and logged" "$(grep -c 'tokens=16 truncated=yes degraded=yes' "$work/load.log")" \
        "$(wc -l <"$work/degraded")"
    check "a message alone is read as far as ever" eval \
        "send '$work/long.eml' && grep -q degraded=0 '$work/out'"
}

no_message_is_refused_on_a_verdict_under_load() {
    start_rush strict --set max_queued=100 --set degrade_at=0.01 --set degrade_tokens=16 \
        --set tag_at=0 --set reject_at=0 --set reject_to_tag=no
    check "some are judged in part, and marked" within 30 rushed \
        grep -q 'action=mark .*degraded=yes' "$work/strict.log"
    check "some are judged in full, and refused" grep -q 'action=reject .*degraded=no' \
        "$work/strict.log"
    check "none of those is refused" eval "! grep 'action=reject .*degraded=yes' '$work/strict.log'"
}

# ---- Reload and stop ----

reload_option_reaches_the_daemon_by_its_pid_file() {
    local conf=$work/reload.conf daemon
    socket=unix:$work/reload.sock
    printf 'socket = "%s";\nmodel = "%s";\npid_file = "%s";\n' "$socket" "$work/ham-model" \
        "$work/reload.pid" >"$conf"
    launch reload -c "$conf"
    daemon=$pid
    check "up" within 30 answers "$socket"
    sed -i 's/ham-model/spam-model/' "$conf"
    check "reload" "$bolter_milter" --reload -c "$conf"
    check "the new model answers" within 20 eval \
        "send '$work/ham.eml' && grep -q '^X-Spam-Flag' '$work/out'"
    echo 'workers = 0;' >>"$conf"
    check "a bad file is refused at once" eval "! '$bolter_milter' --reload -c '$conf'"
    sed -i '$d' "$conf"
    launch second -c "$conf" --set socket="unix:$work/other.sock"
    check "a second daemon does not take the pid file" within 20 is_gone $pid
    check "the log says why" grep -q "another bolter-milter runs" "$work/second.log"
    kill -KILL "$daemon"
    ended "$daemon"
    check "without a daemon" eval "! '$bolter_milter' --reload -c '$conf'"
}

reload_names_what_takes_effect_at_the_next_start_only() {
    local conf=$work/fixed.conf
    socket=unix:$work/fixed.sock
    printf 'socket = "%s";\nmodel = "%s";\n' "$socket" "$work/ham-model" >"$conf"
    launch fixed -c "$conf"
    check "up" within 30 answers "$socket"
    echo 'socket_mode = "0600"; ask = "unix:/nowhere"; log_format = "json";' >>"$conf"
    kill -USR1 $pid
    check "reloaded" within 20 grep -q reloaded "$work/fixed.log"
    same "named" "$(grep -o 'new value of [a-z_]*' "$work/fixed.log" | sort | tr '\n' ' ')" \
        "new value of ask new value of socket_mode "
    check "the log has its new form" grep -q '^{"v":1,"level":"info","message":"reloaded: ' \
        "$work/fixed.log"
}

# What a copy of a model says is compared before and after its files were overwritten where they lie.
model_files_can_be_cut_off_and_overwritten_under_the_daemon() {
    local kind model name before
    for kind in default/auto default/bfloat16 random/auto random/bfloat16; do
        name=cut-${kind%/*}-${kind#*/} model=$work/cut-${kind%/*}-${kind#*/}-model
        case $kind in
        default/*) cp -r "$slow_model" "$model" && chmod -R u+w "$model" ;;
        *) cp -r "$work/random-model" "$model" ;;
        esac
        start "$name" --set model="$model" --set precision="${kind#*/}"
        check "$kind: a verdict" send "$work/long.eml"
        before=$(score_of "$work/out")
        for file in "$model"/*; do
            : >"$file"
        done
        check "$kind: lives on without its files" send "$work/long.eml"
        same "$kind: with the same score" "$(score_of "$work/out")" "$before"
        kill -USR1 $pid
        check "$kind: the files are refused" within 20 grep -q 'reload failed' "$work/$name.log"
        for file in "$model"/*; do
            head -c 1000000 /dev/zero | tr '\0' x >"$file"
        done
        check "$kind: the old model stays" send "$work/long.eml"
        same "$kind: and its score" "$(score_of "$work/out")" "$before"
    done
}
score_of() {
    grep '^X-Spam-Score:' "$1"
}

stop_waits_for_a_message_no_longer_than_configured() {
    local begin
    start drain --set model="$slow_model" --set max_batch=1 --set drain_timeout_ms=100
    "$fakemta" --socket "$socket" -c 16 -m 400 --timeout 5000 "$work/long.eml" >/dev/null 2>&1 &
    pids="$pids $!"
    sleep 0.5
    begin=$SECONDS
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
    check "it took $((SECONDS - begin)) s" test $((SECONDS - begin)) -le 8
}

# ---- The log ----

a_line_of_the_log_is_json_if_wanted() {
    local line
    start json --set model="$work/spam-model" --set log_format=json --set on_unscorable=tempfail
    check "answered" send "$work/forged.eml"
    reply_to "$work/empty.eml" >/dev/null
    check "every line is an object" eval "! grep -vE '^\{\"v\":1,\"level\":\"[a-z]+\",.*\}\$' '$work/json.log'"
    line=$(grep '"forged":3' "$work/json.log")
    check "message: $line" grep -Eqx '\{"v":1,"level":"info","id":"[0-9A-Za-z]+","verdict":"spam","label":"spam","score":[01]\.[0-9]{4},"action":"mark",.*"windows":1,"tokens":[0-9]+,.*"truncated":false,"degraded":false,"queued_ms":[0-9.]+,"computed_ms":[0-9.]+,"model":"[0-9a-f]{16}".*\}' <<<"$line"
    check "failure" grep -q '"failure":"unscorable","action":"tempfail","reason":"the message is empty"' \
        "$work/json.log"
}

no_word_of_a_message_is_in_any_log() {
    local format canary=Kanarienvogel step
    cat >"$work/canary.eml" <<END
From: $canary <$canary@example.org>
To: <$canary@example.net>
Subject: $canary
Message-Id: <$canary@example.org>
X-$canary: $canary
X-Spam-$canary: $canary
Content-Type: text/$canary; charset=$canary; name="$canary.exe"

$canary
END
    {
        printf 'From: x\n'
        for step in {1..70}; do printf 'X-Spam-%s-%d: x\n' "$canary" "$step"; done
        printf '\nb\n'
    } >"$work/flood.eml"
    for format in text json; do
        start canary-$format --set model="$work/spam-model" --set log_level=debug \
            --set log_format=$format --set ask="unix:$work/canary.ask" --set reject_at=0.5 \
            --set reject_to_tag=no
        reply_to --from "<$canary@example.com>" --to "<$canary@example.net>" --helo $canary \
            --login $canary "$work/canary.eml" "$work/flood.eml" >/dev/null
        for step in mail rcpt data header eoh body; do
            "$fakemta" --socket "$socket" --drop-at $step --from "<$canary@example.com>" \
                "$work/canary.eml" >/dev/null
        done
        "$bolter" -q --socket "unix:$work/canary.ask" <"$work/canary.eml"
        kill -TERM $pid
        ended $pid
        check "$format: there is a log" grep -q 'spam' "$work/canary-$format.log"
        check "$format: without content" eval "! grep -i $canary '$work/canary-$format.log'"
    done
}

# ---- Metrics ----

# Lines that OpenMetrics 1.0 does not allow: samples of no family, families after their samples.
metrics_that_are_malformed() {
    awk '
        done { print "after EOF: " $0; next }
        /^# EOF$/ { done = 1; next }
        /^# TYPE / {
            if (seen[$3]++) print "twice: " $0
            if ($4 !~ /^(counter|gauge|histogram|info)$/) print "type: " $0
            family = $3; type = $4; next
        }
        /^# (HELP|UNIT) / {
            if ($3 != family) print "out of place: " $0
            if ($2 == "UNIT" && family !~ ("_" $4 "$")) print "unit: " $0
            next
        }
        !/^[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? -?[0-9.]+(e[-+][0-9]+)?$/ {
            print "syntax: " $0; next
        }
        {
            name = $1; sub(/\{.*/, "", name)
            suffix = substr(name, length(family) + 1)
            if (substr(name, 1, length(family)) != family) print "of no family: " $0
            if (type == "counter" && suffix != "_total") print "counter: " $0
            if (type == "gauge" && suffix != "") print "gauge: " $0
            if (type == "info" && (suffix != "_info" || $2 != 1)) print "info: " $0
            if (type == "histogram") {
                if (suffix !~ /^_(bucket|count|sum)$/) print "histogram: " $0
                if (suffix == "_bucket" && $2 + 0 < last[family]) print "falls: " $0
                if (suffix == "_bucket") last[family] = $2 + 0
                if (suffix == "_count" && $2 + 0 != last[family]) print "count: " $0
            }
        }
        END { if (!done) print "no EOF" }' "$1"
}

metrics_are_well_formed_and_add_up() {
    start_with_metrics count --set model="$work/spam-model" --set on_unscorable=tempfail \
        --set ask="unix:$work/count.ask"
    check "answered" send -c 4 -m 30 "$work/spam.eml" "$work/forged.eml"
    reply_to -m 3 "$work/empty.eml" >/dev/null
    "$bolter" -q --socket "unix:$work/count.ask" <"$work/ham.eml"
    kill -USR1 $pid
    check "reloaded" within 20 grep -q reloaded "$work/count.log"
    metrics >"$work/metrics"
    same "malformed lines" "$(metrics_that_are_malformed "$work/metrics")" ""
    # One more: the message that found the daemon up.
    same "messages" "$(awk '/^bolter_messages_total/ { n += $2 } END { print n }' "$work/metrics")" 34
    same "answers" "$(value bolter_answer_seconds_count)" 34
    same "verdicts" "$(value bolter_score_count)" 31
    same "spam" "$(value 'bolter_messages_total{action="mark",reason="spam"}')" 31
    same "unscorable" "$(value 'bolter_messages_total{action="tempfail",reason="unscorable"}')" 3
    same "asks" "$(value 'bolter_asks_total{result="ok"}')" 1
    same "reloads" "$(value 'bolter_reloads_total{result="ok"}')" 1
    same "queue" "$(value bolter_queue_length) $(value bolter_queue_limit)" "0 256"
    same "workers" "$(value bolter_workers) $(value bolter_workers_busy)" "1 0"
    local began
    began=$(value process_start_time_seconds)
    check "started at $began" test $(($(date +%s) - ${began%.*})) -lt 60
    command -v promtool >/dev/null || return
    # It knows the older format alone, in which a family has its samples' name and no kind "info".
    awk '/^# TYPE/ { suffix = $4 == "counter" ? "_total" : $4 == "info" ? "_info" : "" }
         /^# (TYPE|HELP)/ { $3 = $3 suffix; if ($4 == "info") $4 = "gauge" }
         !/^# (UNIT|EOF)/' "$work/metrics" >"$work/metrics.old"
    check "promtool" promtool check metrics <"$work/metrics.old"
}

metrics_are_served_on_a_unix_socket_and_not_to_the_world() {
    start unix --set model="$work/ham-model" --set metrics="unix:$work/m.sock" --set metrics_mode=0600
    same "mode" "$(stat -c %a "$work/m.sock")" 600
    launch world --set socket="unix:$work/w.sock" --set model="$work/ham-model" \
        --set metrics="inet:$("$fakemta" --free-port)@0.0.0.0"
    check "every address is refused" within 20 is_gone $pid
    check "the log says why" grep -q 'metrics: .*loopback' "$work/world.log"
}

metrics_survive_clients_that_misbehave() {
    local i
    start_with_metrics rude --set model="$work/ham-model"
    same "a page that is not there" "$(get / | head -n 1)" "HTTP/1.0 404 Not Found"$'\r'
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        exec 4<>"/dev/tcp/127.0.0.1/$metrics_port" && printf 'GET' >&4
        exec 4>&-
    done
    head -c 100000 /dev/urandom >"/dev/tcp/127.0.0.1/$metrics_port" 2>/dev/null
    check "still there" eval "metrics | tail -n 1 | grep -qx '# EOF'"
    check "and the milter" send "$work/ham.eml"
}

# ---- A service manager ----

# as_service NAME INIT-OPTIONS -- OPTIONS: under fakeinit, what it says in NAME.said.
as_service() {
    local name=$1 init=
    shift
    while [ "$1" != -- ]; do init="$init $1" && shift; done
    shift
    logs="${logs-} $work/$name.log"
    # shellcheck disable=SC2086 # a list of words
    "$fakeinit" $init "$bolter_milter" -f "$@" >"$work/$name.said" 2>"$work/$name.log" &
    pid=$!
    pids="$pids $pid"
}

manager_hears_of_start_reload_and_stop() {
    socket=unix:$work/service.sock
    as_service service -- --set socket="$socket" --set model="$work/ham-model"
    check "ready" within 30 grep -qx READY=1 "$work/service.said"
    check "it answers at once" answers "$socket"
    kill -USR1 $pid
    check "reloading, then ready again" within 20 eval \
        "tr '\n' ' ' <'$work/service.said' | grep -q 'READY=1 .*RELOADING=1 MONOTONIC_USEC=[0-9]* .*READY=1'"
    kill -TERM $pid
    ended $pid
    same "status" $status 0
    check "stopping" grep -qx STOPPING=1 "$work/service.said"
    check "no sign of life was asked for" eval "! grep -q WATCHDOG '$work/service.said'"
}

watchdog_is_fed_while_the_daemon_serves() {
    socket=unix:$work/dog.sock
    as_service dog --watchdog 400 -- --set socket="$socket" --set model="$work/ham-model"
    check "signs of life" within 20 eval "test \$(grep -cx WATCHDOG=1 '$work/dog.said') -ge 3"
    check "it answers" answers "$socket"
}

# Signs of life in half a second.
signs() {
    local before
    before=$(grep -c WATCHDOG=1 "$work/hang.said")
    sleep 0.5
    echo $(($(grep -c WATCHDOG=1 "$work/hang.said") - before))
}

watchdog_is_not_fed_while_a_worker_hangs() {
    local idle busy
    socket=unix:$work/hang.sock
    # So short an interval that a batch of long messages is many times longer.
    as_service hang --watchdog 4 -- --set socket="$socket" --set model="$slow_model"
    check "up" within 30 answers "$socket"
    idle=$(signs)
    "$fakemta" --socket "$socket" -c 16 -m 1000 "$work/long.eml" >/dev/null 2>&1 &
    pids="$pids $!"
    sleep 0.3
    busy=$(signs)
    check "$idle signs of life when idle, $busy during long batches" test $((4 * busy)) -lt "$idle"
}

inherited_socket_is_served_and_left_in_place() {
    socket=unix:$work/given.sock
    as_service given --listen "$work/given.sock" -- --set socket=unix:/nowhere/s \
        --set model="$work/ham-model"
    check "up" within 30 answers "$socket"
    kill -TERM $pid
    ended $pid
    same "status" $status 0
    check "the manager's socket is still there" test -S "$work/given.sock"
}

unit_is_well_sandboxed() {
    command -v systemd-analyze >/dev/null || { skip "systemd-analyze is not installed" && return; }
    local unit=$top_srcdir/contrib/systemd/bolter-milter.service exposure
    systemd-analyze security --offline=true --no-pager "$unit" >"$work/exposure" 2>&1 || {
        systemd-analyze security --help | grep -q offline || { skip "its systemd is too old" && return; }
    }
    exposure=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' "$work/exposure")
    check "exposure ${exposure:-unknown}" awk "BEGIN { exit !(\"$exposure\" != \"\" && $exposure <= 1.5) }"
}

# installed PREFIX VARIABLE: a directory of an installation there, as configure wrote it.
installed() {
    MAKEFLAGS="" make -s --no-print-directory -C "$top_builddir" --eval "print: ; @echo \$($2)" prefix="$1" print
}

# allows PATH: by a rule of the profile, whose globs are turned into bash's.
allows() {
    local rule
    while read -r rule; do
        # shellcheck disable=SC2053 # a pattern
        [[ $1 == $rule ]] && return
    done < <(sed -nE 's/^ *(\/[^ ]*) [a-z]+,$/\1/p' "$profile" |
        sed -e 's/\*\*/*/g' -e 's/{/@(/g' -e 's/,/|/g' -e 's/}/)/g')
    return 1
}

apparmor_profile_names_the_paths_of_an_installation() {
    local profile=$top_srcdir/contrib/apparmor/bolter-milter prefix path
    [ "$(sed -n 's/^sysconfdir = //p' "$top_builddir/Makefile")" = '${prefix}/etc' ] ||
        { skip "configured with directories of its own" && return; }
    for prefix in /usr /usr/local; do
        for path in "$(installed $prefix sbindir)/bolter-milter" \
            "$(installed $prefix libdir)/libbolter.so.0" \
            "$(installed $prefix pkgdatadir)/models/default/model.safetensors"; do
            check "$path" allows "$path"
        done
    done
    check "settings" allows "$(installed /usr/local sysconfdir)/bolter/bolter.conf"
    check "settings of a distribution" allows /etc/bolter/bolter.conf
    path=$(sed -n 's/^#socket = "unix:\(.*\)";/\1/p' "$top_srcdir/conf/bolter.conf.sample")
    check "the default socket" allows "$path"
    check "the pid file of the unit" allows \
        "$(sed -n 's/^ExecStart=.*pid_file=//p' "$top_srcdir/contrib/systemd/bolter-milter.service")"
    check "the socket for Postfix" allows "$(sed -n 's/^socket = "unix:\(.*\)";/\1/p' \
        "$top_srcdir/contrib/postfix/bolter.conf")"
    check "not all the machine" eval '! allows /etc/shadow && ! allows /var/mail/bob && ! allows /home/bob/x'
    [ -d /etc/apparmor.d/abi ] && command -v apparmor_parser >/dev/null || return 0
    check "the parser takes it" apparmor_parser --skip-kernel-load --skip-cache "$profile"
}

# ---- bolter --socket ----

command_says_the_same_with_the_daemon_as_with_the_model() {
    local option f
    start share --set model="$work/random-model" --set ask="unix:$work/share.ask"
    export BOLTER_MODEL=$work/random-model
    for option in -t -q --json; do
        for f in ham spam forged long empty sealed; do
            "$bolter" $option "$work/$f.eml" >"$work/alone" 2>&1
            local want=$?
            "$bolter" $option --socket "unix:$work/share.ask" "$work/$f.eml" >"$work/shared" 2>&1
            same "$option $f: status" $? $want
            sed -i 's/"ms":[0-9]*//' "$work/alone" "$work/shared"
            check "$option $f" cmp "$work/alone" "$work/shared"
        done
    done
    for f in ham forged crlf empty sealed; do
        [ $f != crlf ] || sed 's/$/\r/' "$work/forged.eml" >"$work/crlf.eml"
        "$bolter" -p <"$work/$f.eml" | sed 's/ms=[0-9]*//' >"$work/alone"
        BOLTER_MODEL=/nowhere "$bolter" -p -S "unix:$work/share.ask" <"$work/$f.eml" 2>&1 | sed 's/ms=[0-9]*//' >"$work/shared"
        check "-p $f" cmp "$work/alone" "$work/shared"
    done
    printf 'one\ntwo words\n' | "$bolter" -tl >"$work/alone"
    printf 'one\ntwo words\n' | "$bolter" -tl -S "unix:$work/share.ask" >"$work/shared" 2>&1
    check "lines" cmp "$work/alone" "$work/shared"
    unset BOLTER_MODEL
    same "the model was not needed" "$(BOLTER_MODEL=/nowhere "$bolter" -t -S "unix:$work/share.ask" \
        "$work/ham.eml" 2>&1 | wc -l)" 1
}

command_loads_the_model_where_no_daemon_answers() {
    export BOLTER_MODEL=$work/spam-model
    "$bolter" -t -S "unix:$work/nobody.ask" "$work/ham.eml" "$work/spam.eml" >"$work/out" 2>"$work/err"
    same "status" $? 0
    same "verdicts" "$(grep -c '^S ' "$work/out")" 2
    same "complaints" "$(wc -l <"$work/err")" 1
    check "it says what it does" grep -q 'nobody.ask: cannot connect: .*; loading the model instead' "$work/err"
    "$bolter" -p -S "unix:$work/nobody.ask" <"$work/ham.eml" >"$work/out" 2>"$work/err"
    same "status of -p" $? 0
    check "marked" grep -q '^X-Spam-Flag: YES' "$work/out"
    check "whole" eval "without_verdict '$work/out' | cmp - '$work/ham.eml'"
    same "complaints of -p" "$(wc -l <"$work/err")" 1
    start milter --set model="$work/ham-model"
    "$bolter" -t -S "$socket" "$work/ham.eml" >"$work/out" 2>"$work/err" -s 2
    check "the milter's own socket is not taken for it" grep -q '^S ' "$work/out"
    unset BOLTER_MODEL
}

many_commands_share_the_model_at_the_same_time() {
    local i want askers=()
    start crowd --set model="$work/random-model" --set ask="unix:$work/crowd.ask"
    want=$(BOLTER_MODEL=$work/random-model "$bolter" -t "$work/ham.eml")
    for i in {1..40}; do
        BOLTER_MODEL=/nowhere "$bolter" -t -S "unix:$work/crowd.ask" "$work/ham.eml" >"$work/crowd.$i" 2>&1 &
        askers+=($!)
    done
    wait "${askers[@]}"
    same "answers" "$(cat "$work"/crowd.[0-9]* | grep -cFx "$want")" 40
}

run_cases a_model_without_a_card_is_served_with_a_warning \
    empty_and_encrypted_mail_is_answered_as_configured \
    message_that_takes_too_long_is_answered_as_configured \
    message_that_finds_a_full_queue_is_answered_as_configured \
    under_load_less_is_read_and_the_header_says_so \
    no_message_is_refused_on_a_verdict_under_load \
    reload_option_reaches_the_daemon_by_its_pid_file \
    reload_names_what_takes_effect_at_the_next_start_only \
    model_files_can_be_cut_off_and_overwritten_under_the_daemon \
    stop_waits_for_a_message_no_longer_than_configured \
    a_line_of_the_log_is_json_if_wanted \
    no_word_of_a_message_is_in_any_log \
    metrics_are_well_formed_and_add_up \
    metrics_are_served_on_a_unix_socket_and_not_to_the_world \
    metrics_survive_clients_that_misbehave \
    manager_hears_of_start_reload_and_stop \
    watchdog_is_fed_while_the_daemon_serves \
    watchdog_is_not_fed_while_a_worker_hangs \
    inherited_socket_is_served_and_left_in_place \
    unit_is_well_sandboxed \
    apparmor_profile_names_the_paths_of_an_installation \
    command_says_the_same_with_the_daemon_as_with_the_model \
    command_loads_the_model_where_no_daemon_answers \
    many_commands_share_the_model_at_the_same_time
