#!/bin/sh
# test-early.sh - what cannot come to anything is refused by bolter-train before the hours of work, with
# a line that names the file or the option.
# shellcheck disable=SC2086 # $quick is several words
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model base || exit 99
tiny-model class head || exit 99
texts 60 >data.tsv
quick="-e 1 -b 8 --lr 0.01 -j 1 --max-tokens 24"
finetune="finetune -m base --data data.tsv $quick"

# early NAME PATTERN ARGUMENT...: a case, a run that ends with status 1 before it has trained or scored.
early()
{
    name=$1
    pattern=$2
    shift 2
    runs 1 "$@" && grep -q -e "^bolter-train: .*$pattern" err && ! grep -q '^step ' err && [ ! -s out ]
    ok "$name is found before the work begins"
}

# ---- Places ----

mkdir letters
echo dear >letters/diary
awk 'BEGIN { for (i = 0; i < 99; i++) print "The hen then hears the other hen." }' >text.txt
echo '[{"instruction":"a","output":"x"},{"instruction":"b","output":"y"}]' >tasks.json
for place in letters letters/diary; do
    early "$place as the place of a model" "$place: exists and is neither" $finetune -o $place
    early "$place as the place of a language model" "$place: exists and is neither" \
        pretrain -m base -o $place -b 1 --steps 2 text.txt
    early "$place as the place of an instructed model" "$place: exists and is neither" \
        instruct -m base -o $place --test-share 0 --validation-share 50% -b 1 --steps 2 tasks.json
done
[ "$(cat letters/diary)" = dear ] && [ ! -e letters.run ]
ok "what is in such a place stays"
lora="$finetune -o model --trainable lora --lora-rank 2 --save-adapter"
early "a place for the adapters in no directory" "nodir/x: No such file" $lora nodir/x
early "a file as the place of the adapters" "data.tsv: Not a directory" $lora data.tsv
[ ! -e model ]
ok "no model is left by these"
stream="protocol stream -m class --data data.tsv -e 1 -j 1 --every 100 -o"
early "a place for scores in no directory" "nodir/x: No such file" $stream nodir/x
early "a directory as the place of scores" "letters: Is a directory" $stream letters

# ---- A threshold that no sample gives ----

for share in 0 1 100% 1e-300 nan; do
    for verb in "finetune -o model" "calibrate" "wide -o model"; do
        usage "${verb%% *} --max-fpr $share" $verb -m base --data data.tsv --max-fpr $share
    done
done
usage "evaluate --max-fpr 1e-300" evaluate -m class --data data.tsv --max-fpr 1e-300
for share in 0 0.4 1; do
    usage "--confidence $share" $finetune -o model --confidence $share
done

# ---- Corpora and parts ----

: >nothing.split
echo '# id, label, part' >comment.split
printf '0\tham\ttrain\n1\tspam\ttrain\n' >two.split
for file in nothing.split comment.split; do
    early "a split file that says nothing, $file," "$file: no line says" $finetune -o model --split $file
    early "prepare with such a file, $file," "$file: no line says" \
        prepare -o parts --data data.tsv --split $file
done
early "a text that the split file does not name" '2: not in the split file two.split$' \
    $finetune -o model --split two.split

mkdir -p empty/cur empty/new empty/tmp nothing
: >empty.tsv
early "an empty directory" 'nothing: no text' predict -m class --spam nothing
early "an empty Maildir" 'empty: no text' evaluate -m class --spam empty
early "an empty file" 'empty.tsv: no text' predict -m class --data empty.tsv
early "nothing to prepare" 'empty.tsv: no text' prepare -o parts --data empty.tsv
early "nothing in several corpora" 'nothing and 1 more: no text' predict -m class --spam nothing --ham empty
runs 0 predict -m class --spam empty --data data.tsv && [ "$(wc -l <out)" -eq 120 ]
ok "one empty corpus among others is passed over"
printf 'ham\ttea\neggs\tspam\n' >eggs.tsv
early "a label that is none of the model's" 'eggs.tsv: 1: label "eggs" is not in' \
    finetune -m base --data data.tsv --data eggs.tsv $quick -o model
grep ham data.tsv >ham.tsv
grep spam data.tsv >spam.tsv
early "training without spam" 'no text labelled "spam"' finetune -m base --data ham.tsv $quick -o model
early "training without ham" 'no text labelled "ham"' finetune -m base --data spam.tsv $quick -o model
for label in ham spam; do
    other=$(echo ham spam | sed "s/ *$label *//")
    runs 0 finetune -m base --train data.tsv --validation $label.tsv $quick -o $label &&
        grep -q "^bolter-train: warning: the validation part has no $other: " err
    ok "a validation part of $label alone is warned of"
done

# ---- Quantize ----

tail -n 1 ham.tsv >one.tsv
for file in nowhere.tsv empty.tsv; do
    early "what quantize cannot measure on, $file," "$file: " quantize -m class -o int8 --data $file
done
early "a part without texts" 'the test part is empty' quantize -m class -o int8 --part test --train one.tsv
[ ! -e int8 ]
ok "quantize leaves no model behind that it did not measure"

# ---- A judge ----

for url in ftp://127.0.0.1/ file:///etc/passwd 127.0.0.1; do
    usage "a judge at $url" respond -m base -n 1 --judge $url --judge-model m tasks.json
done

# ---- Options for another model ----

for option in "--layers 12" "--width 16" "--heads 2" "--context 24" "--init gpt2" --untied; do
    usage "pretrain -m with $option" pretrain -m base -o model $option text.txt &&
        grep -q -e "${option%% *} is for a new model" err
    ok "and ${option%% *} is named"
done

# ---- Blocks ----

early "more blocks than the model has" '"last_9_blocks": 9 blocks, the model has 1' \
    $finetune -o model --trainable last_9_blocks

finish
