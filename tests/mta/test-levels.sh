#!/bin/bash
# test-levels.sh - what becomes of mail at each level, for each sender, client and recipient, as an MTA
# sees it.
. "${top_srcdir:-.}/tests/mta/lib.sh"

make_messages
make_model "$work/ham-model" ham
make_model "$work/spam-model" spam
spam="--set model=$work/spam-model --set reject_to_tag=no"

# Send FILE with OPTIONs to the daemon that was started last; what came of it in $work/out.
send() {
    "$fakemta" --socket "$socket" --print "$@" >"$work/out" 2>"$work/err" || {
        cat "$work/err"
        return 1
    }
}

# The answer to a message: a line.
answer() {
    "$fakemta" --socket "$socket" "$@" 2>&1 | sed 's/^[^:]*: //'
}

has() {
    grep -q "$1" "$work/out"
}

marked_spam() {
    send "$@" && has '^X-Spam-Flag: YES'
}

# Delivered as it came, without a field of ours.
unmarked() {
    send "$@" && ! grep -Eqi '^x-(spam-|bolter)' "$work/out"
}

each_level_does_what_it_says() {
    start mark $spam
    same "mark" "$(answer "$work/spam.eml")" accept
    check "marked" marked_spam "$work/spam.eml"
    start subject $spam --set subject_at=model --set subject_tag='*** junk ***'
    check "marked" marked_spam "$work/spam.eml"
    check "subject" has '^Subject: \*\*\* junk \*\*\* BUY NOW$'
    start hold $spam --set quarantine_at=0.97 --set quarantine_reason='hold this'
    same "quarantine" "$(answer "$work/spam.eml")" "hold: hold this"
    check "marked" marked_spam "$work/spam.eml"
    start redirect $spam --set redirect_at=0.98 --set redirect_to=junk@example.org
    same "redirect" "$(answer --to '<a@example.org>' --to '<b@example.org>' "$work/spam.eml")" \
        "accept -<a@example.org> -<b@example.org> +<junk@example.org>"
    check "marked" marked_spam --to '<a@example.org>' --to '<b@example.org>' "$work/spam.eml"
    check "original" has '^X-Spam-Orig-To: a@example.org, b@example.org$'
    start discard $spam --set discard_at=0.99
    same "discard" "$(answer "$work/spam.eml")" discard
    start model-ham --set model="$work/ham-model" --set reject_to_tag=no --set discard_at=0.97 \
        --set tag_at=0.97
    same "ham" "$(answer "$work/ham.eml")" accept
}

refusals_have_their_codes_and_lines() {
    start tempfail $spam --set tempfail_at=0.9
    same "tempfail" "$(answer "$work/spam.eml")" \
        "451 4.7.1 Message deferred: it looks like spam"
    start tempfail2 $spam --set tempfail_at=0.9 --set tempfail_code=421 --set tempfail_dsn=4.3.9 \
        --set tempfail_text='100% later'
    same "tempfail with a text" "$(answer "$work/spam.eml")" "421 4.3.9 100%% later"
    start reject $spam --set tempfail_at=0.9 --set reject_at=0.95 --set reject_code=554 \
        --set reject_dsn=5.7.0 --set reject_text=$'One.\nTwo, 50%.\nThree.'
    same "reject" "$(answer "$work/spam.eml" | tr -d '\r')" \
        $'554-5.7.0 One.\n554-5.7.0 Two, 50%%.\n554 5.7.0 Three.'
}

nothing_is_refused_before_the_threshold_is_proven() {
    local level
    for level in tempfail_at discard_at reject_at; do
        start $level --set model="$work/spam-model" --set $level=0.97
        check "$level is a mark" marked_spam "$work/spam.eml"
    done
    start milder --set model="$work/spam-model" --set quarantine_at=0.9 --set reject_at=0.97
    same "the milder level holds" "$(answer "$work/spam.eml")" "hold: Looks like spam"
}

