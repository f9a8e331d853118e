#!/bin/bash
# test-real-mail.sh - real messages through a real Postfix and a real Sendmail: every verdict is bolter's,
# none is lost, and nothing of a message changes but our header fields.
#
# Each message goes through the mail server twice, with bolter-milter and without. What the server itself
# does to mail (it wraps lines, ends a field at a NUL, rewrites addresses, adds a Date) it does both times,
# so the two delivered files may differ in our fields alone. The daemon must have logged and written what
# bolter says of the message as it was sent, or else of the message that was delivered without us: class,
# score, tokens, and the action that follows from the score. Those that needed the latter are shown, and few:
# a line in the header that is no field, say, or a carriage return alone, which Postfix makes a blank.
# Sendmail refuses the latter itself.
#
# BOLTER_REAL_MAIL=500 takes so many messages instead of 40, from the corpora of BOLTER_SHARED.
. "${top_srcdir:-.}/tests/mta/lib.sh"
. "$top_srcdir/tests/mta/smtp.sh"
. "$top_srcdir/tests/mta/postfix.sh"
. "$top_srcdir/tests/mta/sendmail.sh"

corpora=${BOLTER_SHARED-}/corpora
wanted=${BOLTER_REAL_MAIL-40}
reject_at=0.995
model=$(cd "$top_srcdir/models/default" && pwd)
bolter=$(cd "$top_builddir" && pwd)/bolter

[ -d "$corpora/spamassassin" ] || skip_all "no corpora: BOLTER_SHARED is not set, or without them"
exec 6>&1
# A server that refuses a message for what is in it may also hang up.
trap '' PIPE

# Shown in the test's log whatever becomes of the case.
note() {
    echo "# $*" >&6
}

# ---- The messages ----

# from_mbox COUNT FILE: so many messages of a gzipped mboxrd, evenly spread, into $work/found.
from_mbox() {
    local total
    total=$(zcat "$2" | grep -ac '^From ')
    zcat "$2" | awk -v count="$1" -v total="$total" -v name="$work/found/$(basename "$2" .mbox.gz)" '
        /^From / { blank = 0; file = ""
                   if (n++ >= taken * total / count) file = sprintf("%s-%03d", name, ++taken)
                   next }
        file == "" { next }
        blank { print "" > file; blank = 0 }
        /^$/ { blank = 1; next }
        { if (/^>+From /) sub(/^>/, ""); print > file }'
}

# from_fixtures COUNT: the same of single files; what begins with "From " is a mailbox.
from_fixtures() {
    local f n=0
    mkdir "$work/fixtures"
    tar -xzf "$corpora/mime-fixtures/fixtures.tar.gz" -C "$work/fixtures"
    find "$work/fixtures" -type f -name '*.eml' -exec grep -aLm 1 '^From ' {} + | sort >"$work/list"
    while read -r f; do
        n=$((n + 1))
        cp "$f" "$work/found/fixture-$(printf %03d $n)"
    done < <(awk -v count="$1" -v total="$(wc -l <"$work/list")" \
        'NR > taken * total / count { print; taken++ }' "$work/list")
}

# Equal parts of everything, as $work/mail/001 and so on.
gather() {
    local part=$(((wanted + 7) / 8)) f n=0
    mkdir "$work/found" "$work/mail"
    for f in spamassassin/{easy-ham-1,hard-ham-1,spam-1,spam-2} modern-ham/usrp-users \
        modern-html-ham/modern-html-ham modern-phishing/phishing-2022-2023; do
        from_mbox $part "$corpora/$f.mbox.gz"
    done
    from_fixtures $part
    for f in "$work/found"/*; do
        [ $n -lt "$wanted" ] || break
        n=$((n + 1))
        mv "$f" "$work/mail/$(printf %03d $n)"
        echo "$(printf %03d $n) ${f##*/}"
    done >"$work/names"
}

