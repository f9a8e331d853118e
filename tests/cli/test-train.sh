#!/bin/sh
# test-train.sh - bolter-train from corpora to a model and its numbers, on a network of a few thousand
# parameters: what is printed, what is written, and the exit status.
# shellcheck disable=SC2086,SC2154 # $quick is several words; make sets the directories
set -u

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$top_builddir/tiny-model" "$tmp/base" || exit 99
"$top_builddir/tiny-model" "$tmp/class" head || exit 99

n=0
failures=0

# ok NAME: report the status of the command before.
ok()
{
    if [ $? -eq 0 ]; then result=ok; else result='not ok'; failures=1; fi
    n=$((n + 1))
    echo "$result $n - $1"
    if [ "$result" != ok ]; then
        sed 's/^/# out: /' "$tmp/out"
        sed 's/^/# err: /' "$tmp/err"
    fi
}

# runs STATUS ARGUMENT...: bolter-train with standard input from $in; true if it exits with STATUS.
in=/dev/null
runs()
{
    want=$1
    shift
    "$train" "$@" <"$in" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

one_line()
{
    [ "$(wc -l <"$tmp/err")" -eq 1 ]
}

# ---- Data: spam has "win", ham has "tea" ----

i=0
while [ $i -lt 60 ]; do
    printf 'ham\tcup of tea %d\nspam\twin cash %d\n' $i $i
    i=$((i + 1))
done >"$tmp/data.tsv"

# mbox FILE WORD
mbox()
{
    i=0
    while [ $i -lt 40 ]; do
        printf 'From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a@example.org\nSubject: %s\n\n' "$2"
        printf '%s %d\n\n' "$2" $i
        i=$((i + 1))
    done >"$1"
}
mbox "$tmp/spam.mbox" win
mbox "$tmp/ham.mbox" tea
quick="-e 3 -b 8 --lr 0.01 -j 1 --max-tokens 24"

# ---- finetune ----

runs 0 finetune -m "$tmp/base" -o "$tmp/tsv" --data "$tmp/data.tsv" $quick --log "$tmp/live.jsonl"
ok "finetune learns from a TSV"
[ "$(ls "$tmp/tsv")" = "MODEL.md
accuracy.svg
bolter.json
config.json
loss.svg
merges.txt
model.safetensors
settings.json
tokenizer.bolter
train.csv
train.jsonl
vocab.json" ]
ok "finetune writes the model, its card, its log, its curves and its settings"
[ ! -e "$tmp/tsv.run" ]
ok "a finished run leaves no checkpoint"
grep -q '^| training | 82 | 970 | 41 | 41 | `[0-9a-f]\{64\}` |$' "$tmp/tsv/MODEL.md" &&
    grep -q "^| .*data.tsv. | by itself | $(sha256sum <"$tmp/data.tsv" | cut -d' ' -f1) |\$" "$tmp/tsv/MODEL.md" &&
    grep -q 'No test part was measured' "$tmp/tsv/MODEL.md"
ok "the card counts the data and names the digests"
grep -qx '  "lr": 0.01,' "$tmp/tsv/settings.json" && grep -qx '  "batch": 8,' "$tmp/tsv/settings.json" &&
    grep -q "\"sha256\": \"$(sha256sum <"$tmp/data.tsv" | cut -d' ' -f1)\"" "$tmp/tsv/settings.json"
ok "the settings name every option and the digests of the corpora"
if command -v xmllint >/dev/null; then
    xmllint --noout "$tmp/tsv/loss.svg" "$tmp/tsv/accuracy.svg" >"$tmp/out" 2>&1
    ok "the curves are well-formed XML"
fi
cmp -s "$tmp/tsv/train.jsonl" "$tmp/live.jsonl" && grep -q '"v":1' "$tmp/live.jsonl"
ok "--log has the lines of train.jsonl"

runs 0 finetune -m "$tmp/base" -o "$tmp/mail" --spam "$tmp/spam.mbox" --ham "$tmp/ham.mbox" $quick \
    --trainable lora --lora-rank 2 --dtype float16 --position mean
ok "finetune learns from mail, with adapters and another position"
runs 0 finetune -m "$tmp/class" -o "$tmp/class" --data "$tmp/data.tsv" $quick --max-tokens 0
ok "finetune goes on from a classifier, over itself, with all tokens"

# ---- What is measured, and which weights are kept ----

# column NAME: of train.csv in $tmp/sel
column()
{
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' \
        "$tmp/sel/train.csv"
}
for measure in loss accuracy auc; do
    runs 0 finetune -m "$tmp/base" -o "$tmp/sel" --data "$tmp/data.tsv" $quick --lr 0.001 \
        --eval-every 4 --select $measure --final-test
    ok "finetune selects by $measure"
    step=$(sed -n 's/^- weights of step \([0-9]*\), the best by validation '$measure'$/\1/p' "$tmp/sel/MODEL.md")
    awk -F, -v step="$step" -v by=$measure '
        NR > 1 { x = by == "loss" ? -$6 : by == "accuracy" ? $7 : $8
                 if (n++ == 0 || x > best || (x == best && $6 < loss)) { best = x; loss = $6; at = $1 } }
        END { if (at != step) print "# step " step ", want " at; exit at != step }' "$tmp/sel/train.csv"
    ok "the card names the step that is best by $measure"
done
[ "$(column step | tr '\n' ' ')" = "4 8 11 12 16 20 22 24 28 32 33 " ]
ok "--eval-every counts steps, and each epoch ends with a measurement"
[ "$(column examples | tail -n 1)" -eq 246 ]
ok "the log counts the examples that were seen"
grep -q '^## Test part' "$tmp/sel/MODEL.md" && grep -q 'test accuracy [0-9.]* %' "$tmp/err"
ok "--final-test measures the test part"
runs 0 finetune -m "$tmp/base" -o "$tmp/sel" --data "$tmp/data.tsv" $quick --eval-batches 1 --lr 0.001 &&
    column validation_accuracy | awk '{ eighths = $1 * 8; if (eighths != int(eighths)) exit 1 }'
ok "--eval-batches 1 measures one batch"
grep -v '	0$' "$tmp/data.tsv" | head -n 20 >"$tmp/part.tsv"
runs 0 finetune -m "$tmp/base" -o "$tmp/sel" --train "$tmp/data.tsv" --validation "$tmp/part.tsv" \
    --test "$tmp/part.tsv" $quick && grep -q '^| test | 20 |' "$tmp/sel/MODEL.md" &&
    grep -q '^## Test part' "$tmp/sel/MODEL.md"
ok "--test is measured at the end"
runs 0 finetune -m "$tmp/base" -o "$tmp/sel" --data "$tmp/data.tsv" $quick --lr 1e-9 --select accuracy \
    --eval-every 1 --patience 3 -e 50 && [ "$(column step | wc -l)" -lt 20 ]
ok "--patience ends a run that gets no better"

# ---- Several seeds ----

runs 0 finetune -m "$tmp/base" -o "$tmp/seeds" --data "$tmp/data.tsv" $quick --seeds 7,5,9 --final-test
ok "finetune runs with a list of seeds"
[ "$(awk '/^ *[0-9]/ { print $1 }' "$tmp/out" | tr '\n' ' ')" = "7 5 9 " ] && grep -q '^ *mean ' "$tmp/out" &&
    grep -q '^ *deviation ' "$tmp/out" && [ "$(grep -c kept "$tmp/out")" -eq 1 ]
ok "it prints each seed, mean and deviation"
kept=$(sed -n 's/^  "kept": \([0-9]*\),$/\1/p' "$tmp/seeds/seeds.json")
[ "$kept" = "$(awk '/kept/ { print $1 }' "$tmp/out")" ] && grep -qx "  \"seed\": $kept," "$tmp/seeds/settings.json"
ok "the model is that of the seed that seeds.json names"
runs 0 finetune -m "$tmp/base" -o "$tmp/alone" --data "$tmp/data.tsv" $quick --seed "$kept" &&
    cmp -s "$tmp/alone/model.safetensors" "$tmp/seeds/model.safetensors"
ok "a run with that seed alone gives the same weights"
runs 0 finetune -m "$tmp/base" -o "$tmp/seeds" --data "$tmp/data.tsv" $quick --seed 40 --seeds 2 &&
    [ "$(grep -o '"seed": [0-9]*' "$tmp/seeds/seeds.json" | tr '\n' ' ')" = '"seed": 40 "seed": 41 ' ]
ok "--seeds 2 counts from --seed"

# ---- predict and evaluate ----

runs 0 predict -m "$tmp/tsv" --data "$tmp/data.tsv"
ok "predict runs"
[ "$(wc -l <"$tmp/out")" -eq 120 ] &&
    ! grep -qvE "^[0-9]+	(ham|spam)	[0-9.e+-]+$" "$tmp/out"
ok "predict prints id, label and score of each text"
awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "spam") } END { exit !(right > 110) }' "$tmp/out"
ok "the scores of the trained model tell spam from ham"
cp "$tmp/out" "$tmp/scores"
runs 0 predict -m "$tmp/tsv" --data "$tmp/data.tsv" -j 2 && cmp -s "$tmp/out" "$tmp/scores"
ok "predict prints the same on two threads"
runs 0 predict -m "$tmp/mail" --spam "$tmp/spam.mbox" && head -n 1 "$tmp/out" | grep -q '^spam/0	spam	'
ok "predict names the messages of an mbox"

