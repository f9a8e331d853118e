#!/bin/bash
# test-milter.sh - bolter-milter as an MTA sees it, over real sockets, with an MTA of our own.
. "${top_srcdir:-.}/tests/mta/lib.sh"

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam
make_model "$work/random-model" random

# Send FILE with OPTIONs to the daemon that was started last; the result in $work/out.
send() {
    "$fakemta" --socket "$socket" --print "$@" >"$work/out" 2>"$work/err" || {
        cat "$work/err"
        return 1
    }
}

# The value of KEY in the summary of sending FILEs with OPTIONs.
summary() {
    local key=$1
    shift
    "$fakemta" --socket "$socket" --summary "$@" 2>&1 | tr ' ' '\n' | sed -n "s/^$key=//p"
}

names() {
    sed -n 's/^\([A-Za-z-]*\):.*/\1/p' "$1" | tr '\n' ' '
}

# What came back is a verdict on top of FILE, and FILE itself.
marked() {
    verdict_fields "$work/out" | grep -q '^X-Spam-Status: ' && without_verdict "$work/out" |
        cmp - "$1"
}

verdict_of_spam_stands_on_top_in_the_documented_order() {
    start spam --set model="$work/spam-model"
    check "spam is answered" send "$work/spam.eml"
    verdict_fields "$work/out" >"$work/fields"
    same "names of the fields" "$(names "$work/fields")" \
        "X-Spam-Flag X-Spam-Status X-Spam-Score X-Spam-Level X-Bolter "
    check "flag" grep -qx 'X-Spam-Flag: YES' "$work/fields"
    check "status" grep -Eq '^X-Spam-Status: Yes, score=[01]\.[0-9]{4} required=[01]\.[0-9]{4}' \
        "$work/fields"
    check "score" grep -Eqx 'X-Spam-Score: [01]\.[0-9]{4}' "$work/fields"
    check "level" grep -Eqx 'X-Spam-Level: \*{5,10}' "$work/fields"
    check "origin" grep -Eq '^X-Bolter: label=[a-z]+, model=[0-9a-f]{16}, tokens=[0-9]+,' \
        "$work/fields"
    check "the rest is as it was" marked "$work/spam.eml"
}

verdict_of_ham_has_no_flag_and_never_says_yes() {
    start ham --set model="$work/ham-model"
    check "ham is answered" send "$work/ham.eml"
    verdict_fields "$work/out" >"$work/fields"
    check "no flag" test -z "$(grep -i '^x-spam-flag' "$work/fields")"
    check "status" grep -Eq '^X-Spam-Status: No, score=[01]\.[0-9]{4} required=' "$work/fields"
    check "no yes" test -z "$(grep -i yes "$work/fields")"
}

everything_but_the_verdict_stays_byte_for_byte() {
    local f n
    start bytes --set model="$work/ham-model"
    printf 'Subject: b\n\n' >"$work/empty-body.eml"
    printf 'A: b\r\nB: c\r\n\td\r\n\r\nx\r\n.\r\n\r\n' >"$work/crlf.eml"
    printf 'Subject: caf\351\nX:\ttab\n\n\377\376\001 raw bytes\nno line end' >"$work/raw.eml"
    { printf 'References: '; yes '<a@b.example>' | head -n 400 | sed '2,$s/^/ /'; printf '\n\nx\n'; } \
        >"$work/long.eml"
    for f in ham spam empty-body crlf raw long; do
        check "$f is answered" send "$work/$f.eml"
        tr -d '\r' <"$work/out" >"$work/out.lf"
        check "$f has a verdict" grep -q '^X-Spam-Status: No' "$work/out.lf"
        check "$f is as it was" marked "$work/$f.eml"
    done
    for n in 1 2 3 7 65535; do
        check "chunks of $n" send --chunk $n "$work/spam.eml"
        check "chunks of $n leave the message alone" marked "$work/spam.eml"
    done
}

chunks_do_not_change_the_verdict() {
    local n
    start chunks --set model="$work/random-model"
    for n in 65535 1 5; do
        check "chunks of $n" send --chunk $n "$work/ham.eml"
        verdict_fields "$work/out" | sed 's/ms=[0-9]*//' >"$work/fields.$n"
        check "the same verdict" cmp "$work/fields.65535" "$work/fields.$n"
    done
}

