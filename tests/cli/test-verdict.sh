#!/bin/sh
# test-verdict.sh - verdicts as exit status, lines and JSON; operands; errors.
. "$top_srcdir/tests/cli/verdicts.sh"

matches()
{
    grep -Eqx "$1" out || {
        echo "want: $1"
        cat out
        return 1
    }
}

status_is_the_verdict()
{
    exits 0 bolter -m spam -q <mail && exits 1 bolter -m ham -q <mail &&
        exits 2 bolter -m unsure -q <mail
}
ok "exit status of one message is its verdict" status_is_the_verdict

any_precision_gives_the_verdict()
{
    for precision in auto float32 bfloat16 int8; do
        bolter -m spam -P $precision -t <mail >out
        matches 'S 0\.99[0-9]{4}' || return 1
    done
    exits 3 bolter -m spam --precision int4 -q <mail 2>err && grep -q 'precision "int4"' err
}
ok "any precision gives the verdict, but one that is not there" any_precision_gives_the_verdict

quiet_writes_nothing()
{
    bolter -m ham -q mail >out
    test ! -s out
}
ok "quiet writes nothing" quiet_writes_nothing

plain_line()
{
    bolter -m spam <mail >out
    matches 'spam 0\.9997 \([0-9]+ tokens, [0-9]+ ms\)'
}
ok "plain line has verdict, probability, tokens and time" plain_line

plain_line_names_an_operand()
{
    bolter -m ham mail >out
    matches 'ham 0\.0003 \([0-9]+ tokens, [0-9]+ ms\) mail'
}
ok "plain line names an operand" plain_line_names_an_operand

terse_line()
{
    bolter -m spam -t <mail >out
    matches 'S 0\.999665' || return 1
    bolter -m ham -t <mail >out
    matches 'H 0\.000335' || return 1
    bolter -m unsure -t mail >out
    matches 'U 0\.731059 mail'
}
ok "terse line is a letter and six digits" terse_line

terse_line_in_any_locale()
{
    LC_ALL=de_DE.UTF-8 bolter -m spam -t <mail >out
    matches 'S 0\.999665'
}
ok "terse line is the same in any locale" terse_line_in_any_locale

json_line()
{
    bolter -m unsure --json mail >out
    matches '\{"v":1,"id":"mail","verdict":"unsure","label":"spam","score":0\.731059,"scores":\{"ham":0\.268941,"spam":0\.731059\},"tokens":[0-9]+,"windows":1,"truncated":false,"model":"[0-9a-f]{16}","ms":[0-9]+\}'
}
ok "JSON line has every member" json_line

json_of_three_labels()
{
    make-model three unsure newsletter ham spam || return 1
    bolter -m three --json mail >out
    matches '.*"label":"spam".*"scores":\{"newsletter":0\.[0-9]{6},"ham":0\.[0-9]{6},"spam":0\.[0-9]{6}\}.*'
}
ok "JSON line of a model with three labels has three scores" json_of_three_labels

json_survives_any_file_name()
{
    name=$(printf 'q"b\\\001\351\303\251')
    cp mail "$name" || return 1
    bolter -m ham --json "$name" >out
    matches '.*"id":"q\\"b\\\\\\u0001\\ufffd.*",.*'
}
ok "JSON line survives any file name" json_survives_any_file_name

long_text_is_truncated()
{
    { cat mail; yes 'a word and another' | head -n 1000; } >long
    bolter -m ham --json long >out
    matches '.*"tokens":128,"windows":1,"truncated":true.*'
}
ok "a long message is told as truncated" long_text_is_truncated

# A sentence in a letter that nobody but a spammer would write.
{
    printf 'From: ann@example.org\nSubject: minutes\n\nHello Bob,\nthe minutes are attached.\n'
    printf 'CLAIM YOUR FREE PRIZE MONEY NOW!!! Click here, winner.\nRegards, Ann\n'
} >planted
default=$top_srcdir/models/default

# letters N: so many that mean nothing, the same each time.
letters()
{
    awk -v n="$1" 'BEGIN {
        of = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"; x = 7
        for (; n > 0; n--) { x = (x * 7919 + 12345) % 1000003; printf "%s", substr(of, 1 + x % 62, 1) }
    }'
}

letters_for_programs_say_nothing()
{
    {
        printf 'From: Plankton <hello@plankton.example>\nSubject: Please verify your email address\n\n'
        printf 'Hi Klara,\n\nplease verify your email address to finish signing up:\n\n'
        printf 'https://click.mail.example/ls/click?upn=%s\n\nThe link is valid for 24 hours.\n' "$(letters 260)"
    } >reset.eml
    {
        printf 'From: Otto <otto@leuchtturm.example>\nSubject: Keysigning\n\n'
        printf -- '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHi Klara, the keysigning is at 7pm in '
        printf 'the back room.\nBring a passport.\nOtto\n-----BEGIN PGP SIGNATURE-----\n\n'
        letters 760 | fold -w 64
        printf '\n=abcd\n-----END PGP SIGNATURE-----\n'
    } >signed.eml
    exits 1 bolter -m "$default" -q reset.eml && exits 1 bolter -m "$default" -q signed.eml
}
ok "neither a long link nor a signature makes a good mail suspicious" letters_for_programs_say_nothing

