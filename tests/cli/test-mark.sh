#!/bin/sh
# test-mark.sh - bolter -p: the message comes out whole, marked or not, whatever happens.
. "$top_srcdir/tests/cli/verdicts.sh"

printf 'From a@example.org Mon Mar  2 01:07:13 2026\nReceived: x\n\tby y\nX-Spam-Flag: NO\n' >forged
printf 'X-SPAM-Status : No,\n yes we can\nSubject: s\nx-bolter: z\n\nX-Spam-Flag: NO\nend' >>forged
printf 'From a@example.org Mon Mar  2 01:07:13 2026\nReceived: x\n\tby y\nSubject: s\n\nX-Spam-Flag: NO\nend' >clean
printf 'A: b\r\nB: c\r\n\td\r\n\r\nbody\000\r\n\r\rx' >crlf
{ printf 'A: b\n\n'; head -c 1000000 /dev/zero | tr '\0' x; } >longline
# Its first byte is no blank, with which a line goes on that begins with one of our fields.
{ printf x; head -c 300000 /dev/urandom; } >noise
: >nothing
printf 'Subject: only header\n' >header

marked_is_whole()
{
    for m in forged crlf longline noise header mail; do
        exits 0 bolter -p -m "$1" <$m >out || return 1
        grep -aq "^X-Spam-Status: $2, score=0\.[0-9]* required=0.9700 tests=$3" out || return 1
        expected=$m
        test $m = forged && expected=clean
        without_fields <out >back
        # awk ends the last line; so does the copy that is compared.
        awk '{ print }' <$expected >want
        cmp want back || return 1
    done
}
ok "spam comes out whole and marked" marked_is_whole spam Yes BOLTER_SPAM
ok "ham comes out whole and marked" marked_is_whole ham No BOLTER_HAM
ok "unsure mail comes out whole and marked" marked_is_whole unsure No BOLTER_UNSURE

fields_in_place()
{
    bolter -p -m spam <forged >out || return 1
    cat >want <<'END'
From a@example.org Mon Mar  2 01:07:13 2026
X-Spam-Flag: YES
X-Spam-Status: Yes, score=0.9997 required=0.9700 tests=BOLTER_SPAM
	version=VERSION
X-Spam-Score: 0.9997
X-Spam-Level: *********
X-Bolter: label=spam, model=MODEL, tokens=N, ms=N, truncated=N, degraded=N
Received: x
	by y
Subject: s

X-Spam-Flag: NO
END
    printf end >>want
    sed -e 's/version=.*/version=VERSION/' -e '/^X-Bolter/{N;s/\n\t/ /;s/=[0-9a-f]\{16\},/=MODEL,/;s/=[0-9][0-9]*/=N/g;}' out >got
    diff want got
}
ok "fields stand below the envelope line and forged ones are gone" fields_in_place

fields_have_the_line_ends_of_the_message()
{
    bolter -p -m spam <crlf >out || return 1
    same "$(grep -ac '' crlf)" "$(($(grep -ac '' out) - 7))" || return 1
    sed -n 1,7p out | grep -avq "$(printf '\r')\$" && return 1
    test "$(sed -n 8p out)" = "$(sed -n 1p crlf)"
}
ok "fields have the line ends of the message" fields_have_the_line_ends_of_the_message

ham_has_no_yes()
{
    make-model yes unsure yes eyes spam || return 1
    for model in ham unsure yes; do
        bolter -p -m $model <mail >out || return 1
        grep -E '^(X-Spam|X-Bolter|	)' out | grep -iq yes && { cat out; return 1; }
    done
    return 0
}
ok "fields of mail that is not spam never say yes" ham_has_no_yes

marked_is_judged_like_the_original()
{
    make-model random random || return 1
    for m in mail forged crlf; do
        bolter -p -m random <$m >out || return 1
        same "$(bolter -m random -t <$m)" "$(bolter -m random -t <out)" || return 1
    done
}
ok "a marked message is judged like the original" marked_is_judged_like_the_original

verdict_as_status()
{
    exits 0 bolter -pe -m spam <mail >out && exits 1 bolter -pe -m ham <mail >out &&
        exits 2 bolter -p --exit-verdict -m unsure <mail >out && exits 75 bolter -pe -m none <mail >out
}
ok "with -e the exit status is the verdict" verdict_as_status

