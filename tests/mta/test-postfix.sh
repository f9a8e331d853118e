#!/bin/bash
# test-postfix.sh - mail through a real Postfix with bolter-milter, delivered to files.
#
# An smtpd stands for each case; postfix.sh says what kind of a Postfix that is.
. "${top_srcdir:-.}/tests/mta/lib.sh"
. "$top_srcdir/tests/mta/smtp.sh"
. "$top_srcdir/tests/mta/delivery.sh"
. "$top_srcdir/tests/mta/postfix.sh"

reason=$(postfix_is_missing)
[ -z "$reason" ] || skip_all "$reason"

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam

postfix_smtpds() {
    smtpd ham smtpd_milters="unix:$work/ham.sock"
    smtpd spam smtpd_milters="unix:$work/spam.sock"
    smtpd chroot 'smtpd_milters=$sample_milters'
    smtpd reject smtpd_milters="unix:$work/reject.sock"
    smtpd tempfail smtpd_milters="unix:$work/victim.sock" milter_default_action=tempfail \
        milter_content_timeout=2s
    smtpd accept smtpd_milters="unix:$work/victim.sock" milter_default_action=accept \
        milter_content_timeout=2s
}

# Also the log to show when the case fails.
empty_box() {
    logs="$logs $work/postfix.log"
    rm -rf "$boxes/box"
}

has_mail() {
    set -- "$boxes/box/new/"*
    [ -f "$1" ] && ! [ -f "${2-}" ] && delivered=$1
}

# The delivered message without what Postfix put there: Return-Path, X-Original-To, Delivered-To and
# the first Received.
as_sent() {
    awk 'BEGIN { IGNORECASE = 0 }
         !body && /^$/ { body = 1 }
         !body && /^[^ \t]/ { drop = /^(Return-Path|X-Original-To|Delivered-To):/ ||
                                     (/^Received:/ && !seen++) }
         body || !drop' "$1"
}

daemon() {
    start "$1" --set model="$work/$2-model" --set socket_group=postfix --set socket_mode=0660 "${@:3}"
}

ham_is_delivered_with_its_verdict() {
    deliver ham "$work/ham.eml"
    delivered_is_as_expected ham "$work/ham.eml" "$work/ham.eml"
    check "status" grep -q '^X-Spam-Status: No, ' "$delivered"
}

spam_is_delivered_with_its_verdict() {
    deliver spam "$work/spam.eml"
    delivered_is_as_expected spam "$work/spam.eml" "$work/spam.eml"
    check "flag" grep -qx 'X-Spam-Flag: YES' "$delivered"
}

lines_of_contrib_serve_an_smtpd_in_a_chroot() {
    deliver chroot "$work/spam.eml"
    check "flag" grep -qx 'X-Spam-Flag: YES' "$delivered"
}

three_forged_fields_are_gone_from_the_delivered_file() {
    deliver spam "$work/forged.eml"
    delivered_is_as_expected spam "$work/forged.eml" "$work/spam.eml"
    same "statuses" "$(grep -ic '^x-spam-status' "$delivered")" 1
    same "flags" "$(grep -ic '^x-spam-flag' "$delivered")" 1
}

several_messages_of_one_smtp_session_are_marked() {
    empty_box
    check "envelope" begin spam "$work/spam.eml"
    smtp_say .
    same "first" "${reply%% *}" 250
    smtp_say "MAIL FROM:<>"
    smtp_say RSET
    smtp_say "MAIL FROM:<ada@example.net>"
    smtp_say "RCPT TO:<bob@example.org>"
    smtp_say DATA
    smtp_text "$work/forged.eml"
    finish
    same "second" "${reply%% *}" 250
    check "both are delivered" within 20 eval 'test "$(ls "$boxes/box/new" | wc -l)" -eq 2'
    same "flags" "$(cat "$boxes"/box/new/* | grep -ic '^x-spam-flag: yes')" 2
    same "forged" "$(cat "$boxes"/box/new/* | grep -ic '^x-spam-flag: no')" 0
}