proven_threshold_lets_levels_above_it_refuse() {
    local proof
    make_model "$work/proven-model" spam
    proof='"max_fpr": 0.001, "confidence": 0.95, "proved": true, "ham": 3000, "needed": 2995'
    proof="$proof, \"allowed\": 0, \"upper_bound\": 0.001, \"threshold\": 0.98"
    sed -i "s/\"spam_threshold\"/\"threshold_proof\": {$proof}, &/" "$work/proven-model/bolter.json"
    start proven --set model="$work/proven-model" --set reject_at=0.98
    same "at the threshold" "$(answer "$work/spam.eml" | cut -c 1-3)" 550
    start below --set model="$work/proven-model" --set reject_at=0.97
    check "below it" marked_spam "$work/spam.eml"
}

# One message at a time, each of which takes many times the millisecond that the others may wait.
failure_of_ours_destroys_nothing() {
    local before
    start late --set model="$top_srcdir/models/default" --set reject_to_tag=no --set discard_at=0 \
        --set tag_at=0 --set unsure_at=0 --set timeout_ms=1 --set workers=1 --set max_batch=1
    # The message that found the daemon up may have been late, too.
    before=$(grep -c failure=timeout "$work/late.log")
    "$fakemta" --socket "$socket" -c 8 -m 40 "$work/spam.eml" >"$work/answers" 2>&1
    check "some were late: $(sort "$work/answers" | uniq -c)" grep -q 'accept$' "$work/answers"
    check "nothing but accept and discard" test -z "$(grep -Ev 'accept$|discard$' "$work/answers")"
    same "each late one was let pass" $(($(grep -c failure=timeout "$work/late.log") - before)) \
        "$(grep -c 'accept$' "$work/answers")"
}

mta_that_offers_less_gets_a_mark() {
    start less $spam --set quarantine_at=0.9 --set redirect_at=0.99 --set redirect_to=j@example.org
    same "no redirection" "$(answer --actions 33 "$work/spam.eml")" accept
    check "marked" marked_spam --actions 31 "$work/spam.eml"
    same "all" "$(answer "$work/spam.eml")" "accept -<recipient@example.org> +<j@example.org>"
    same "the second over one socket" "$(answer --new-connection "$work/spam.eml" "$work/ham.eml")" \
        $'accept -<recipient@example.org> +<j@example.org>\naccept -<recipient@example.org> +<j@example.org>'
}

modes_of_users_and_networks_are_heeded() {
    start modes $spam --set reject_at=0.97 --set reject_text=no --set authenticated=skip \
        --set local=score --set local_networks='192.0.2.0/24 2001:db8::/32'
    same "a stranger" "$(answer --client 198.51.100.7 "$work/spam.eml")" "550 5.7.1 no"
    same "an unknown client" "$(answer --client unknown "$work/spam.eml")" "550 5.7.1 no"
    check "a local client" marked_spam --client 192.0.2.9 "$work/spam.eml"
    check "a local client of version 6" marked_spam --client 2001:db8::9 "$work/spam.eml"
    check "a user" unmarked --client 198.51.100.7 --login bob "$work/spam.eml"
    check "a user's forged fields" unmarked --login bob "$work/forged.eml"
    check "the log" grep -q 'skipped=yes action=accept forged=3' "$work/modes.log"
    start full $spam --set reject_at=0.97 --set reject_text=no --set authenticated=full
    same "a user as any other" "$(answer --login bob "$work/spam.eml")" "550 5.7.1 no"
}

lists_accept_and_deny() {
    printf '%s\n' '# friends' 'sender@example.net # all' 'from:ada@example.net' >"$work/accept"
    printf '%s\n' '.example.net' '198.51.100.0/24' >"$work/deny"
    start accept $spam --set reject_at=0.97 --set accept_list="$work/accept"
    check "by the envelope" unmarked "$work/spam.eml"
    check "by the From field" unmarked --from '<x@example.com>' "$work/spam.eml"
    sed 's/^From: .*/From: x@example.com/' "$work/spam.eml" >"$work/other.eml"
    same "others" "$(answer --from '<x@example.com>' "$work/other.eml")" \
        "550 5.7.1 Message refused: it looks like spam"
    start deny --set model="$work/ham-model" --set deny_list="$work/deny"
    check "tagged by default" marked_spam "$work/ham.eml"
    check "said so" has 'score=1.0000 .*tests=BOLTER_DENIED'
    check "the log says so" grep -q 'verdict=spam .*denied=yes windows=0 tokens=0 ' "$work/deny.log"
    check "others are ham" eval "send --from '<x@example.com>' '$work/ham.eml' && has 'Status: No'"
    check "a client" marked_spam --from '<>' --client 198.51.100.3 "$work/ham.eml"
    check "a user of ours is not denied" eval "send --login bob '$work/ham.eml' && has 'Status: No'"
    start deny2 --set model="$work/ham-model" --set deny_list="$work/deny" --set denied=reject
    same "refused though no threshold is proven" "$(answer "$work/ham.eml")" \
        "550 5.7.1 Message refused: it looks like spam"
}