runs 0 evaluate -m "$tmp/tsv" --data "$tmp/data.tsv" --part all && grep -q '^120 messages, 60 spam' "$tmp/out"
ok "evaluate prints a table"
runs 0 evaluate -m "$tmp/tsv" --data "$tmp/data.tsv" --json && [ "$(wc -l <"$tmp/out")" -eq 1 ] &&
    grep -q '^{"v":1,"n":' "$tmp/out"
ok "evaluate --json prints one object"

# ---- export ----

runs 0 export -m "$tmp/tsv" -o "$tmp/int8" --dtype int8
ok "export writes int8"
[ "$(wc -c <"$tmp/int8/model.safetensors")" -lt "$(wc -c <"$tmp/tsv/model.safetensors")" ]
ok "the int8 weights are smaller"
runs 0 predict -m "$tmp/int8" --data "$tmp/data.tsv" &&
    paste "$tmp/out" "$tmp/scores" | awk -F'\t' '{ d = $3 - $6; if (d > 0.1 || d < -0.1) exit 1 }'
ok "the int8 model scores nearly the same"

# ---- inspect and tokenizer ----

runs 0 inspect model -m "$tmp/tsv" && grep -q '^label 1       spam' "$tmp/out"
ok "inspect model prints its facts"
printf 'hello' >"$tmp/hello.txt"
runs 0 inspect text -m "$tmp/tsv" "$tmp/hello.txt" && grep -qx hello "$tmp/out"
ok "inspect text prints what is read"
runs 0 inspect tokens -m "$tmp/tsv" "$tmp/hello.txt" && grep -q '256	he$' "$tmp/out"
ok "inspect tokens prints ids and pieces"
echo '{"ids":[1,2,3]}' >"$tmp/in"; in="$tmp/in"
runs 0 inspect logits -m "$tmp/tsv" && grep -qE '^\{"logits":\[[^,]+,[^,]+\]\}$' "$tmp/out"
ok "inspect logits prints a classifier's logits"
runs 0 inspect logits -m "$tmp/base" && grep -q '"loss":' "$tmp/out"
ok "inspect logits prints a language model's loss"
echo '{"ids":[1,2,3],"label":1}' >"$tmp/in"
runs 0 inspect grads -m "$tmp/mail" -o "$tmp/grads" && grep -q '"loss"' "$tmp/grads"
ok "inspect grads writes safetensors with the loss"
echo '{"text":"hello"}' >"$tmp/in"
runs 0 tokenizer encode -m "$tmp/base" && [ "$(cat "$tmp/out")" = '{"ids":[256,108,108,111]}' ]
ok "tokenizer encode prints ids"
cp "$tmp/out" "$tmp/in"
runs 0 tokenizer decode -m "$tmp/base" && [ "$(cat "$tmp/out")" = '{"text":"hello"}' ]
ok "tokenizer decode prints the text again"

