#!/bin/bash
# test-sendmail.sh - mail through a real Sendmail with bolter-milter, delivered to files.
#
# A port stands for each case; sendmail.sh says what kind of a Sendmail that is, and how to get one.
. "${top_srcdir:-.}/tests/mta/lib.sh"
. "$top_srcdir/tests/mta/smtp.sh"
. "$top_srcdir/tests/mta/delivery.sh"
. "$top_srcdir/tests/mta/sendmail.sh"

reason=$(sendmail_is_missing)
[ -z "$reason" ] || skip_all "$reason"

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam

sendmail_servers="ham spam reject tempfail refuse accept"
sendmail_filters() {
    filter ham "$work/ham.sock" " F=T," "R:30s;E:5m"
    filter spam "$work/spam.sock" " F=T," "R:30s;E:5m"
    filter reject "$work/reject.sock" " F=T," "R:30s;E:5m"
    filter tempfail "$work/victim.sock" " F=T," "R:2s;E:1m"
    filter refuse "$work/victim.sock" " F=R," "R:2s;E:1m"
    filter accept "$work/victim.sock" "" "R:2s;E:1m"
}

# ---- Delivery ----

empty_box() {
    rm -f "$box"/mail-*
}
has_mail() {
    set -- "$box"/mail-*
    [ -f "$1" ] && ! [ -f "${2-}" ] && delivered=$1
}

# The delivered message without what Sendmail put there: the envelope line, Return-Path and the first
# Received.
as_sent() {
    awk 'NR == 1 && /^From / { next }
         !body && /^$/ { body = 1 }
         !body && /^[^ \t]/ { drop = /^Return-Path:/ || (/^Received:/ && !seen++) }
         body || !drop' "$1"
}

ham_is_delivered_with_its_verdict() {
    deliver ham "$work/ham.eml"
    delivered_is_as_expected ham "$work/ham.eml" "$work/ham.eml"
    check "status" grep -q '^X-Spam-Status: No, ' "$delivered"
    check "the log has Sendmail's queue id" grep -Eq "id=[0-9A-Za-z]{14,} verdict=ham" "$work/ham.log"
}

spam_is_delivered_with_its_verdict() {
    deliver spam "$work/spam.eml"
    delivered_is_as_expected spam "$work/spam.eml" "$work/spam.eml"
    check "flag" grep -qx 'X-Spam-Flag: YES' "$delivered"
}

three_forged_fields_are_gone_from_the_delivered_file() {
    deliver spam "$work/forged.eml"
    delivered_is_as_expected spam "$work/forged.eml" "$work/spam.eml"
    same "statuses" "$(grep -ic '^x-spam-status' "$delivered")" 1
    same "flags" "$(grep -ic '^x-spam-flag' "$delivered")" 1
}

refusal_reaches_the_client() {
    empty_box
    check "envelope" begin reject "$work/spam.eml"
    finish
    same "answer" "$reply" "550 5.7.1 It is 99.5% spam"
    check "nothing is delivered" test -z "$(ls "$box")"
}

# ---- When the daemon dies or hangs ----

# What Sendmail does then; a row of the table for each case:
#
#     event                             F=T                         F=R                    no F
#     down at connect                   451 4.3.2 at MAIL           550 5.0.0 at MAIL      250, unfiltered
#     killed in or after the message    451 4.3.2 at the dot        554 5.7.1 at the dot   250, unfiltered
#     stopped                           451 4.3.2 after R           554 5.7.1 after R      250, unfiltered
#     restarted                         the next one is filtered    the same               the same

# broken SERVER WHEN: what a message gets whose daemon is struck.
broken() {
    start victim --set model="$work/spam-model"
    struck "$1" "$2"
    case $1 in
    tempfail) same "answer of $1, $2" "$(codes)" "451 4.3.2" ;;
    refuse) same "answer of $1, $2" "$(codes)" "554 5.7.1" ;;
    accept)
        same "answer of $1, $2" "${reply%% *}" 250
        unfiltered "$work/forged.eml"
        return
        ;;
    esac
    check "nothing is delivered" test -z "$(ls "$box")"
}

daemon_killed_in_a_message_gives_what_F_says() {
    local when server
    for when in KILL KILL-AT-EOM; do
        for server in tempfail refuse accept; do
            broken $server $when
        done
    done
}

daemon_stopped_in_a_message_is_given_up_after_R() {
    local server
    for server in tempfail refuse accept; do
        broken $server STOP
    done
}

# down: no connection at all, so Sendmail answers at MAIL.
down() {
    begin tempfail "$work/spam.eml" && same "envelope without a daemon" taken refused
    same "answer with F=T" "$(codes)" "451 4.3.2"
    exec 3>&-
    begin refuse "$work/spam.eml" && same "envelope without a daemon" taken refused
    same "answer with F=R" "$(codes)" "550 5.0.0"
    exec 3>&-
    deliver accept "$work/spam.eml"
    unfiltered "$work/spam.eml"
}

daemon_that_is_down_gives_what_F_says() {
    start victim --set model="$work/spam-model"
    kill -KILL $pid
    ended $pid
    check "the socket of the killed daemon is left" test -S "$work/victim.sock"
    down
    rm "$work/victim.sock"
    down
}

restarted_daemon_filters_the_next_connection() {
    local server
    start victim --set model="$work/spam-model"
    for server in tempfail refuse accept; do
        deliver $server "$work/spam.eml"
        kill -KILL $pid
        ended $pid
        check "the socket of the killed daemon is left" test -S "$work/victim.sock"
        start victim --set model="$work/spam-model"
        deliver $server "$work/spam.eml"
        delivered_is_as_expected victim "$work/spam.eml" "$work/spam.eml"
    done
}

bad=0
start ham --set model="$work/ham-model"
start spam --set model="$work/spam-model"
start reject --set model="$work/spam-model" --set local_networks= --set reject_at=0.5 \
    --set reject_to_tag=no --set reject_text='It is 99.5% spam'
[ $bad -eq 0 ] && start_sendmail || {
    cat "$work"/*.log
    tail -n 20 "$work/transcript"
    echo "Bail out! the daemons or Sendmail did not start"
    exit 99
}
run_cases ham_is_delivered_with_its_verdict \
    spam_is_delivered_with_its_verdict \
    three_forged_fields_are_gone_from_the_delivered_file \
    refusal_reaches_the_client \
    daemon_killed_in_a_message_gives_what_F_says \
    daemon_stopped_in_a_message_is_given_up_after_R \
    daemon_that_is_down_gives_what_F_says \
    restarted_daemon_filters_the_next_connection