refusal_reaches_the_client() {
    empty_box
    check "envelope" begin reject "$work/spam.eml"
    finish
    same "answer" "$reply" "550 5.7.1 It is 99.5% spam"
    check "nothing is delivered" test ! -e "$boxes/box/new"
}

# What Postfix does when the daemon dies, hangs or is not there; a row of the table for each:
#
#     event                             tempfail                          accept
#     down at connect                   451 4.7.1 at MAIL                 250, unfiltered
#     killed in or after the message    451 4.7.1 at the dot              250, unfiltered
#     stopped                           451 4.7.1 after content_timeout   250, unfiltered, after it
#     restarted                         the next connection is filtered   the same

# broken SMTPD WHEN: what a message gets whose daemon is struck.
broken() {
    daemon victim spam
    struck "$1" "$2"
    if [ "$1" = tempfail ]; then
        same "answer of $1, $2" "$(codes)" "451 4.7.1"
        check "nothing is delivered" test ! -e "$boxes/box/new"
    else
        same "answer of $1, $2" "${reply%% *}" 250
        unfiltered "$work/forged.eml"
    fi
}

daemon_killed_in_a_message_gives_the_default_action() {
    local when
    for when in KILL KILL-AT-EOM; do
        broken tempfail $when
        broken accept $when
    done
}

daemon_stopped_in_a_message_gives_the_default_action_in_time() {
    broken tempfail STOP
    broken accept STOP
}

daemon_that_is_down_gives_the_default_action() {
    # Down with its socket left behind, then without.
    daemon victim spam
    kill -KILL $pid
    ended $pid
    check "the socket of the killed daemon is left" test -S "$work/victim.sock"
    down
    rm "$work/victim.sock"
    down
}

down() {
    empty_box
    begin tempfail "$work/spam.eml" && same "envelope without a daemon" taken refused
    same "answer" "$(codes)" "451 4.7.1"
    exec 3>&-
    check "envelope" begin accept "$work/spam.eml"
    finish
    same "answer" "${reply%% *}" 250
    unfiltered "$work/spam.eml"
}

restarted_daemon_filters_the_next_connection() {
    local smtpd
    daemon victim spam
    for smtpd in tempfail accept; do
        deliver $smtpd "$work/spam.eml"
        kill -KILL $pid
        ended $pid
        check "the socket of the killed daemon is left" test -S "$work/victim.sock"
        daemon victim spam
        deliver $smtpd "$work/spam.eml"
        delivered_is_as_expected victim "$work/spam.eml" "$work/spam.eml"
    done
    kill -TERM $pid
    ended $pid
    same "exit status" $status 0
}

postfix_has_nothing_to_complain_of() {
    same "warnings" "$(grep -E 'fatal|panic|error:' "$work/postfix.log" | grep -v 'milter')" ""
}

bad=0
daemon ham ham
daemon spam spam
mkdir -p "$spool"
install -d -g postfix -m 0750 "$spool/bolter"
socket=unix:$spool/bolter/milter.sock
launch chroot --set socket="$socket" --set socket_group=postfix --set model="$work/spam-model"
check "chroot is up" within 30 answers "$socket"
daemon reject spam --set local_networks= --set reject_at=0.5 --set reject_to_tag=no \
    --set reject_text='It is 99.5% spam'
[ $bad -eq 0 ] && start_postfix ham || {
    cat "$work"/*.log
    echo "Bail out! the daemons or Postfix did not start"
    exit 99
}
run_cases ham_is_delivered_with_its_verdict \
    spam_is_delivered_with_its_verdict \
    lines_of_contrib_serve_an_smtpd_in_a_chroot \
    three_forged_fields_are_gone_from_the_delivered_file \
    several_messages_of_one_smtp_session_are_marked \
    refusal_reaches_the_client \
    daemon_killed_in_a_message_gives_the_default_action \
    daemon_stopped_in_a_message_gives_the_default_action_in_time \
    daemon_that_is_down_gives_the_default_action \
    restarted_daemon_filters_the_next_connection \
    postfix_has_nothing_to_complain_of