eight_forged_copies_in_any_case_are_removed() {
    start forged --set model="$work/ham-model"
    awk '{ print }
         /^From:/ { print "X-Spam-Status: No, trust me\nx-spam-status: Yes\nX-SPAM-STATUS: no\n\tfold" }
         /^To:/ { print "X-Spam-Flag: YES\nX-sPaM-fLaG: YES\nX-Spam-Report:\n also\n\tours" }
         /^Date:/ { print "X-Bolter: label=ham\nX-SPAM-STATUS:No" }' "$work/ham.eml" >"$work/eight.eml"
    same "forged fields sent" "$(grep -Eic '^x-(spam-|bolter)' "$work/eight.eml")" 8
    check "answered" send "$work/eight.eml"
    check "what is left is the message without them" marked "$work/ham.eml"
    same "fields" "$(grep -Eic '^x-spam-status' "$work/out")" 1
    same "flags" "$(grep -Eic '^x-spam-flag' "$work/out")" 0
}

# forging COUNT NAMES: ham.eml with so many forged fields of so many names.
forging() {
    awk -v count="$1" -v names="$2" '/^To:/ {
        for (i = 0; i < count; i++) print "X-Spam-A" i % names ": no" } { print }' "$work/ham.eml"
}

more_forged_fields_than_can_be_removed_are_refused_with_the_reason() {
    local f refusal="too many X-Spam- or X-Bolter header fields (limit: 1000 of 64 names)"
    start attack --set model="$work/ham-model" --set reject_code=554 --set reject_dsn=5.7.0
    forging 1000 64 >"$work/limit.eml"
    check "at the limit" send "$work/limit.eml"
    check "all are removed" marked "$work/ham.eml"
    forging 1001 1 >"$work/fields.eml"
    forging 65 65 >"$work/names.eml"
    { printf 'X-Spam-%0130d: no\n' 0; cat "$work/ham.eml"; } >"$work/name.eml"
    for f in fields names name; do
        same "$f" "$("$fakemta" --socket "$socket" "$work/$f.eml")" \
            "$work/$f.eml: 554 5.7.0 Message refused: $refusal"
    done
    for f in 1001 65 1; do
        check "the log has $f" grep -q "failure=error action=reject reason=\"$f forged fields; at most 1000, of 64 names of up to 127 bytes, can be removed\"" \
            "$work/attack.log"
    done
    check "the next message is answered" eval "send '$work/ham.eml' && marked '$work/ham.eml'"
}

refusal_is_the_configured_code_and_text() {
    start reject --set model="$work/spam-model" --set reject_at=0.5 --set reject_to_tag=no
    same "the usual text" "$("$fakemta" --socket "$socket" "$work/spam.eml")" \
        "$work/spam.eml: 550 5.7.1 Message refused: it looks like spam"
    start reject2 --set model="$work/spam-model" --set reject_at=0.5 --set reject_to_tag=no \
        --set reject_code=554 --set reject_dsn=5.7.0 --set reject_text="99.5% spam, %s"
    same "text with percent signs" "$("$fakemta" --socket "$socket" "$work/spam.eml")" \
        "$work/spam.eml: 554 5.7.0 99.5%% spam, %%s"
    start reject3 --set model="$work/ham-model" --set reject_at=0.5 --set reject_to_tag=no
    same "ham passes" "$("$fakemta" --socket "$socket" "$work/ham.eml")" "$work/ham.eml: accept"
}

authenticated_user_is_marked_and_not_refused() {
    start login --set model="$work/spam-model" --set reject_at=0.5 --set reject_to_tag=no
    check "a user who logged in" send --login bob "$work/spam.eml"
    check "gets a mark" marked "$work/spam.eml"
    same "the next one, who did not" "$("$fakemta" --socket "$socket" "$work/spam.eml")" \
        "$work/spam.eml: 550 5.7.1 Message refused: it looks like spam"
}