# ---- JSON lines that are wrong ----

for line in 'no JSON' '[1]' '{}' '{"ids":1}' '{"ids":["1"]}' '{"ids":[4294967297]}' '{"ids":[258]}' \
    '{"ids":[-1]}' '{"ids":[]}' '{"ids":[1.5]}'; do
    echo "$line" >"$tmp/in"
    runs 1 inspect logits -m "$tmp/tsv" && one_line
    ok "inspect logits refuses $line"
done
for line in '{"ids":[1]}' '{"ids":[1],"label":"1"}' '{"ids":[1],"label":4294967296}' \
    '{"ids":[1],"label":2}' '{"label":1}'; do
    echo "$line" >"$tmp/in"
    runs 1 inspect grads -m "$tmp/tsv" -o "$tmp/none" && one_line
    ok "inspect grads refuses $line"
done
in=/dev/null

# ---- Help and usage ----

runs 0 --help && grep -q finetune "$tmp/out"
ok "--help lists the subcommands"
runs 0 --version && grep -q '^bolter-train [0-9]' "$tmp/out"
ok "--version prints the version"
man="$top_srcdir/trainer/bolter-train.1"
for sub in import fetch prepare finetune evaluate predict inspect tokenizer export; do
    runs 0 "$sub" --help
    ok "$sub --help exits 0"
    missing=$(sed -n 's/^ *\(-., \)\{0,1\} *--\([a-z0-9-]*\).*/\2/p' "$tmp/out" | while read -r option; do
        grep -qE -- "Fl -$option( |\$)" "$man" || printf ' %s' "$option"
    done)
    [ -z "$missing" ] || { echo "# not in the man page:$missing"; false; }
    ok "the man page has the options of $sub"
