#!/bin/sh
# test-baseline.sh - bolter-train baseline from corpora to figures, words and predictions.
. "${top_srcdir:?}/tests/cli/trainer.sh"

# ---- Data: spam has "win", ham has "tea"; every tenth text has neither ----

i=0
while [ $i -lt 200 ]; do
    case $i in
    *7) printf 'ham\tsee you %d\nspam\tsee this %d\n' $i $i ;;
    *) printf 'ham\ta cup of tea %d\nspam\twin cash! %d\n' $i $i ;;
    esac
    i=$((i + 1))
done >data.tsv

for method in nb lr; do
    for features in words word-pairs words-chars; do
        runs 0 baseline --method $method --features $features --data data.tsv &&
            grep -q '^validation part$' out && grep -q '^test part$' out &&
            awk '/^accuracy/ { if ($2 > 95) good++ } END { exit good != 2 }' out
        ok "$method on $features tells spam from ham"
    done
done

runs 0 baseline --data data.tsv --json --predictions scores --top 2
ok "baseline prints JSON"
[ "$(wc -l <out)" -eq 1 ] && grep -q '^{"v":1,"method":"lr","features":"words","c":' out &&
    grep -q '"test":{"label_accuracy":[0-9.]*,"commonest":[0-9.]*,"report":{"n":' out
ok "it is one object with the measures of evaluate"
grep -qE '"top":\{"ham":\[\["(tea|cup|of|you)",[0-9.]+\],.*"spam":\[\["(win|cash)",[0-9.]+\],' out
ok "--top names the words that were learnt"
ours=$(sed 's/.*"test":{[^}]*"n":\([0-9]*\),.*/\1/' out)
[ "$(wc -l <scores)" -eq "$ours" ] && ! grep -qvE '^[0-9]+	(ham|spam)	[0-9.e-]+$' scores
ok "--predictions has id, label and score of each test text"
awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "spam") } END { exit !(right > 0.95 * NR) }' scores
ok "the scores are spam from 0.5 on"

cp scores once
runs 0 baseline --data data.tsv --predictions scores -j 1 && cmp -s scores once
ok "one thread gives the same scores"
runs 0 baseline --data data.tsv --positive ham --predictions scores &&
    awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "ham") } END { exit !(right > 0.95 * NR) }' scores
ok "--positive turns the scores round"
grep -q '^"ham" counts as spam$' out
ok "and says so"

# The first three characters do not tell; the first six do.
sed 's/	/	xxx /' data.tsv >late.tsv
runs 0 baseline --data late.tsv --max-chars 3 --c 1 --json && grep -q '"columns":1,' out
ok "--max-chars cuts texts"
runs 0 baseline --data data.tsv --max-features 2 --c 1 --json && grep -q '"columns":2,' out
ok "--max-features keeps so many words"

# ---- Parts, more labels ----

sed 's/tea/jam/; s/^ham/food/' data.tsv | grep '^food' >food.tsv
cat data.tsv food.tsv >three.tsv
runs 0 baseline --train three.tsv --test three.tsv --c 1 --balanced --top 1
ok "three labels and no validation part"
grep -q '^accuracy of all labels' out && ! grep -q '^validation part' out &&
    grep -q '^strongest of food$' out && grep -q '^  "jam"  ' out
ok "the accuracy of all labels is printed, and what each learnt"
printf 'From a@example.org Mon Jan  1 00:00:00 2024\nSubject: win\n\nwin cash\n\n' >spam.mbox
printf 'From a@example.org Mon Jan  1 00:00:00 2024\nSubject: tea\n\ncup of tea\n\n' >ham.mbox
printf 'ham/0\tham\ttrain\nspam/0\tspam\ttrain\n' >parts.tsv
runs 0 baseline --spam spam.mbox --ham ham.mbox --split parts.tsv --test data.tsv \
    --method nb --alpha 1 && grep -q '^test part' out
ok "mail trains by a split file"

# ---- What is wrong is said in one line ----

runs 2 baseline && complains "needs corpora"
ok "no corpora are wrong usage"
runs 2 baseline --method svm --data data.tsv && complains '--method: "svm", expected one of nb, lr'
ok "an unknown method is wrong usage"
runs 2 baseline --features pixels --data data.tsv && complains '--features: "pixels"'
ok "unknown features are wrong usage"
for bad in 0 -1 x 1e99 nan ''; do
    runs 2 baseline --c "$bad" --data data.tsv && complains "--c: \"$bad\", expected auto"
    ok "--c \"$bad\" is wrong usage"
done
runs 2 baseline --data data.tsv extra && complains 'unexpected "extra"'
ok "an operand is wrong usage"
runs 1 baseline --train data.tsv && complains "no validation part to choose by"
ok "auto needs a validation part"
grep '^ham' data.tsv >onlyham.tsv
runs 1 baseline --train data.tsv --validation onlyham.tsv && complains 'has not both "spam" and others'
ok "auto needs spam and ham in the validation part"
runs 1 baseline --data data.tsv --positive eggs && complains 'no text has the label "eggs"'
ok "--positive names a label that there is"
runs 1 baseline --train data.tsv --test food.tsv --c 1 && complains 'label "food": no text to train on'
ok "a label that is only tested is an error"
runs 1 baseline --train food.tsv --c 1 && complains "1 labels to train on"
ok "one label is too few"
runs 1 baseline --data none.tsv && complains "none.tsv"
ok "a missing file is named"
runs 1 baseline --data data.tsv --c 1 --predictions none/file && complains "none/file"
ok "predictions that cannot be written are an error"
printf 'ham\t.\nspam\t!\n' >empty.tsv
runs 1 baseline --train empty.tsv --c 1 && complains "no n-gram to keep"
ok "texts without a word are an error"

# ---- Kinds ----

printf 'ham\t"one ""cup"" of\nspam\twin"\n' >quoted.tsv
cat data.tsv >>quoted.tsv
runs 0 baseline --alpha 1 --c 1 --quotes --test quoted.tsv --train data.tsv --predictions scores --json &&
    same "$(($(wc -l <data.tsv) + 1))" "$(wc -l <scores)"
ok "--quotes reads what it does for the other commands"

finish