lists_are_read_again_with_the_settings() {
    local conf=$work/lists.conf
    echo 'nobody@example.net' >"$work/again"
    socket=unix:$work/lists.sock
    printf 'socket = "%s";\nmodel = "%s";\naccept_list = "%s";\n' "$socket" "$work/spam-model" \
        "$work/again" >"$conf"
    launch lists -c "$conf"
    check "up" within 30 answers "$socket"
    check "not accepted" marked_spam "$work/spam.eml"
    echo 'sender@example.net' >>"$work/again"
    kill -USR1 $pid
    check "accepted" within 20 unmarked "$work/spam.eml"
    printf 'sender@example.net\n\nnot an entry\n' >"$work/again"
    kill -USR1 $pid
    check "the log names file and line" within 10 grep -q "$work/again:3: got 'not an entry'" \
        "$work/lists.log"
    check "the old list stays" unmarked "$work/spam.eml"
}

mildest_action_holds_for_several_recipients() {
    printf '%s\n' 'strict.example reject_at=0.9' 'lax.example tag_at=never' \
        'hold.example quarantine_at=0.9' 'off.example mode=skip' >"$work/recipients"
    start several $spam --set recipients="$work/recipients" --set reject_text=no
    same "strict" "$(answer --to '<a@strict.example>' "$work/spam.eml")" "550 5.7.1 no"
    same "strict twice" \
        "$(answer --to '<a@strict.example>' --to '<b@Strict.Example>' "$work/spam.eml")" \
        "550 5.7.1 no"
    same "strict and hold" \
        "$(answer --to '<a@strict.example>' --to '<b@hold.example>' "$work/spam.eml")" \
        "hold: Looks like spam"
    check "strict and another" marked_spam --to '<a@strict.example>' --to '<b@x.example>' \
        "$work/spam.eml"
    check "strict and lax" send --to '<a@strict.example>' --to '<b@lax.example>' "$work/spam.eml"
    check "is no spam for both" has '^X-Spam-Status: No, score=0[.0-9]* required=1.0000'
    check "off and another" marked_spam --to '<a@off.example>' --to '<b@x.example>' "$work/spam.eml"
    check "off alone" unmarked --to '<a@off.example>' --to '<b@off.example>' "$work/forged.eml"
}

wording_and_kept_fields_are_heeded() {
    start wording $spam --set field_flag='X-Junk: YES' --set field_status='X-Junk-Info: {class} {score}' \
        --set field_score= --set field_level= --set field_info= \
        --set keep_fields='X-Spam-Flag x-spam-level'
    check "answered" send "$work/forged.eml"
    same "ours" "$(head -n 2 "$work/out" | sed 's/[0-9.]*$//')" $'X-Junk: YES\nX-Junk-Info: spam '
    check "kept" eval "has '^X-Spam-Flag: NO' && has '^X-SPAM-Level: '"
    check "others are forged" eval '! has "^x-spam-status"'
    printf 'x-junk: no\nX-JUNK-info: ham\n' | cat - "$work/ham.eml" >"$work/junk.eml"
    check "answered" send "$work/junk.eml"
    same "one of each" "$(grep -ic '^x-junk' "$work/out")" 2
}