message_after_one_broken_off_at_each_step_is_right() {
    local step
    start abort --set model="$work/spam-model"
    for step in mail rcpt data header eoh body; do
        check "abort at $step" send --abort-at $step "$work/forged.eml" "$work/forged.eml"
        same "verdicts after abort at $step" "$(grep -c '^X-Spam-Flag: YES' "$work/out")" 2
        same "forged fields after abort at $step" "$(grep -ic 'x-spam-status: no' "$work/out")" 0
        check "dropped at $step" send --drop-at $step "$work/spam.eml"
        check "after a drop at $step" marked "$work/spam.eml"
    done
    check "new connections over one socket" send --new-connection "$work/spam.eml" "$work/spam.eml"
    same "verdicts over one socket" "$(grep -c '^X-Spam-Flag: YES' "$work/out")" 2
}

every_kind_of_client_and_envelope_is_answered() {
    local client
    start client --set model="$work/spam-model"
    for client in 192.0.2.9 IPv6:2001:db8::1 unknown; do
        check "client $client" send --client $client "$work/spam.eml"
        check "client $client gets a verdict" marked "$work/spam.eml"
    done
    check "bounce" send --from '<>' --to '<a@example.org>' --to '<b@example.org>' "$work/spam.eml"
    check "bounce gets a verdict" marked "$work/spam.eml"
    check "addresses without brackets" send --from a@b.example --to c@example.org "$work/spam.eml"
    check "an authenticated user" send --login bob "$work/spam.eml"
}

mta_that_offers_less_is_served_or_told_no() {
    start less --set model="$work/spam-model"
    check "an MTA of protocol bits 7f alone" send --protocol 7f "$work/spam.eml"
    check "it gets its verdict" marked "$work/spam.eml"
    if send --actions 0 "$work/spam.eml"; then
        check "without header changes the message is left alone" cmp "$work/out" "$work/spam.eml"
    fi
    check "the daemon lives" send "$work/spam.eml"
}

two_hundred_messages_on_sixteen_connections_are_all_answered() {
    start many --set model="$work/spam-model" --set workers=2
    check "answered" send -c 16 -m 200 "$work/spam.eml" "$work/forged.eml"
    same "verdicts" "$(grep -c '^X-Spam-Flag: YES' "$work/out")" 200
    same "statuses" "$(grep -ic '^x-spam-status:' "$work/out")" 200
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
}

large_body_is_cut_and_still_answered() {
    start large --set model="$work/ham-model" --set max_message=65536 --set max_tail=0
    { cat "$work/ham.eml"; yes 'A line of seventy-two bytes, which is about what people write.' |
        head -n 100000; } >"$work/large.eml"
    check "answered" send "$work/large.eml"
    check "as it was" marked "$work/large.eml"
    local bytes
    bytes=$(summary body_bytes "$work/large.eml")
    check "$bytes bytes came over, at most three chunks" test "$bytes" -le 196605
    check "an MTA that knows no skip" send --protocol 7f "$work/large.eml"
    check "as it was, without skip" marked "$work/large.eml"
}

says_spam() {
    send "$work/ham.eml" && grep -q '^X-Spam-Flag: YES' "$work/out"
}

reload_takes_a_good_configuration_and_keeps_the_old_over_a_bad_one() {
    local conf=$work/reload.conf
    socket=unix:$work/reload.sock
    printf 'socket = "%s";\nmodel = "%s";\n' "$socket" "$work/ham-model" >"$conf"
    launch reload -c "$conf"
    check "up" within 30 answers "$socket"
    check "ham at first" test -z "$(says_spam && echo spam)"
    sed -i 's/ham-model/spam-model/' "$conf"
    kill -USR1 $pid
    check "the new model answers" within 20 says_spam
    echo 'no_such_setting = 1;' >>"$conf"
    kill -USR1 $pid
    check "the log names the bad setting" within 10 grep -q no_such_setting "$work/reload.log"
    check "the old model answers" says_spam
    printf 'socket = "%s";\nmodel = "%s/nowhere";\n' "$socket" "$work" >"$conf"
    kill -USR1 $pid
    check "the log names the missing model" within 10 grep -q "$work/nowhere" "$work/reload.log"
    check "the old model still answers" says_spam
    printf 'socket = "%s";\nmodel = "%s";\n' "$socket" "$work/ham-model" >"$conf"
    kill -USR1 $pid
    check "a mended file is taken" within 20 eval '! says_spam'
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
}

