#!/bin/sh
# test-protocol.sh - bolter-train protocol: few-shot, cross and stream, on a network of a few thousand
# parameters.
# shellcheck disable=SC2086 # $quick is several words
. "${top_srcdir:?}/tests/cli/trainer.sh"
tiny-model base || exit 99
quick="-m base -j 1 --max-tokens 24 --lr 0.01 -b 8"

# One text in four is spam.
i=0
while [ $i -lt 100 ]; do
    printf 'ham\tcup of tea %d\nspam\twin cash %d\nham\tsee you at %d\nham\tno milk %d\n' $i $i $i $i
    i=$((i + 1))
done >data.tsv
sed 's/cash/money/; s/tea/water/' data.tsv >other.tsv

# ---- few-shot ----

runs 0 protocol $quick few-shot --data data.tsv --sizes 4,64 --seeds 3 &&
    awk '$1 == 4 { small = $2 } $1 == 64 { large = $2 } END { exit !(large > 0.9 && large >= small) }' out
ok "few-shot prints the F1 of each size, and more texts do better"
runs 0 protocol $quick few-shot --train data.tsv --test other.tsv --sizes 3,16 --seeds 2 --json &&
    [ "$(wc -l <out)" -eq 4 ] &&
    [ "$(grep -c '"texts":16,"seed":12[34],"spam_trained":4,' out)" -eq 2 ] &&
    [ "$(grep -c '"texts":3,"seed":12[34],"spam_trained":1,' out)" -eq 2 ]
ok "few-shot draws each label by its share"
sed 's/"seconds":.*//' out >first
runs 0 protocol $quick few-shot --train data.tsv --test other.tsv --sizes 3,16 --seeds 2 --json &&
    sed 's/"seconds":.*//' out | cmp -s - first
ok "the same seeds give the same figures"
runs 0 protocol $quick few-shot --data data.tsv --sizes 4 --seeds 1 --max-test 20 &&
    grep -q '^20 test texts' out
ok "--max-test limits the test part"

sed 's/^ham/good/' data.tsv >good.tsv
runs 1 protocol $quick few-shot --data good.tsv --sizes 4 --seeds 1 && grep -q '"good" is not in the list' err
ok "a label that nobody named is refused"
runs 0 protocol $quick few-shot --data good.tsv --labels good,spam --sizes 4,64 --seeds 1 --json &&
    sed 's/"seconds":.*//' out >first &&
    runs 0 protocol $quick few-shot --data data.tsv --sizes 4,64 --seeds 1 --json &&
    sed 's/"seconds":.*//' out | cmp -s - first
ok "--labels names those of the corpus, which change no figure"
runs 1 protocol $quick few-shot --data good.tsv --labels good,junk --sizes 4 --seeds 1
ok "labels that the corpus has not are refused"
grep '^spam' data.tsv | cut -f 2 >win.txt
grep '^ham' data.tsv | cut -f 2 >tea.txt
runs 0 protocol $quick few-shot --kind lines --class good=tea.txt --class spam=win.txt --sizes 4 --seeds 1
ok "--class gives the labels, too"

# ---- cross ----

runs 0 protocol $quick cross --corpus one --labels good,spam --data good.tsv --corpus two --labels spam,ham \
    --data other.tsv && [ "$(grep -c '^\(one\|two\) *\(one\|two\) ' out)" -eq 4 ] &&
    awk '$1 ~ /^(one|two)$/ && ($8 < 90 || ($1 == $2 && $4 < 95)) { bad = 1 } END { exit bad }' out
ok "corpora of other labels, in another order, are compared by their spam"

runs 0 protocol $quick cross --corpus data --data data.tsv --corpus other --data other.tsv &&
    [ "$(grep -c '^\(data\|other\) *\(data\|other\) ' out)" -eq 4 ] &&
    awk '$1 == $2 && $4 < 95 { bad = 1 } END { exit bad }' out