# bolter's word on each file of a folder: NAME CLASS SCORE TOKENS.
judge() {
    (cd "$1" && "$bolter" --json -m "$model" -- *) |
        sed -nE 's/.*"id":"([0-9]*)","verdict":"([a-z]*)".*"score":([0-9.]*),.*"tokens":([0-9]*),.*/\1 \2 \3 \4/p'
}

# ---- Through a mail server ----

# What the daemon has logged since line $1: CLASS SCORE TOKENS ACTION, or "unscorable".
logged_since() {
    sed -nE -e "1,$1d" -e 's/.* failure=unscorable action=accept .*/unscorable/p' \
        -e 's/.* verdict=([a-z]*) .* score=([0-9.]*) action=([a-z]*) .* tokens=([0-9]*) .*/\1 \2 \4 \3/p' \
        "$work/real.log"
}

# Every message to the servers "real" and "plain", for users mNAME and pNAME. A line each: NAME, the codes
# of both answers, and what the daemon logged.
send_all() {
    local f name code lines
    for f in "$work/mail"/*; do
        name=${f##*/}
        lines=$(wc -l <"$work/real.log")
        begin real "$f" "m$name" && finish
        code=${reply%%[ -]*}
        begin plain "$f" "p$name" && finish
        echo "$name $code ${reply%%[ -]*} $(logged_since "$lines")"
    done
}

# letter KIND FILE SENT: a delivered message without what was put on top of it, and without the fields that
# the sender did not write; one delivered without us (p) also without those that we remove.
letter() {
    awk -v kind="$1" -v names="$(sed -nE -e '/^\r?$/q' -e 's/^([!-9;-~]+)[ \t]*:.*/\1/p' "$3" | tr 'A-Z\n' 'a-z ')" '
        body { print; next }
        /^$/ { body = 1 }
        /^[^ \t]/ {
            name = tolower($0)
            sub(/[ \t]*:.*/, "", name)
            drop = !sent || !index(" " names " ", " " name " ") ||
                (kind == "p" && name ~ /^(x-spam-|x-bolter)/)
            if (name == "received") sent = 1
        }
        body || !drop' "$2"
}

# Delivered files, whose names are on standard input behind m or p and NAME: as $1/m/NAME and $1/p/NAME.
sort_out() {
    local kind name file
    mkdir -p "$1"/{m,p,letter-m,letter-p}
    while read -r kind name file; do
        cp "$file" "$1/$kind/$name"
        letter "$kind" "$file" "$work/mail/$name" >"$1/letter-$kind/$name"
    done
}

# The lines of $1/answers that are not as they should be; the last line counts. Files: what bolter says of
# the messages as sent, what it says of them as delivered without us, the answers.
compare() {
    awk -v reject_at=$reject_at '
        function right(said,  s) {
            split(said, s, " ")
            return s[1] == $4 && s[3] == $6 && s[2] - $5 < 0.00006 && $5 - s[2] < 0.00006 &&
                $7 == (s[2] >= reject_at ? "reject" : "mark") && $2 == ($7 == "reject" ? 550 : 250)
        }
        FILENAME == ARGV[1] { sent[$1] = $2 " " $3 " " $4; next }
        FILENAME == ARGV[2] { delivered[$1] = $2 " " $3 " " $4; next }
        $2 != 250 && $3 != 250 && NF == 3 { refused = refused " " $1; next }
        $4 == "unscorable" && $2 == 250 { unscorable++; next }
        { n[$7 "ed"]++; classes[$4]++ }
        right(sent[$1]) { next }
        right(delivered[$1]) && n_later++ < 2 + FNR / 50 { later = later " " $1; next }
        { print "wrong: " $0 " | " sent[$1] " | " delivered[$1] }
        END {
            printf "%d messages: %d marked, %d refused as spam, %d without content; ", FNR, n["marked"],
                n["rejected"], unscorable
            printf "%d ham, %d unsure, %d spam; refused by the server itself:%s; as delivered:%s\n",
                classes["ham"], classes["unsure"], classes["spam"], refused == "" ? " none" : refused,
                later == "" ? " none" : later
        }' "$work/sent" "$1/judged" "$1/answers"
}

