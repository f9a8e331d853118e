#!/bin/bash
# test-robust.sh - bolter-milter against messages and clients that mean it ill: it lives, gives the next
# good message the same answer, and does not grow.
#
# BOLTER_LONG_TESTS=1 sends a million bytes of broken protocol and 10,000 mutated messages, and reloads
# 1,000 times under load.
. "${top_srcdir:-.}/tests/mta/lib.sh"

[ -d "/proc/$$/fd" ] || skip_all "there is no /proc"
fuzzmta=$top_builddir/fuzzmta
make_messages
make_model "$work/random-model" random
make_model "$work/spam-model" spam

if [ "${BOLTER_LONG_TESTS-0}" = 1 ]; then
    fuzz_bytes=1000000 fuzz_messages=10000 reloads=1000
else
    fuzz_bytes=60000 fuzz_messages=500 reloads=20
fi
# A sanitizer keeps what was freed for a while.
if grep -q fsanitize "$top_builddir/Makefile"; then slack_kib=400000; else slack_kib=30000; fi

verdict() {
    "$fakemta" --socket "$socket" --print "$work/ham.eml" | sed 's/ms=[0-9]*//'
}
resident_kib() {
    awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"
}
peak_kib() {
    awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"
}
descriptors() {
    ls "/proc/$pid/fd" | wc -l
}

# begin NAME: a daemon whose answer, memory and descriptors are known; unchanged says that they still are.
begin() {
    start "$1" --set model="$work/random-model" --set log_level=error "${@:2}"
    "$fakemta" --socket "$socket" -c 8 -m 200 --summary "$work/ham.eml" >/dev/null
    answer=$(verdict)
    sleep 0.3
    fds=$(descriptors) kib=$(resident_kib)
}
unchanged() {
    check "the daemon lives" kill -0 $pid
    same "answer" "$(verdict)" "$answer"
    check "$fds descriptors, then $(descriptors)" within 10 eval "test \$(descriptors) -le $fds"
    check "$kib KiB, then $(resident_kib)" test "$(resident_kib)" -lt $((kib + slack_kib))
}

answered() {
    "$fakemta" --socket "$socket" --timeout 60000 --print "$1" >"$work/out" 2>"$work/err" &&
        grep -q '^X-Spam-Status: ' "$work/out"
}