ok "cross prints every pair, and each corpus does well on itself"
runs 0 protocol $quick cross --corpus 'a"b' --data data.tsv --corpus c --data other.tsv --json &&
    grep -q '"train":"a\\"b","test":"c","n":' out
ok "cross prints JSON lines, whatever the names"

# ---- stream ----

runs 0 protocol $quick stream --data data.tsv --every 100 --delay 30 -o scores &&
    awk 'NF == 7 && ($1 == 0 && $3 != 0 || $1 == 100 && $3 != 70 || $1 == 300 && $3 != 270) { bad = 1 } END { exit bad }' out
ok "stream trains on what is labelled by then"
[ "$(wc -l <scores)" -eq 400 ] && head -n 100 scores | cut -f 3 | sort -u | grep -qx 0.5 &&
    [ "$(head -n 100 scores | cut -f 3 | sort -u | wc -l)" -eq 1 ]
ok "before the first training every message scores 0.5"
accuracy=$(sed -n 's/^accuracy *\([0-9.]*\) .*/\1/p' out)
bolter-train evaluate --predictions scores >again 2>err &&
    grep -q "^accuracy *$accuracy " again
ok "the file of its scores gives the same figures"
runs 0 protocol $quick stream --data data.tsv --every 100 --warm 100 --window 50 --json &&
    grep -q '"from":100,"to":199,"trained":50,' out && [ "$(wc -l <out)" -eq 4 ] &&
    tail -n 1 out | grep -q '"n":300,'
ok "stream begins after --warm messages and trains on a --window"
seq 399 -1 200 >order
runs 0 protocol $quick stream --data data.tsv --every 100 --order order -o scores -e 1 &&
    cut -f 1 scores | cmp -s - order
ok "--order gives the order of arrival"
runs 0 protocol $quick stream --data data.tsv --every 200 --shuffle -o scores -e 1 &&
    ! cut -f 1 scores | sort -c -n 2>err &&
    [ "$(cut -f 1 scores | sort -u | wc -l)" -eq 400 ]
ok "--shuffle gives another order of all"

# ---- stream, by date and with a wide part ----

# Mail of one day after another, the youngest first, and one without a date.
{
    i=30
    while [ $i -gt 9 ]; do
        printf 'From a@example.org Mon Jan  1 00:00:00 2024\nReceived: by mx; %d Jan 2024 10:00:00 +0000\n' $i
        printf 'Date: 1 Jan 2020 00:00:00 +0000\nSubject: hello\n\ntea at %d\n\n' $i
        i=$((i - 1))
    done
    printf 'From a@example.org Mon Jan  1 00:00:00 2024\nSubject: undated\n\ntea\n\n'
} >tea.mbox
sed 's/tea/cash/; s/ 10:00:00 / 22:00:00 +1200 (x) /; s/ (x) +0000/ (x)/' tea.mbox >cash.mbox
streams_mail="stream --ham tea.mbox --spam cash.mbox --wide --every 20"
runs 0 protocol $quick $streams_mail --by-date -o scores &&
    { printf 'tea/21\ncash/21\n'; for i in 20 19 18; do printf 'tea/%d\ncash/%d\n' $i $i; done; } >want &&
    head -n 8 scores | cut -f 1 | cmp -s - want && [ "$(wc -l <scores)" -eq 44 ]
ok "--by-date takes the topmost Received field, the undated first, those of one date as they were read"
seq -f tea/%.0f 0 9 >some && seq -f cash/%.0f 0 9 >>some
runs 0 protocol $quick $streams_mail --order some --by-date -o scores &&
    [ "$(wc -l <scores)" -eq 20 ] && [ "$(head -n 1 scores | cut -f 1)" = tea/9 ]
ok "--order chooses what --by-date puts in order"
fails_with 1 "texts without any date" 'by-date' protocol $quick stream --data data.tsv --wide --by-date

runs 0 protocol $quick stream --data data.tsv --wide --every 200 -o scores &&
    [ "$(sed -n 1p scores | cut -f 3)" = 0.5 ] &&
    awk 'NR > 20 && ($3 > 0.5) != ($2 == "spam") { bad = 1 } END { exit bad }' scores
