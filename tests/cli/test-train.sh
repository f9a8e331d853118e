#!/bin/sh
# test-train.sh - bolter-train from corpora to a model and its numbers, on a network of a few thousand
# parameters: what is printed, what is written, and the exit status.
# shellcheck disable=SC2086 # $quick is several words
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model base || exit 99
tiny-model class head || exit 99

# ---- Data: spam has "win", ham has "tea" ----

texts 60 >data.tsv

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
mbox spam.mbox win
mbox ham.mbox tea
quick="-e 3 -b 8 --lr 0.01 -j 1 --max-tokens 24"

# ---- finetune ----

runs 0 finetune -m base -o tsv --data data.tsv $quick --log live.jsonl
ok "finetune learns from a TSV"
[ "$(ls tsv)" = "MODEL.md
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
[ ! -e tsv.run ]
ok "a finished run leaves no checkpoint"
grep -q '^| training | 82 | 970 | 41 | 41 | `[0-9a-f]\{64\}` |$' tsv/MODEL.md &&
    grep -q "^| .*data.tsv. | by itself | $(sha256sum <data.tsv | cut -d' ' -f1) |\$" tsv/MODEL.md &&
    grep -q 'No test part was measured' tsv/MODEL.md
ok "the card counts the data and names the digests"
grep -qx '  "lr": 0.01,' tsv/settings.json && grep -qx '  "batch": 8,' tsv/settings.json &&
    grep -q "\"sha256\": \"$(sha256sum <data.tsv | cut -d' ' -f1)\"" tsv/settings.json
ok "the settings name every option and the digests of the corpora"
if command -v xmllint >/dev/null; then
    xmllint --noout tsv/loss.svg tsv/accuracy.svg >out 2>&1
    ok "the curves are well-formed XML"
fi
cmp -s tsv/train.jsonl live.jsonl && grep -q '"v":1' live.jsonl
ok "--log has the lines of train.jsonl"

runs 0 finetune -m base -o mail --spam spam.mbox --ham ham.mbox $quick \
    --trainable lora --lora-rank 2 --dtype float16 --position mean
ok "finetune learns from mail, with adapters and another position"
runs 0 finetune -m class -o class --data data.tsv $quick --max-tokens 0
ok "finetune goes on from a classifier, over itself, with all tokens"

# ---- What is measured, and which weights are kept ----

# column NAME: of train.csv in sel
column()
{
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' \
        sel/train.csv
}
for measure in loss accuracy auc; do
    runs 0 finetune -m base -o sel --data data.tsv $quick --lr 0.001 \
        --eval-every 4 --select $measure --final-test
    ok "finetune selects by $measure"
    step=$(sed -n 's/^- weights of step \([0-9]*\), the best by validation '$measure'$/\1/p' sel/MODEL.md)
    awk -F, -v step="$step" -v by=$measure '
        NR > 1 { x = by == "loss" ? -$6 : by == "accuracy" ? $7 : $8
                 if (n++ == 0 || x > best || (x == best && $6 < loss)) { best = x; loss = $6; at = $1 } }
        END { if (at != step) print "# step " step ", want " at; exit at != step }' sel/train.csv
    ok "the card names the step that is best by $measure"
done
[ "$(column step | tr '\n' ' ')" = "4 8 11 12 16 20 22 24 28 32 33 " ]
ok "--eval-every counts steps, and each epoch ends with a measurement"
[ "$(column examples | tail -n 1)" -eq 246 ]
ok "the log counts the examples that were seen"
grep -q '^## Test part' sel/MODEL.md && grep -q 'test accuracy [0-9.]* %' err
ok "--final-test measures the test part"
grep -q '^| accuracy at the threshold | [0-9.]* % | [0-9.]* - [0-9.]* % |$' sel/MODEL.md &&
    ! grep -E '^\|.*nan|\| ([0-9.]+) - \1 % \|$' sel/MODEL.md
ok "no interval of the card claims certainty"
runs 0 finetune -m base -o sel --data data.tsv $quick --eval-batches 1 --lr 0.001 &&
    column validation_accuracy | awk '{ eighths = $1 * 8; if (eighths != int(eighths)) exit 1 }'
ok "--eval-batches 1 measures one batch"
grep -v '	0$' data.tsv | head -n 20 >part.tsv
runs 0 finetune -m base -o sel --train data.tsv --validation part.tsv \
    --test part.tsv $quick && grep -q '^| test | 20 |' sel/MODEL.md &&
    grep -q '^## Test part' sel/MODEL.md
ok "--test is measured at the end"
runs 0 finetune -m base -o sel --data data.tsv $quick --lr 1e-9 --select accuracy \
    --eval-every 1 --patience 3 -e 50 && [ "$(column step | wc -l)" -lt 20 ]
ok "--patience ends a run that gets no better"

# ---- Several seeds ----

runs 0 finetune -m base -o seeds --data data.tsv $quick --seeds 7,5,9 --final-test
ok "finetune runs with a list of seeds"
[ "$(awk '/^ *[0-9]/ { print $1 }' out | tr '\n' ' ')" = "7 5 9 " ] && grep -q '^ *mean ' out &&
    grep -q '^ *deviation ' out && [ "$(grep -c kept out)" -eq 1 ]
ok "it prints each seed, mean and deviation"
kept=$(sed -n 's/^  "kept": \([0-9]*\),$/\1/p' seeds/seeds.json)
[ "$kept" = "$(awk '/kept/ { print $1 }' out)" ] && grep -qx "  \"seed\": $kept," seeds/settings.json
ok "the model is that of the seed that seeds.json names"
runs 0 finetune -m base -o alone --data data.tsv $quick --seed "$kept" &&
    cmp -s alone/model.safetensors seeds/model.safetensors
ok "a run with that seed alone gives the same weights"
runs 0 finetune -m base -o seeds --data data.tsv $quick --seed 40 --seeds 2 &&
    [ "$(grep -o '"seed": [0-9]*' seeds/seeds.json | tr '\n' ' ')" = '"seed": 40 "seed": 41 ' ]
ok "--seeds 2 counts from --seed"

# ---- predict and evaluate ----

runs 0 predict -m tsv --data data.tsv
ok "predict runs"
[ "$(wc -l <out)" -eq 120 ] &&
    ! grep -qvE "^[0-9]+	(ham|spam)	[0-9.e+-]+$" out
ok "predict prints id, label and score of each text"
awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "spam") } END { exit !(right > 110) }' out
ok "the scores of the trained model tell spam from ham"
cp out scores
runs 0 predict -m tsv --data data.tsv -j 2 && cmp -s out scores
ok "predict prints the same on two threads"
runs 0 predict -m mail --spam spam.mbox && head -n 1 out | grep -q '^spam/0	spam	'
ok "predict names the messages of an mbox"

