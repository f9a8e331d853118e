#!/bin/sh
# test-baseline.sh - bolter-train baseline from corpora to figures, words and predictions.
# shellcheck disable=SC2154 # make sets the directories
set -u

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

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

# runs STATUS ARGUMENT...: true if bolter-train baseline exits with STATUS.
runs()
{
    want=$1
    shift
    "$train" baseline "$@" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

# complains TEXT: one line on standard error that has it.
complains()
{
    [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -qF -e "$1" "$tmp/err"
}

# ---- Data: spam has "win", ham has "tea"; every tenth text has neither ----

i=0
while [ $i -lt 200 ]; do
    case $i in
    *7) printf 'ham\tsee you %d\nspam\tsee this %d\n' $i $i ;;
    *) printf 'ham\ta cup of tea %d\nspam\twin cash! %d\n' $i $i ;;
    esac
    i=$((i + 1))
done >"$tmp/data.tsv"

for method in nb lr; do
    for features in words word-pairs words-chars; do
        runs 0 --method $method --features $features --data "$tmp/data.tsv" &&
            grep -q '^validation part$' "$tmp/out" && grep -q '^test part$' "$tmp/out" &&
            awk '/^accuracy/ { if ($2 > 95) good++ } END { exit good != 2 }' "$tmp/out"
        ok "$method on $features tells spam from ham"
    done
done

runs 0 --data "$tmp/data.tsv" --json --predictions "$tmp/scores" --top 2
ok "baseline prints JSON"
[ "$(wc -l <"$tmp/out")" -eq 1 ] && grep -q '^{"v":1,"method":"lr","features":"words","c":' "$tmp/out" &&
    grep -q '"test":{"label_accuracy":[0-9.]*,"commonest":[0-9.]*,"report":{"n":' "$tmp/out"
ok "it is one object with the measures of evaluate"
grep -qE '"top":\{"ham":\[\["(tea|cup|of|you)",[0-9.]+\],.*"spam":\[\["(win|cash)",[0-9.]+\],' "$tmp/out"
ok "--top names the words that were learnt"
ours=$(sed 's/.*"test":{[^}]*"n":\([0-9]*\),.*/\1/' "$tmp/out")
[ "$(wc -l <"$tmp/scores")" -eq "$ours" ] && ! grep -qvE '^[0-9]+	(ham|spam)	[0-9.e-]+$' "$tmp/scores"
ok "--predictions has id, label and score of each test text"
awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "spam") } END { exit !(right > 0.95 * NR) }' "$tmp/scores"
ok "the scores are spam from 0.5 on"

cp "$tmp/scores" "$tmp/once"
runs 0 --data "$tmp/data.tsv" --predictions "$tmp/scores" -j 1 && cmp -s "$tmp/scores" "$tmp/once"
ok "one thread gives the same scores"
runs 0 --data "$tmp/data.tsv" --positive ham --predictions "$tmp/scores" &&
    awk -F'\t' '{ right += ($3 >= 0.5) == ($2 == "ham") } END { exit !(right > 0.95 * NR) }' "$tmp/scores"
ok "--positive turns the scores round"
grep -q '^"ham" counts as spam$' "$tmp/out"
ok "and says so"

# The first three characters do not tell; the first six do.
sed 's/	/	xxx /' "$tmp/data.tsv" >"$tmp/late.tsv"
runs 0 --data "$tmp/late.tsv" --max-chars 3 --c 1 --json && grep -q '"columns":1,' "$tmp/out"
ok "--max-chars cuts texts"
runs 0 --data "$tmp/data.tsv" --max-features 2 --c 1 --json && grep -q '"columns":2,' "$tmp/out"
ok "--max-features keeps so many words"

# ---- Parts, more labels ----

sed 's/tea/jam/; s/^ham/food/' "$tmp/data.tsv" | grep '^food' >"$tmp/food.tsv"
cat "$tmp/data.tsv" "$tmp/food.tsv" >"$tmp/three.tsv"
runs 0 --train "$tmp/three.tsv" --test "$tmp/three.tsv" --c 1 --balanced --top 1
ok "three labels and no validation part"
grep -q '^accuracy of all labels' "$tmp/out" && ! grep -q '^validation part' "$tmp/out" &&
    grep -q '^strongest of food$' "$tmp/out" && grep -q '^  "jam"  ' "$tmp/out"
ok "the accuracy of all labels is printed, and what each learnt"
printf 'From a@example.org Mon Jan  1 00:00:00 2024\nSubject: win\n\nwin cash\n\n' >"$tmp/spam.mbox"
printf 'From a@example.org Mon Jan  1 00:00:00 2024\nSubject: tea\n\ncup of tea\n\n' >"$tmp/ham.mbox"
printf 'ham/0\tham\ttrain\nspam/0\tspam\ttrain\n' >"$tmp/split"
runs 0 --spam "$tmp/spam.mbox" --ham "$tmp/ham.mbox" --split "$tmp/split" --test "$tmp/data.tsv" \
    --method nb --alpha 1 && grep -q '^test part' "$tmp/out"
ok "mail trains by a split file"

# ---- What is wrong is said in one line ----

runs 2 && complains "needs corpora"
ok "no corpora are wrong usage"
runs 2 --method svm --data "$tmp/data.tsv" && complains '--method: "svm", expected nb, lr'
ok "an unknown method is wrong usage"
runs 2 --features pixels --data "$tmp/data.tsv" && complains '--features: "pixels"'
ok "unknown features are wrong usage"
for bad in 0 -1 x 1e99 nan ''; do
    runs 2 --c "$bad" --data "$tmp/data.tsv" && complains "--c: \"$bad\", expected auto"
    ok "--c \"$bad\" is wrong usage"
done
runs 2 --data "$tmp/data.tsv" extra && complains 'unexpected "extra"'
ok "an operand is wrong usage"
runs 1 --train "$tmp/data.tsv" && complains "no validation part to choose by"
ok "auto needs a validation part"
grep '^ham' "$tmp/data.tsv" >"$tmp/onlyham.tsv"
runs 1 --train "$tmp/data.tsv" --validation "$tmp/onlyham.tsv" && complains 'has not both "spam" and others'
ok "auto needs spam and ham in the validation part"
runs 1 --data "$tmp/data.tsv" --positive eggs && complains 'no text has the label "eggs"'
ok "--positive names a label that there is"
runs 1 --train "$tmp/data.tsv" --test "$tmp/food.tsv" --c 1 && complains 'label "food": no text to train on'
ok "a label that is only tested is an error"
runs 1 --train "$tmp/food.tsv" --c 1 && complains "1 labels to train on"
ok "one label is too few"
runs 1 --data "$tmp/none.tsv" && complains "none.tsv"
ok "a missing file is named"
runs 1 --data "$tmp/data.tsv" --c 1 --predictions "$tmp/none/file" && complains "none/file"
ok "predictions that cannot be written are an error"
printf 'ham\t.\nspam\t!\n' >"$tmp/empty.tsv"
runs 1 --train "$tmp/empty.tsv" --c 1 && complains "no n-gram to keep"
ok "texts without a word are an error"

echo "1..$n"
exit $failures