explanation_in_lines()
{
    bolter -m "$default" --explain planted >out
    matches '[a-z]+ 0\.[0-9]{4} \(.*\) planted' && same 6 "$(wc -l <out)" &&
        grep -m 1 '^  +' out | grep -Eq '^  \+[0-9]+\.[0-9]{2} .*(FREE|NOW)' &&
        test "$(grep -c '^  [+-]' out)" -eq 5
}
ok "an explanation is five lines, the planted sentence first of what speaks for spam" explanation_in_lines

explanation_in_json()
{
    bolter -m "$default" -wj <planted >out
    matches '.*,"ms":[0-9]+,"explain":\[.*\{"weight":[0-9.]+,"at":[0-9]+,"bytes":[0-9]+,"text":"[^"]*(FREE|NOW)[^"]*"\}.*\]\}' || return 1
    bolter -m "$default" -j <planted >out
    ! grep explain out
}
ok "JSON has it where it is asked for" explanation_in_json

explanation_in_the_header()
{
    bolter -m "$default" -pw <planted >out
    sed '/^$/q' out | tr -d '\n' | grep -q 'X-Bolter-Explain: .*+[0-9.]* "[^"]*\(FREE\|NOW\)' && without_fields <out | cmp planted - &&
        bolter -m "$default" -p <planted | sed '/^$/q' >out && ! grep -i explain out
}
ok "a message that passes through has it as a field" explanation_in_the_header

explanation_where_there_is_no_room()
{
    exits 3 bolter -m ham -wt mail 2>err && grep -q -e '--explain' err && exits 3 bolter -m ham -wq mail
}
ok "terse and quiet output have no room for it" explanation_where_there_is_no_room

end_of_a_long_message_is_read()
{
    {
        printf 'From: a@b.example\nSubject: hello\n\n'
        yes 'The minutes of the meeting are attached, with regards.' | head -c 3000000
        yes 'CLAIM YOUR FREE PRIZE MONEY NOW!!! Click here, winner.' | head -n 20
    } >long.eml
    head -c 2000000 long.eml >cut.eml
    with=$(bolter -m "$default" -t <long.eml | cut -d' ' -f2)
    without=$(bolter -m "$default" -t <cut.eml | cut -d' ' -f2)
    echo "$with with the end, $without without"
    awk -v a="$with" -v b="$without" 'BEGIN { exit !(a > b + 0.2) }'
}
ok "spam behind three megabytes of other text is found" end_of_a_long_message_is_read

several_messages_exit_0()
{
    exits 0 bolter -m ham -t mail mail >out
    same 2 "$(grep -c '^H 0.000335 mail$' out)"
}
ok "several messages have a line each and exit 0" several_messages_exit_0

failed_operand_is_3_and_the_rest_is_done()
{
    exits 3 bolter -m spam -t mail absent mail >out 2>err || return 1
    same 2 "$(grep -c '^S' out)" && grep -q '^bolter: absent' err
}
ok "a missing operand is status 3 and the rest is classified" failed_operand_is_3_and_the_rest_is_done

samples="$top_srcdir/tests/samples/sample.mbox"
mbox_has_a_line_a_message()
{
    exits 0 bolter -m spam -t "$samples" >out || return 1
    same "$(grep -c '^From ' "$samples")" "$(grep -c '^S 0.999665 sample/[0-9]*$' out)"
}
ok "an mbox gives one line a message" mbox_has_a_line_a_message

maildir_and_directory()
{
    mkdir -p md/new md/cur md/tmp dir
    cp mail md/new/1.a && cp mail md/cur/2.b:2,S && cp mail dir/a.eml && cp mail dir/b.eml || return 1
    bolter -m ham -t md dir >out
    same 4 "$(grep -c '^H 0.000335 ' out)"
}
ok "a Maildir and a directory give one line a message" maildir_and_directory

no_message_is_an_error()
{
    mkdir -p empty
    exits 3 bolter -m spam empty >out 2>err && test ! -s out
}
ok "an input without messages is status 3, not 0" no_message_is_an_error

dash_is_standard_input()
{
    exits 1 bolter -m ham -t - <mail >out
    matches 'H 0\.000335'
}
ok "operand - is standard input" dash_is_standard_input

text_and_lines()
{
    printf 'one\ntwo\r\n\nfour' >texts
    exits 1 bolter -m ham --text -t <texts >out && matches 'H 0\.000335' || return 1
    exits 0 bolter -m ham --lines -t <texts >out || return 1
    same "H 0.000335 0 H 0.000335 1 H 0.000335 2 H 0.000335 3" "$(tr "\n" " " <out | sed "s/ $//")" || return 1
    bolter -m ham --lines -t texts >out2
    test "$(wc -l <out2)" -ge 3
}
ok "text is one message and lines are many" text_and_lines