runs 0 evaluate -m tsv --data data.tsv --part all && grep -q '^120 messages, 60 spam' out
ok "evaluate prints a table"
runs 0 evaluate -m tsv --data data.tsv --json && [ "$(wc -l <out)" -eq 1 ] &&
    grep -q '^{"v":1,"n":' out
ok "evaluate --json prints one object"

# ---- export ----

runs 0 average -o mean tsv tsv && complains 'spam begins at 0.5' && grep -q '"average_of"' mean/bolter.json &&
    cmp tsv/model.safetensors mean/model.safetensors
ok "the average of a model and itself is the model, to be calibrated"
runs 0 export -m tsv -o int8 --dtype int8
ok "export writes int8"
[ "$(wc -c <int8/model.safetensors)" -lt "$(wc -c <tsv/model.safetensors)" ]
ok "the int8 weights are smaller"
runs 0 predict -m int8 --data data.tsv &&
    paste out scores | awk -F'\t' '{ d = $3 - $6; if (d > 0.1 || d < -0.1) exit 1 }'
ok "the int8 model scores nearly the same"

# ---- inspect and tokenizer ----

runs 0 inspect model -m tsv && grep -q '^label 1       spam' out
ok "inspect model prints its facts"
printf 'hello' >hello.txt
runs 0 inspect text -m tsv hello.txt && grep -qx hello out
ok "inspect text prints what is read"
runs 0 inspect tokens -m tsv hello.txt && grep -q '256	he$' out
ok "inspect tokens prints ids and pieces"
echo '{"ids":[1,2,3]}' >in
runs 0 inspect logits -m tsv && grep -qE '^\{"logits":\[[^,]+,[^,]+\]\}$' out
ok "inspect logits prints a classifier's logits"
runs 0 inspect logits -m base && grep -q '"loss":' out
ok "inspect logits prints a language model's loss"
echo '{"ids":[1,2,3],"label":1}' >in
runs 0 inspect grads -m mail -o grads && grep -q '"loss"' grads
ok "inspect grads writes safetensors with the loss"
echo '{"text":"hello"}' >in
runs 0 tokenizer encode -m base && [ "$(cat out)" = '{"ids":[256,108,108,111]}' ]
ok "tokenizer encode prints ids"
cp out in
runs 0 tokenizer decode -m base && [ "$(cat out)" = '{"text":"hello"}' ]
ok "tokenizer decode prints the text again"