reload_under_load_loses_no_message() {
    local conf=$work/busy.conf sender i
    socket=unix:$work/busy.sock
    printf 'socket = "%s";\nmodel = "%s";\n' "$socket" "$work/spam-model" >"$conf"
    launch busy -c "$conf"
    check "up" within 30 answers "$socket"
    "$fakemta" --socket "$socket" -c 4 -m 300 --summary "$work/spam.eml" >"$work/busy.out" 2>&1 &
    sender=$!
    for i in 1 2 3 4 5; do
        kill -USR1 $pid
        sleep 0.05
    done
    wait $sender
    same "all answered: $(tail -n 1 "$work/busy.out")" $? 0
    check "the daemon answers" send "$work/spam.eml"
}

sigterm_and_sigint_end_the_daemon_with_status_0() {
    local idle interrupted busy sender
    start idle --set model="$work/ham-model"
    idle=$pid
    start interrupted --set model="$work/ham-model"
    interrupted=$pid
    start busy --set model="$work/ham-model"
    busy=$pid
    "$fakemta" --socket "$socket" -c 8 -m 4000 --timeout 3000 "$work/ham.eml" >/dev/null 2>&1 &
    sender=$!
    sleep 0.2
    kill -TERM $idle $busy
    kill -INT $interrupted
    ended $idle
    same "status of an idle daemon after SIGTERM" $status 0
    ended $interrupted
    same "status after SIGINT" $status 0
    ended $busy
    same "status under load" $status 0
    wait $sender
    check "the sockets are gone" test -z "$(ls "$work"/idle.sock "$work"/interrupted.sock \
        "$work"/busy.sock 2>/dev/null)"
}

stale_socket_of_a_killed_daemon_is_replaced() {
    start stale --set model="$work/ham-model"
    kill -KILL $pid
    ended $pid
    check "the socket is left" test -S "$work/stale.sock"
    check "nobody answers" test -z "$(answers "$socket" && echo answered)"
    start stale --set model="$work/ham-model"
    check "the restarted daemon answers" send "$work/ham.eml"
}

socket_of_a_live_daemon_and_a_plain_file_are_refused() {
    start live --set model="$work/ham-model"
    launch second --set socket="$socket" --set model="$work/ham-model"
    check "the second one ends" within 20 is_gone $pid
    check "not with success" eval "! wait $pid"
    check "it names the socket" grep -q "$work/live.sock" "$work/second.log"
    check "the first one answers" send "$work/ham.eml"
    echo precious >"$work/file"
    launch file --set socket="unix:$work/file" --set model="$work/ham-model"
    check "a plain file is no socket" within 20 is_gone $pid
    check "not with success" eval "! wait $pid"
    same "the file" "$(cat "$work/file")" precious
}