# The class and score in the header of each marked file are those that were logged; the header shows a
# score that is rounded up to the threshold, but below it, as the one before.
headers_that_say_otherwise() {
    local name m p class score rest status
    while read -r name m p class score rest; do
        [ "$m" = 250 ] && [ "$class" != unscorable ] || continue
        [ "$class" = spam ] && status=Yes || status=No
        sed '/^\(Return-Path\|X-Original-To\|Delivered-To\|From \)/d' "$1/m/$name" >"$work/marked"
        verdict_fields "$work/marked" | tr '=' ' ' | awk -v status=$status -v score="$score" '
            /^X-Spam-Status:/ { n = $2 == status "," && score - $4 < 0.00015 && $4 - score < 0.00005 }
            END { exit !n }' ||
            echo "$name: $class $score, but $(grep -a '^X-Spam-Status' "$work/marked")"
    done <"$1/answers"
}

# through NAME DELIVERED: what a server, which is up, makes of all messages. DELIVERED lists its files as
# sort_out wants them.
through() {
    local d=$work/through-$1 name m p rest
    mkdir "$d"
    send_all >"$d/answers"
    awk '$2 == 250 { n++ } $3 == 250 { n++ } END { print n }' "$d/answers" >"$d/expected"
    check "all that was taken is delivered" within 120 eval "test \$($2 | wc -l) -eq $(cat "$d/expected")"
    $2 | sort_out "$d"
    judge "$d/letter-p" >"$d/judged"
    compare "$d" >"$d/compared"
    note "$1: $(tail -n 1 "$d/compared")"
    same "verdicts that are not bolter's" "$(sed '$d' "$d/compared")" ""
    same "headers that are not the log's" "$(headers_that_say_otherwise "$d")" ""
    while read -r name m p rest; do
        [ "$m" != 250 ] || check "message $name, delivered as without us" \
            cmp "$d/letter-m/$name" "$d/letter-p/$name"
    done <"$d/answers"
}

postfix_smtpds() {
    smtpd real smtpd_milters="unix:$work/real.sock"
    smtpd plain
}
postfix_delivered() {
    grep -am 1 '^X-Original-To:' -r "$boxes/box/new" |
        sed -nE 's/^([^:]*):X-Original-To: ([mp])([0-9]*)@.*/\2 \3 \1/p'
}
real_mail_through_postfix_gets_bolters_verdicts_and_arrives_unchanged() {
    local reason
    reason=$(postfix_is_missing)
    [ -z "$reason" ] || { skip "$reason" && return; }
    check "Postfix is up" start_postfix plain
    through postfix postfix_delivered
    end_postfix
}

sendmail_servers="real plain"
sendmail_filters() {
    filter real "$work/real.sock" " F=T," "R:30s;E:5m"
}
sendmail_delivered() {
    find "$box" -name 'mail-*' | sed -nE 's/^.*\/mail-([mp])([0-9]*)-[0-9]*$/\1 \2 &/p'
}
real_mail_through_sendmail_gets_bolters_verdicts_and_arrives_unchanged() {
    local reason
    reason=$(sendmail_is_missing)
    [ -z "$reason" ] || { skip "$reason" && return; }
    check "Sendmail is up" start_sendmail
    through sendmail sendmail_delivered
}

gather
judge "$work/mail" >"$work/sent"
make_messages
bad=0
start real --set model="$model" --set socket_mode=0666 --set local_networks= --set reject_at=$reject_at \
    --set reject_to_tag=no
[ $bad -eq 0 ] || { cat "$work"/*.log && echo "Bail out! the daemon did not start" && exit 99; }
run_cases real_mail_through_postfix_gets_bolters_verdicts_and_arrives_unchanged \
    real_mail_through_sendmail_gets_bolters_verdicts_and_arrives_unchanged