# ---- JSON lines that are wrong ----

for line in 'no JSON' '[1]' '{}' '{"ids":1}' '{"ids":["1"]}' '{"ids":[4294967297]}' '{"ids":[258]}' \
    '{"ids":[-1]}' '{"ids":[]}' '{"ids":[1.5]}'; do
    echo "$line" >in
    runs 1 inspect logits -m tsv && complains '^bolter-train: '
    ok "inspect logits refuses $line"
done
for line in '{"ids":[1]}' '{"ids":[1],"label":"1"}' '{"ids":[1],"label":4294967296}' \
    '{"ids":[1],"label":2}' '{"label":1}'; do
    echo "$line" >in
    runs 1 inspect grads -m tsv -o none && complains '^bolter-train: '
    ok "inspect grads refuses $line"
done
: >in

# ---- Help and usage ----

runs 0 --help && grep -q finetune out
ok "--help lists the subcommands"
runs 0 --version && grep -q '^bolter-train [0-9]' out
ok "--version prints the version"
man="$top_srcdir/trainer/bolter-train.1"
for sub in import fetch prepare finetune evaluate predict inspect tokenizer export average; do
    runs 0 "$sub" --help
    ok "$sub --help exits 0"
    missing=$(sed -n 's/^ *\(-., \)\{0,1\} *--\([a-z0-9-]*\).*/\2/p' out | while read -r option; do
        grep -qE -- "Fl -$option( |\$)" "$man" || printf ' %s' "$option"
    done)
    [ -z "$missing" ] || { echo "# not in the man page:$missing"; false; }
    ok "the man page has the options of $sub"
done
if command -v mandoc >/dev/null; then
    mandoc -T lint "$man" 2>&1 | grep -v 'referenced manual not found' | grep "^mandoc: $man" >out
    [ ! -s out ]
    ok "the man page has no fault that mandoc finds"
fi
runs 0 finetune --help && grep -q -- '--lr X .*\[0.0004\]' out && grep -q '\[cosine\]' out
ok "--help prints defaults"