done
if command -v mandoc >/dev/null; then
    mandoc -T lint "$man" 2>&1 | grep -v 'referenced manual not found' | grep "^mandoc: $man" >"$tmp/out"
    [ ! -s "$tmp/out" ]
    ok "the man page has no fault that mandoc finds"
fi
runs 0 finetune --help && grep -q -- '--lr X .*\[0.0004\]' "$tmp/out" && grep -q '\[cosine\]' "$tmp/out"
ok "--help prints defaults"

# usage NAME ARGUMENT...: exits 2 and complains.
usage()
{
    name=$1
    shift
    runs 2 "$@" && [ -s "$tmp/err" ] && [ ! -s "$tmp/out" ] && grep -q '^bolter-train: ' "$tmp/err"
    ok "$name is wrong usage"
}
usage "an unknown subcommand" dance
usage "an unknown option" predict --dance
usage "a missing value" predict -m
usage "finetune without corpora" finetune -m "$tmp/base" -o "$tmp/x"
usage "finetune without a model" finetune -o "$tmp/x" --data "$tmp/data.tsv"
usage "a number that is none" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --lr fast
usage "a number out of range" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --batch 0
usage "a part of a text" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --batch 1.5
usage "an unknown number format" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --dtype int4
usage "an unknown measure" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --select f1
usage "no seeds" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --seeds 0
usage "a seed that is none" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --seeds 1,x
usage "--finish without --resume" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" --finish
usage "an operand" finetune -m "$tmp/base" -o "$tmp/x" --data "$tmp/data.tsv" more
usage "a class without a name" predict -m "$tmp/tsv" --class "=x"
usage "an unknown part" predict -m "$tmp/tsv" --data "$tmp/data.tsv" --part some
usage "inspect without a subject" inspect -m "$tmp/tsv"
usage "inspect grads without --out" inspect grads -m "$tmp/tsv"
usage "inspect text without files" inspect text -m "$tmp/tsv"
usage "tokenizer without a verb" tokenizer -m "$tmp/tsv"
usage "export without --out" export -m "$tmp/tsv"

# ---- Failures: status 1, one line that names the file ----

# fails NAME WORD ARGUMENT...
fails()
{
    name=$1
    word=$2
    shift 2
    runs 1 "$@" && one_line && grep -q -- "$word" "$tmp/err"
    ok "$name fails"
}
fails "a model that is not there" nowhere/config.json predict -m "$tmp/nowhere" --data "$tmp/data.tsv"
fails "a language model" 'without a classification head' predict -m "$tmp/base" --data "$tmp/data.tsv"
fails "a corpus that is not there" nothing.tsv predict -m "$tmp/tsv" --data "$tmp/nothing.tsv"
fails "a place that cannot be" no/such/place finetune -m "$tmp/base" -o "$tmp/no/such/place" \
    --data "$tmp/data.tsv"
printf 'eggs\tspam\n' >"$tmp/eggs.tsv"
fails "a label that is unknown" eggs predict -m "$tmp/tsv" --data "$tmp/eggs.tsv"
fails "a format that is unknown" int4 export -m "$tmp/tsv" -o "$tmp/x" --dtype int4
mkdir "$tmp/letters"
echo dear >"$tmp/letters/diary"
fails "a directory of other things" letters export -m "$tmp/tsv" -o "$tmp/letters"
[ -s "$tmp/letters/diary" ]
ok "the other things are still there"

for args in "predict --data $tmp/data.tsv" "evaluate --part all --data $tmp/data.tsv" "inspect model" \
    "inspect text $tmp/hello.txt"; do
    "$train" $args -m "$tmp/tsv" >/dev/full 2>"$tmp/err"
    [ $? -eq 1 ] && one_line
    ok "${args%% -*} on a full disk fails"
done

echo "1..$n"
exit $failures