hostile_messages_are_answered() {
    local d=$work/hostile f
    mkdir "$d"
    begin hostile
    printf 'Subject: a\0b\n\nc\0d\0\0e\n' >"$d/nul"
    printf 'Subject: a\n\nb\rc\rd\r\n\re\r\r\n\n\r' >"$d/bare-cr"
    printf 'Subject: \351\374\377\nFrom: \200\201 <\202@\203>\nX-\204: y\n\nb\n' >"$d/eight-bit"
    printf 'Subject: =?x-none?Q?a?= =?utf-8?B?/////w==?=\nContent-Type: text/plain; charset=x-none\n\n\377\376\n' \
        >"$d/charset"
    printf 'Subject: s\nContent-Type: multipart/mixed\n\n--\nno boundary\n' >"$d/no-boundary"
    printf 'Subject: s\nContent-Type: multipart/mixed; boundary=a\n\n--b\n\nother\n--a\n\nnever closed' >"$d/other-boundary"
    printf 'Subject: s\nContent-Transfer-Encoding: base64\nContent-Type: text/html\n\n====\n' >"$d/base64"
    { printf 'Subject: '; head -c 65000 /dev/zero | tr '\0' a; printf '\n\nb\n'; } >"$d/long-field"
    { printf 'Subject: s\n'; yes 'Received: by a' | head -n 2000; printf '\nb\n'; } >"$d/many-fields"
    { printf 'Subject: s\nContent-Type: multipart/mixed; boundary=a\n\n'
        for f in {1..3000}; do printf -- '--a\n\nb\n'; done; } >"$d/many-parts"
    { printf 'Subject: s\n'; for f in {1..400}; do
        printf 'Content-Type: multipart/mixed; boundary=%s\n\n--%s\n' "$f" "$f"; done; printf '\nb\n'; } >"$d/nested"
    { printf 'Subject: s\nContent-Type: text/html\n\n'; yes '<div><table><tr><td><b>' | head -n 3000; } >"$d/html"
    for f in "$d"/*; do
        check "$(basename "$f") is answered" answered "$f"
    done
    unchanged
}

hundred_thousand_header_fields_are_answered_in_bounded_memory() {
    begin fields
    { printf 'Subject: s\n'; seq -f 'X-Field-%.0f: some value, neither short nor long' 100000; printf '\nb\n'; } \
        >"$work/fields.eml"
    check "answered" answered "$work/fields.eml"
    unchanged
}

packet_above_the_limit_ends_the_connection_alone() {
    local n
    begin packet
    for n in 65536 70000 16777215; do
        { printf '\0\0\0\015O\0\0\0\6\0\0\1\377\0\037\377\377'
            printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((n >> 24)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))L"
            head -c 80000 /dev/zero | tr '\0' a; } >"$work/packet"
        "$fakemta" --socket "$socket" --raw --timeout 300 "$work/packet" >/dev/null
        check "after $n bytes" kill -0 $pid
    done
    unchanged
}

body_of_200_mib_is_answered_in_bounded_memory() {
    local before
    begin flood
    before=$(peak_kib)
    check "answered" "$fuzzmta" --socket "$socket" --flood 200
    check "peak $before KiB, then $(peak_kib)" test "$(peak_kib)" -lt $((before + slack_kib))
    unchanged
}

messages_that_end_early_leave_nothing_behind() {
    local step how
    begin early
    for step in mail rcpt data header eoh body; do
        for how in abort drop; do
            check "$how at $step" "$fakemta" --socket "$socket" -c 4 -m 100 --$how-at $step --summary \
                "$work/forged.eml"
        done
    done
    unchanged
}

connections_that_say_nothing_are_forgotten() {
    local i port
    port=$("$fakemta" --free-port)
    socket=inet:$port@127.0.0.1
    launch silent --set socket="$socket" --set model="$work/random-model"
    check "up" within 30 answers "$socket"
    sleep 0.3
    fds=$(descriptors) kib=$(resident_kib) answer=$(verdict)
    for i in {1..200}; do
        exec 5<>"/dev/tcp/127.0.0.1/$port" && exec 5>&-
    done
    unchanged
}

broken_protocol_and_mutated_messages_are_survived() {
    local samples="$top_srcdir/tests/data"
    begin fuzz
    check "survived" "$fuzzmta" --socket "$socket" --seed 20261122 --bytes $fuzz_bytes \
        --messages $fuzz_messages "$work/ham.eml" "$work/forged.eml" "$samples/alternative.eml" \
        "$samples/forwarded.eml" "$samples/hidden.eml" "$samples/japanese.eml"
    unchanged
}

reloads_under_load_lose_no_message_and_no_memory() {
    local conf=$work/reloads.conf sender i
    socket=unix:$work/reloads.sock
    printf 'socket = "%s";\nmodel = "%s";\nworkers = 2;\n' "$socket" "$work/random-model" >"$conf"
    launch reloads -c "$conf"
    check "up" within 30 answers "$socket"
    answer=$(verdict)
    for i in 1 2 3 4 5 6; do
        kill -USR1 $pid
        sleep 0.1
    done
    fds=$(descriptors) kib=$(resident_kib)
    "$fakemta" --socket "$socket" -c 4 -m 100000 --new-connection --summary "$work/ham.eml" \
        >"$work/reloads.out" 2>&1 &
    sender=$!
    pids="$pids $sender"
    for ((i = 7; i <= reloads; i++)); do
        kill -USR1 $pid
        within 20 eval "test \$(grep -c reloaded '$work/reloads.log') -ge $i" || break
    done
    same "reloads" "$(grep -c reloaded "$work/reloads.log")" "$reloads"
    # Before the sender is stopped, in the middle of its messages.
    check "no message failed" eval "! grep failure= '$work/reloads.log'"
    check "the load went on all the time" kill -0 $sender
    kill -KILL $sender
    wait $sender 2>/dev/null
    unchanged
}

miltertest_finds_nothing_wrong() {
    command -v miltertest >/dev/null || { skip "miltertest is not installed" && return; }
    local level sockets="" spam="--set model=$work/spam-model --set reject_to_tag=no --set local_networks="
    for level in subject quarantine redirect tempfail discard reject; do
        # shellcheck disable=SC2086 # a list of words
        start $level $spam --set ${level}_at=0.5 --set redirect_to=junk@example.org \
            --set reject_code=554 --set reject_dsn=5.7.0 --set reject_text='99.5% spam'
        sockets="$sockets -D $level=$socket"
    done
    start lua --set model="$work/spam-model"
    # shellcheck disable=SC2086
    check "protocol.lua" miltertest -s "$top_srcdir/tests/mta/protocol.lua" -D socket="$socket" $sockets
    same "tests" "$(grep -c '^passed ' "$work/check.out")" \
        "$(grep -c '^function tests\.' "$top_srcdir/tests/mta/protocol.lua")"
}

run_cases hostile_messages_are_answered \
    hundred_thousand_header_fields_are_answered_in_bounded_memory \
    packet_above_the_limit_ends_the_connection_alone \
    body_of_200_mib_is_answered_in_bounded_memory \
    messages_that_end_early_leave_nothing_behind \
    connections_that_say_nothing_are_forgotten \
    broken_protocol_and_mutated_messages_are_survived \
    reloads_under_load_lose_no_message_and_no_memory \
    miltertest_finds_nothing_wrong