unscorable_passes_unmarked()
{
    unscorable_mail
    for m in sealed_inline sealed_mime sealed_smime hollow; do
        without_fields <$m >want
        exits 0 bolter -p -m spam <$m >out 2>err && cmp want out && test ! -s err || return 1
        exits 2 bolter -pe -m spam <$m >out && cmp want out || return 1
        exits 0 bolter -pw -m spam <$m >out && cmp want out || return 1
    done
}
ok "mail without anything to judge has no field, and no forged one" unscorable_passes_unmarked

unmarked_is_whole()
{
    want=$1
    shift
    for m in forged crlf longline noise nothing header mail; do
        exits "$want" "$@" <$m >out 2>err || return 1
        cmp $m out || return 1
        grep -q '^bolter: .' err || { echo "no diagnosis"; return 1; }
    done
}
mkdir broken
cp ham/* broken
head -c 2000 ham/model.safetensors >broken/model.safetensors
ok "without a model the message is whole and unmarked" unmarked_is_whole 75 bolter -p -m none
ok "with a broken model the message is whole and unmarked" unmarked_is_whole 75 bolter -p -m broken
ok "with a wrong option the message is whole and unmarked" unmarked_is_whole 75 bolter -p -m ham --zzz
ok "with a wrong option first the message is whole too" unmarked_is_whole 75 bolter -zpm ham
ok "with an operand the message is whole and unmarked" unmarked_is_whole 75 bolter -p -m ham mail
ok "with -t the message is whole and unmarked" unmarked_is_whole 75 bolter -pt -m ham

large_message_streams()
{
    { cat forged; head -c 40000000 /dev/zero; } >large
    { cat clean; head -c 40000000 /dev/zero; } >want
    bolter -p -m ham <large >out || return 1
    size=$(($(wc -c <out) - $(wc -c <want)))
    test $size -gt 0 && tail -c 40000050 out >a && tail -c 40000050 want >b && cmp a b || return 1
    rm -f out a b want
    exits 75 bolter -p -m none <large >out 2>err && cmp large out || return 1
    rm -f large out
}
ok "a message of 40 MB is whole, marked or not" large_message_streams

# shellcheck disable=SC3045 # dash and bash know -v
little_memory()
{
    for size in 2000000 200000 120000 70000; do
        (ulimit -v $size; bolter -V) >/dev/null 2>&1 || continue
        (ulimit -v $size; bolter -p -s 1 -m spam) <longline >out 2>err
        status=$?
        test $status -eq 0 && grep -q '^X-Spam-Flag: YES' out && continue
        exits 75 exit_with $status && cmp longline out || { echo "of $size KB"; return 1; }
    done
}
exit_with()
{
    return "$1"
}
# shellcheck disable=SC3045
if (ulimit -v 2000000; bolter -V) >/dev/null 2>&1; then
    ok "with little memory the message is marked or whole" little_memory
else
    skip "with little memory the message is marked or whole" "the program needs 2 GB to start"
fi

no_temporary_directory()
{
    TMPDIR=/nonexistent exits 0 bolter -p -m spam <longline >out && grep -q '^X-Spam-Flag: YES' out
}
ok "no temporary directory is needed" no_temporary_directory

full_disk_is_75()
{
    exits 75 bolter -p -m spam <longline 2>err >/dev/full && grep -q '^bolter: standard output: ' err &&
        exits 75 bolter -p -m none <mail 2>err >/dev/full
}
if test -w /dev/full; then
    ok "a full disk is status 75" full_disk_is_75
else
    skip "a full disk is status 75" "no /dev/full"
fi

file_limit_is_75()
{
    # Half way through the message the output may grow no further.
    (trap '' XFSZ; ulimit -f 200; exits 75 bolter -p -m spam <longline 2>err >out)
}
ok "an output that stops half way is status 75" file_limit_is_75

closed_reader_is_75()
{
    { bolter -p -m spam <longline 2>err; echo $? >status; } | head -c 10 >out
    same 75 "$(cat status)"
}
ok "a reader that goes away is status 75, not a signal" closed_reader_is_75

closed_streams_are_75()
{
    exits 75 bolter -p -m spam <&- && exits 75 bolter -p -m spam <mail >&-
}
ok "closed standard streams are status 75" closed_streams_are_75

slow_writer()
{
    { head -c 20 mail; sleep 0.2; tail -c +21 mail; } | bolter -p -m spam >out || return 1
    without_fields <out | cmp mail -
}
ok "a message that comes in pieces is whole" slow_writer

finish