text_of_nul_and_a_megabyte()
{
    head -c 3000000 /dev/zero >zeros
    exits 1 bolter -m ham --text -q <zeros && exits 1 bolter -m ham --lines -q <zeros &&
        exits 2 bolter -m ham -q <zeros && exits 1 bolter -m ham -q </dev/null
}
ok "NUL bytes, no newline and an empty input are classified" text_of_nul_and_a_megabyte

unscorable_is_no_verdict()
{
    unscorable_mail
    for m in sealed_inline sealed_mime sealed_smime; do
        exits 2 bolter -m spam $m >out && matches "unscorable \(encrypted\) $m" || return 1
        exits 2 bolter -m spam -t $m >out && matches "N - $m" || return 1
        exits 2 bolter -m spam -j <$m >out && matches \
            '\{"v":1,"id":"-","verdict":"unscorable","unscorable":"encrypted","model":"[0-9a-f]{16}"\}' || return 1
        exits 2 bolter -m spam -q $m || return 1
        exits 2 bolter -m spam -w $m >out && matches "unscorable \(encrypted\) $m" || return 1
    done
    exits 2 bolter -m spam -t <hollow >out && matches "N -" || return 1
    exits 2 bolter -m spam <hollow >out && matches "unscorable \(empty\)" || return 1
    exits 0 bolter -m spam -t hollow mail >out && grep -q '^S 0.99.* mail$' out || return 1
    exits 0 bolter -m spam --text -q sealed_inline
}
ok "mail without anything to judge has no verdict, and every form says so" unscorable_is_no_verdict

environment_names_the_model()
{
    BOLTER_MODEL=spam exits 0 bolter -q mail && BOLTER_MODEL=spam exits 1 bolter -m ham -q mail
}
ok "BOLTER_MODEL names the model and -m overrides it" environment_names_the_model

missing_model_is_3()
{
    exits 3 bolter -m absent <mail >out 2>err && test ! -s out && grep -q '^bolter: .*absent' err
}
ok "a missing model is status 3 and named" missing_model_is_3

model_without_a_card_is_read_with_a_warning()
{
    rm -rf bare && cp -R spam bare && rm bare/bolter.json
    warning='^bolter: warning: bare: no bolter.json: .* the last of at most 128 tokens, and spam from 0.5 on$'
    exits 0 bolter -m bare mail mail >out 2>err && grep -q "$warning" err && test "$(wc -l <err)" -eq 1 &&
        exits 0 bolter -m bare -p <mail >out 2>err && grep -q "$warning" err && grep -q '^X-Spam-Flag: YES' out &&
        exits 0 bolter -m spam mail >out 2>err && test ! -s err
}
ok "a model without bolter.json is read with a warning of what is assumed" \
    model_without_a_card_is_read_with_a_warning

model_without_spam_is_refused()
{
    make-model nospam random ham other && exits 3 bolter -m nospam <mail 2>err &&
        grep -q '^bolter: .*spam' err
}
ok "a model that does not know spam is refused with a sentence" model_without_spam_is_refused

full_disk_is_3()
{
    exits 3 bolter -m spam mail 2>err >/dev/full && grep -q '^bolter: standard output: ' err
}
if test -w /dev/full; then
    ok "a full disk is status 3" full_disk_is_3
else
    skip "a full disk is status 3" "no /dev/full"
fi

closed_streams_are_3()
{
    exits 3 bolter -m spam <&- && exits 3 bolter -m spam mail >&-
}
ok "closed standard streams are status 3" closed_streams_are_3

wrong_options_are_3()
{
    for wrong in -z --zzz --json=1 -m '-e -q' '-ps 0' '-ps 1x' '-ps 86401' '-t -qz' '-wS unix:/x'; do
        case $wrong in -p*) want=75 ;; *) want=3 ;; esac
        # shellcheck disable=SC2086
        exits $want bolter $wrong <mail >out 2>err || return 1
        test $want = 75 || test ! -s out && grep -q '^bolter: .' err || return 1
    done
}
ok "wrong options are status 3 and named" wrong_options_are_3

help_and_version()
{
    exits 0 bolter --help >out && exits 0 bolter -V >version || return 1
    grep -Eqx 'bolter [0-9]+\.[0-9]+\.[0-9]+' version || return 1
    for option in model precision socket passthrough exit-verdict timeout terse json explain quiet text lines help version; do
        grep -q -- "--$option" out || { echo "help lacks $option"; return 1; }
        grep -q "Fl Fl $option" "$top_srcdir/milter/bolter.1" || { echo "manual lacks $option"; return 1; }
    done
    same 12 "$(grep -c '(default: ' out)"
}
ok "help and manual know every option with its default" help_and_version

options_bundle()
{
    exits 0 bolter -tm spam mail >out && matches 'S 0\.999665 mail'
}
ok "options may be bundled" options_bundle

finish