ok "--wide scores the first message 0.5, and knows the words a few messages later"
awk '$1 == 0 && $2 == 99 && $3 == 25 && $4 == 75 { a = 1 } $1 == 200 && $2 == 399 && $3 == 50 { b = 1 }
    END { exit !(a && b) }' out
ok "stream measures stretches, short ones first"
cp scores first
runs 0 protocol $quick stream --data data.tsv --wide --every 7 -o scores && cmp -s scores first
ok "--wide learns each message at once, however many lines are printed, and to the same bits"
runs 0 protocol $quick stream --data data.tsv --wide --warm 150 --json -o scores &&
    sed 1,150d first | cmp -s - scores &&
    tail -n 1 out | grep -q '"stretches": *\[{"from": *150, *"to": *199, *"n_spam":'
ok "--warm changes what is measured and nothing else"
runs 0 protocol $quick stream --data data.tsv --wide --delay 40 -o scores &&
    [ "$(head -n 41 scores | cut -f 3 | sort -u)" = 0.5 ] && [ "$(sed -n 42p scores | cut -f 3)" != 0.5 ]
ok "--delay keeps a label from the wide part"
fails_with 2 "a wide part with a window" 'no --window' \
    protocol $quick stream --data data.tsv --wide --window 5
fails_with 2 "few-shot with --wide" 'stream alone' protocol $quick few-shot --data data.tsv --wide
fails_with 2 "two orders" 'two orders' protocol $quick stream --data data.tsv --by-date --shuffle

# ---- Recipe ----

streamed()
{
    out=$1
    shift
    bolter-train protocol $quick stream --data data.tsv --every 200 -e 1 --position mean -o "$out" "$@" >out 2>err
}
streamed plain && streamed lm --lm-loss 0.5 && streamed each --lm-loss 0.5 --lm-every 1 &&
    streamed short --precision bfloat16 &&
    for a in plain lm each short; do tail -n 1 "$a"; done >last &&
    [ "$(sort -u last | wc -l)" -eq 4 ]
ok "the second loss and the precision of products are those of finetune, and change what is learned"

# ---- What is wrong ----

# ---- What cannot be measured ----

grep '^ham' data.tsv >onlyham.tsv
runs 0 protocol $quick few-shot --data onlyham.tsv --sizes 4 --seeds 2 --max-test 20 &&
    grep -q '^ *4 * - +- * -  * -  ' out && ! grep -q nan out
ok "few-shot prints - for what one label does not tell"
runs 0 protocol $quick stream --data onlyham.tsv --every 20 &&
    grep -q '^ *0 .* - ' out && ! grep -q nan out
ok "stream prints - for what one label does not tell"

fails_with 2 "no protocol" 'needs a name' protocol $quick --data data.tsv
fails_with 2 "an unknown protocol" 'needs a name' protocol $quick dance --data data.tsv
fails_with 2 "few-shot without a corpus" 'one corpus' protocol $quick few-shot
fails_with 2 "cross with one corpus" 'two corpora' protocol $quick cross --corpus a --data data.tsv
fails_with 2 "cross without names" 'needs --corpus NAME' protocol $quick cross --data data.tsv
fails_with 2 "a corpus without files" 'no files' protocol $quick stream --corpus a
fails_with 1 "a size that is none" '4,x' protocol $quick few-shot --data data.tsv --sizes 4,x
fails_with 1 "a size of more than there is" 4000 protocol $quick few-shot --data data.tsv --sizes 4000
fails_with 1 "nothing left to score" warm protocol $quick stream --data data.tsv --warm 400
echo 400 >order
fails_with 1 "an id that is not there" 'order:1: no message' \
    protocol $quick stream --data data.tsv --order order
fails_with 1 "an id of two messages" 'two messages' protocol $quick stream --data data.tsv --data other.tsv \
    --order order
fails_with 1 "a file that cannot be written" no/such \
    protocol $quick stream --data data.tsv --every 400 -o no/such

finish