explanation_stands_in_spam_alone() {
    local default=$top_srcdir/models/default
    printf 'From: a@b.example\nSubject: prize\n\n%s\n%s\n' 'CLAIM YOUR FREE PRIZE MONEY NOW!!!' \
        'Click here to claim your free cash, winner' >"$work/prize.eml"
    start explain --set model="$default" --set explain=yes --set tag_at=0.5
    check "spam" marked_spam "$work/prize.eml"
    check "explained" has '^X-Bolter-Explain: +[0-9.]* "'
    check "ham" send "$work/ham.eml"
    check "not explained" eval '! has "^X-Bolter-Explain"'
}

wrong_lists_and_wordings_are_refused_by_name() {
    local said case
    echo 'a@b@c' >"$work/bad"
    for case in "accept_list=$work/bad|$work/bad:1: got 'a@b@c'" \
        "recipients=$work/bad|$work/bad:1: got 'a@b@c'" "deny_list=/nowhere|/nowhere: No such file" \
        "field_flag=Subject: x|field_flag: got 'Subject: x'" \
        "local_networks=10.0.0.1/8|local_networks: got '10.0.0.1/8'" \
        "redirect_at=0.9|redirect_to: got nothing"; do
        said=$("$bolter_milter" -n --set model="$work/ham-model" --set "${case%%|*}" 2>&1) &&
            same "${case%%|*}" accepted refused
        check "it says why: $said" eval 'case $said in *"${case#*|}"*) ;; *) false ;; esac'
    done
}

# The most memory that the daemon has had.
peak_kb() {
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"
}

fifty_megabytes_cost_no_more_memory_than_five() {
    grep -q '^VmHWM:' "/proc/$$/status" 2>/dev/null || { skip "no /proc" && return; }
    ! grep -q -- '-fsanitize' "$top_builddir/config.status" || { skip "sanitizers keep memory" && return; }
    local line='A line of seventy-two bytes, which is about what people write, or more.' mb small large
    for mb in 5 50; do
        { cat "$work/ham.eml"; yes "$line" | head -c ${mb}000000; echo; } >"$work/$mb.eml"
    done
    start memory --set model="$work/ham-model"
    check "5 MB" send "$work/5.eml"
    small=$(peak_kb)
    check "50 MB" send "$work/50.eml"
    check "it says that it was long" has 'truncated=1'
    large=$(peak_kb)
    check "$small kB after 5 MB, $large kB after 50 MB" test "$large" -le $((small + 4096))
}

spam_behind_much_innocent_text_is_found() {
    local default=$top_srcdir/models/default
    { printf 'From: a@b.example\nSubject: hello\n\n'
        yes 'CLAIM YOUR FREE PRIZE MONEY NOW!!! Click here, winner. Call 0900 to win.' | head -n 24
    } >"$work/short.eml"
    { sed '/^$/q' "$work/short.eml"; yes 'The minutes of the meeting are attached, with regards.' |
        head -c 3000000; echo; sed '1,/^$/d' "$work/short.eml"; } >"$work/long.eml"
    start tail --set model="$default"
    check "read to the end" send "$work/long.eml"
    sed -n 's/^X-Spam-Score: //p' "$work/out" >"$work/score.tail"
    start head --set model="$default" --set max_tail=0
    check "read at the beginning" send "$work/long.eml"
    sed -n 's/^X-Spam-Score: //p' "$work/out" >"$work/score.head"
    check "$(cat "$work/score.tail") with the end, $(cat "$work/score.head") without" \
        awk -v t="$(cat "$work/score.tail")" -v h="$(cat "$work/score.head")" \
        'BEGIN { exit !(t > h + 0.2) }'
}

run_cases each_level_does_what_it_says \
    refusals_have_their_codes_and_lines \
    nothing_is_refused_before_the_threshold_is_proven \
    proven_threshold_lets_levels_above_it_refuse \
    failure_of_ours_destroys_nothing \
    mta_that_offers_less_gets_a_mark \
    modes_of_users_and_networks_are_heeded \
    lists_accept_and_deny \
    lists_are_read_again_with_the_settings \
    mildest_action_holds_for_several_recipients \
    wording_and_kept_fields_are_heeded \
    explanation_stands_in_spam_alone \
    wrong_lists_and_wordings_are_refused_by_name \
    fifty_megabytes_cost_no_more_memory_than_five \
    spam_behind_much_innocent_text_is_found