usage "an unknown subcommand" dance
usage "an unknown option" predict --dance
usage "a missing value" predict -m
usage "finetune without corpora" finetune -m base -o x
usage "finetune without a model" finetune -o x --data data.tsv
usage "a number that is none" finetune -m base -o x --data data.tsv --lr fast
usage "a number out of range" finetune -m base -o x --data data.tsv --batch 0
usage "a part of a text" finetune -m base -o x --data data.tsv --batch 1.5
usage "an unknown number format" finetune -m base -o x --data data.tsv --dtype int4
usage "an unknown measure" finetune -m base -o x --data data.tsv --select f1
usage "no seeds" finetune -m base -o x --data data.tsv --seeds 0
usage "a seed that is none" finetune -m base -o x --data data.tsv --seeds 1,x
usage "a seed twice" finetune -m base -o x --data data.tsv --seeds 1,2,1
usage "--finish without --resume" finetune -m base -o x --data data.tsv --finish
usage "an operand" finetune -m base -o x --data data.tsv more
usage "a class without a name" predict -m tsv --class "=x"
usage "an unknown part" predict -m tsv --data data.tsv --part some
usage "inspect without a subject" inspect -m tsv
usage "inspect grads without --out" inspect grads -m tsv
usage "inspect text without files" inspect text -m tsv
usage "tokenizer without a verb" tokenizer -m tsv
usage "export without --out" export -m tsv
usage "average of one model" average -o x tsv

# ---- Failures: status 1, one line that names the file ----

fails "a model that is not there" nowhere/config.json predict -m nowhere --data data.tsv
fails "a language model" 'without a classification head' predict -m base --data data.tsv
fails "a corpus that is not there" nothing.tsv predict -m tsv --data nothing.tsv
fails "a place that cannot be" no/such/place finetune -m base -o no/such/place \
    --data data.tsv
printf 'eggs\tspam\n' >eggs.tsv
fails "a label that is unknown" eggs predict -m tsv --data eggs.tsv
fails_with 2 "a format that is unknown" int4 export -m tsv -o x --dtype int4
mkdir letters
echo dear >letters/diary
fails "a directory of other things" letters export -m tsv -o letters
[ -s letters/diary ]
ok "the other things are still there"

for args in "predict --data data.tsv" "evaluate --part all --data data.tsv" "inspect model" \
    "inspect text hello.txt"; do
    bolter-train $args -m tsv >/dev/full 2>err
    [ $? -eq 1 ] && complains '^bolter-train: '
    ok "${args%% -*} on a full disk fails"
done

# ---- predict over other labels ----

sed 's/^ham/good/; s/^spam/junk/' data.tsv >other.tsv
runs 0 predict -m tsv --data data.tsv && cut -f 1,3 out >want
runs 1 predict -m tsv --data other.tsv && complains 'label "good" is not in the list'
ok "predict refuses labels that nobody named"
runs 0 predict -m tsv --data other.tsv --labels good,junk && cut -f 1,3 out | cmp -s - want &&
    same 'good junk ' "$(cut -f 2 out | sort -u | tr '\n' ' ')"
ok "predict --labels names those of the corpora, and the scores stay"
runs 0 predict -m tsv --class junk=spam.mbox --class good=ham.mbox --class more=ham.mbox &&
    same '40 good 40 junk 40 more ' "$(cut -f 2 out | sort | uniq -c | awk '{ print $1, $2 }' | tr '\n' ' ')"
ok "predict takes any names that --class gives"
runs 1 predict -m tsv --data data.tsv --labels ham && complains '.*--labels: "ham", expected different names'
ok "predict --labels needs two names"

# ---- A model that does not say how it is read ----

cp -R tsv bare && rm bare/bolter.json
warning='^bolter-train: warning: bare: no bolter.json: .* the last of at most 32 tokens, and spam from 0.5 on$'
runs 0 predict -m bare --data data.tsv && complains "$warning" && runs 0 evaluate -m bare --data data.tsv &&
    [ "$(grep -c "$warning" err)" -eq 1 ]
ok "what is assumed of a model without bolter.json is said once"
runs 0 calibrate -m bare --data data.tsv --part all && [ -s bare/bolter.json ] &&
    runs 0 predict -m bare --data data.tsv && [ ! -s err ]
ok "calibrate writes one, and nothing is assumed any more"

finish