garbage_and_bare_connects_leave_the_daemon_alive() {
    start garbage --set model="$work/ham-model"
    local d=$work/garbage i
    mkdir "$d"
    : >"$d/nothing"
    printf '\0' >"$d/one-byte"
    printf '\0\0\0\0' >"$d/length-0"
    printf '\377\377\377\377O' >"$d/length-max"
    printf '\0\0\0\1Q' >"$d/quit"
    printf '\0\0\0\1E' >"$d/end-first"
    printf '\0\0\0\1Z' >"$d/no-such-command"
    printf '\0\0\0\005Bbody' >"$d/body-first"
    printf '\0\0\0\015O\0\0\0\6\0\0\1\377\0\037\377\377' >"$d/options-only"
    printf '\0\0\0\015O\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\1E' >"$d/options-end"
    printf '\0\0\0\015O\0\0\0\1\0\0\0\0\0\0\0\0' >"$d/version-1"
    printf '\0\0\0\015O\0\0\0\6\0\0\1\377\0\037\377\377\0\0\0\004Mabc' >"$d/mail-no-nul"
    printf '\0\0\0\015O\0\0\0\6\0\0\1\377\0\037\377\377\0\0\0\002L\0\0\0\0\1N\0\0\0\1E' >"$d/empty-field"
    printf 'GET / HTTP/1.0\r\n\r\n' >"$d/http"
    for i in 1 2 3 4 5; do
        awk -v seed=$i 'BEGIN { srand(seed); for (i = 0; i < 4000; i++) printf "%c", 1 + int(rand() * 255) }' \
            >"$d/random-$i"
    done
    check "all are taken" "$fakemta" --socket "$socket" --raw --timeout 300 -c 4 "$d"/*
    check "the process lives" kill -0 $pid
    check "it answers" send "$work/ham.eml"
    check "rightly" marked "$work/ham.eml"
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
}

inet_socket_answers_without_the_delay_of_small_packets() {
    socket=inet:$("$fakemta" --free-port)@127.0.0.1
    launch inet --set socket="$socket" --set model="$work/ham-model"
    check "up" within 30 answers "$socket"
    check "answered" send "$work/ham.eml"
    check "rightly" marked "$work/ham.eml"
    # A delayed acknowledgement takes 40 ms, and would be in every message.
    local ms
    ms=$(summary ms_min -m 20 "$work/ham.eml")
    check "the fastest of 20 takes $ms ms" test "${ms%.*}" -lt 35
}

check_option_says_whether_the_daemon_would_start() {
    printf 'model = "%s";\nsocket = "unix:%s/n.sock";\n' "$work/ham-model" "$work" >"$work/n.conf"
    check "a good configuration" "$bolter_milter" -n -c "$work/n.conf"
    check "no socket was made" test ! -e "$work/n.sock"
    check "a bad value" eval "! '$bolter_milter' -n -c '$work/n.conf' --set workers=0"
    check "a missing file" eval "! '$bolter_milter' -n -c '$work/none.conf'"
}

wrong_settings_and_models_are_refused_by_name() {
    local said
    said=$("$bolter_milter" -n --set no_such=1 2>&1) && same "unknown setting" accepted refused
    check "the setting is named: $said" eval "case \$said in *no_such*) ;; *) false ;; esac"
    said=$("$bolter_milter" -n --set workers=x 2>&1) && same "bad value" accepted refused
    check "the value is named: $said" eval "case \$said in *workers*x*) ;; *) false ;; esac"
    said=$("$bolter_milter" -f --set socket="unix:$work/m.sock" --set model="$work/nowhere" 2>&1) &&
        same "missing model" accepted refused
    check "the directory is named: $said" eval "case \$said in *$work/nowhere*) ;; *) false ;; esac"
    said=$("$bolter_milter" -f --set socket="tcp:99" --set model="$work/ham-model" 2>&1) &&
        same "malformed socket" accepted refused
    check "the socket is named: $said" eval "case \$said in *tcp:99*) ;; *) false ;; esac"
}

descriptors() {
    ls "/proc/$pid/fd" | wc -l
}

descriptors_stay_flat_over_five_hundred_messages() {
    [ -d "/proc/$$/fd" ] || { skip "no /proc" && return; }
    start flat --set model="$work/ham-model"
    check "warm up" send -c 16 -m 64 "$work/ham.eml"
    sleep 0.2
    local before
    before=$(descriptors)
    same "failed messages" "$(summary failed -c 16 -m 500 "$work/ham.eml")" 0
    check "$before descriptors before, $(descriptors) after" within 5 eval \
        "test \$(descriptors) -le $before"
}

run_cases verdict_of_spam_stands_on_top_in_the_documented_order \
    verdict_of_ham_has_no_flag_and_never_says_yes \
    everything_but_the_verdict_stays_byte_for_byte \
    chunks_do_not_change_the_verdict \
    eight_forged_copies_in_any_case_are_removed \
    more_forged_fields_than_can_be_removed_are_refused_with_the_reason \
    refusal_is_the_configured_code_and_text \
    authenticated_user_is_marked_and_not_refused \
    message_after_one_broken_off_at_each_step_is_right \
    every_kind_of_client_and_envelope_is_answered \
    mta_that_offers_less_is_served_or_told_no \
    two_hundred_messages_on_sixteen_connections_are_all_answered \
    large_body_is_cut_and_still_answered \
    reload_takes_a_good_configuration_and_keeps_the_old_over_a_bad_one \
    reload_under_load_loses_no_message \
    sigterm_and_sigint_end_the_daemon_with_status_0 \
    stale_socket_of_a_killed_daemon_is_replaced \
    socket_of_a_live_daemon_and_a_plain_file_are_refused \
    garbage_and_bare_connects_leave_the_daemon_alive \
    inet_socket_answers_without_the_delay_of_small_packets \
    check_option_says_whether_the_daemon_would_start \
    wrong_settings_and_models_are_refused_by_name \
    descriptors_stay_flat_over_five_hundred_messages
