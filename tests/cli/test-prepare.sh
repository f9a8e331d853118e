#!/bin/sh
# test-prepare.sh - bolter-train prepare: what it writes and prints, what it refuses, and that finetune,
# evaluate and predict read its files.
# shellcheck disable=SC2154 # make sets the directories
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

# runs STATUS ARGUMENT...: true if bolter-train exits with STATUS.
runs()
{
    want=$1
    shift
    "$train" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

one_line()
{
    [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q '^bolter-train: ' "$tmp/err"
}

# has TEXT: it was printed, blanks apart.
has()
{
    tr -s ' ' <"$tmp/out" | grep -qF -- "$1"
}

lines()
{
    [ "$(wc -l <"$1")" -eq "$2" ]
}

# ---- Data: 100 ham, 50 spam, 10 eggs, then a copy, a near copy, a conflict ----

word()
{
    echo "$1" | tr 0123456789 qwertyuiop
}
{
    i=100
    while [ $i -lt 200 ]; do
        printf 'ham\tcup of tea %s\n' "$(word $i)"
        [ $i -ge 150 ] || printf 'spam\twin cash %s\n' "$(word $i)"
        [ $i -ge 110 ] || printf 'eggs\tfried, "%s"\n' "$(word $i)"
        i=$((i + 1))
    done
    printf 'ham\tCup of  TEA wqq!\n'
    printf 'ham\tone two three four five six seven eight nine ten eleven twelve\n'
    printf 'ham\tone two three four five six seven eight nine ten eleven dozen\n'
    printf 'ham\tboth\nspam\tboth\n'
} >"$tmp/data.tsv"

# mbox FILE WORD FIRST
mbox()
{
    i=10
    while [ $i -lt 30 ]; do
        printf 'From a@example.org Mon Jan  1 00:00:00 2024\nFrom: Ann <a@%s.example>\n' "$(word $i)"
        printf 'Date: %d Jan 2024 10:00:00 +0000\nSubject: %s\n\n%s %s\n\n' $i "$2" "$2" "$(word $i)"
        i=$((i + 1))
    done >"$1"
}
mbox "$tmp/spam.mbox" win
mbox "$tmp/ham.mbox" tea

# ---- Files ----

runs 0 prepare -o "$tmp/p" --data "$tmp/data.tsv" -m "$tmp/base"
ok "prepare splits a TSV of three labels"
has 'read 165 104 51 10' && has 'train 114 72 35 7' &&
    has 'validation 16 10 5 1' && has 'test 32 20 10 2'
ok "it prints the texts of each label and part"
has 'under several labels: 2 left out' && has 'duplicates: 1 left out' &&
    has 'near-duplicates: 1 kept in one part; 0 of them'
ok "it prints what it left out"
has 'train tokens' && has 'test in train: 0 the same, 0 more nearly' && has 'class weight 0.5'
ok "it prints lengths, leaks and weights"
head -n 1 "$tmp/p/train.csv" | grep -qx 'Label,Text' && grep -q '^eggs,"fried, "".*"""$' "$tmp/p/train.csv" &&
    [ "$(cat "$tmp/p"/*.csv | wc -l)" -eq 165 ]
ok "the files are CSV, and have every text once"
[ -z "$(cut -d, -f2- "$tmp/p"/*.csv | grep -v '^Text$' | sort | uniq -d)" ] &&
    [ "$(grep -l 'one two' "$tmp/p"/*.csv | wc -l)" -eq 1 ]
ok "no text is in two parts, and near copies are in one"

runs 1 prepare -o "$tmp/p" --data "$tmp/data.tsv" && one_line && grep -q 'train.csv: is there' "$tmp/err"
ok "files that are there are not replaced"
cp -r "$tmp/p" "$tmp/before"
runs 0 prepare --force -o "$tmp/p" --data "$tmp/data.tsv" && diff -r "$tmp/p" "$tmp/before" >/dev/null
ok "--force replaces them, and the same seed gives the same files"
runs 0 prepare --force -o "$tmp/p" --data "$tmp/data.tsv" --seed 5 && ! diff -r "$tmp/p" "$tmp/before" >/dev/null
ok "another seed gives others"
[ -z "$(find "$tmp/p" -name '*.tmp.*')" ]
ok "no temporary file stays"

runs 0 prepare -o "$tmp/j" --data "$tmp/data.tsv" --format jsonl --ids --numbers --json --balance \
    --near-duplicates remove --ratio 1,0,1 &&
    lines "$tmp/out" 1 && grep -q '^{"v":1,"read":{"ham":104,"spam":51,"eggs":10}' "$tmp/out"
ok "--json prints one object"
grep -q '"near_duplicates":1,' "$tmp/out" && grep -q '"over_limit":131,' "$tmp/out" &&
    grep -q '"train":{"texts":15,"labels":{"ham":5,"spam":5,"eggs":5}' "$tmp/out"
ok "it has the counts of a balanced split"
lines "$tmp/j/train.jsonl" 15 && lines "$tmp/j/validation.jsonl" 0 &&
    ! grep -qv '^{"id":"[0-9]*","label":"[012]","text":".*"}$' "$tmp/j/test.jsonl"
ok "--format jsonl, --ids and --numbers write what they say"
runs 0 prepare -o "$tmp/k" --data "$tmp/j/train.jsonl" --duplicates keep --max-per-class 2 && has 'read 15 5 5 5' &&
    has 'over the number of their label: 9 left out'
ok "prepare reads its JSON lines"

# ---- Mail ----

runs 0 prepare -o "$tmp/t" --ids --split-by time --spam "$tmp/spam.mbox" --ham "$tmp/ham.mbox"
ok "prepare splits mail by time"
grep -q '/19$' "$tmp/t/test.csv" && grep -q '/0$' "$tmp/t/train.csv" && ! grep -q '/1[6-9]$' "$tmp/t/train.csv" &&
    ! grep -q '/[0-9]$' "$tmp/t/test.csv" && head -n 2 "$tmp/t/train.csv" | grep -q '^spam,"Subject: win$'
ok "the oldest mail trains, the youngest tests"
runs 0 prepare -o "$tmp/s" --ids --split-by sender --spam "$tmp/spam.mbox" --ham "$tmp/ham.mbox" &&
    [ "$(grep -lE '(spam|ham)/7$' "$tmp/s"/*.csv | wc -l)" -eq 1 ]
ok "mail from one domain stays together"
runs 1 prepare -o "$tmp/none" --split-by thread --data "$tmp/data.tsv" && one_line
ok "texts cannot be split by thread"
[ ! -e "$tmp/none" ]
ok "and nothing is written"

# ---- Checking ----

runs 0 prepare --check "$tmp/t/train.csv" "$tmp/t/validation.csv" "$tmp/t/test.csv" &&
    has 'test in train: 0 the same, 0 more nearly' && has 'validation in train: 0 the same'
ok "--check finds no leak in prepared files"
printf 'Label,Text\nham,"CUP OF TEA, wqq?"\nham,new\n' >"$tmp/leak.csv"
printf 'Label,Text\nham,cup of tea wqq\n' >"$tmp/seen.csv"
runs 0 prepare --check --json "$tmp/seen.csv" "$tmp/leak.csv" &&
    grep -qF '"leaks":[{"part":"test","in":"train","same":1,"near":1,"id":"0","other":"0"}]' "$tmp/out"
ok "--check finds one in others"
runs 1 prepare --check --data "$tmp/data.tsv" && one_line
ok "--check of one part fails"

# ---- The book ----

printf 'ham\ta\nspam\t"b\nham\tc"\nham\td\n' >"$tmp/sms"
runs 0 prepare -o "$tmp/book" --book "$tmp/sms" && has 'read 3 2 1' && lines "$tmp/book/test.csv" 2 &&
    ! grep -q '^ham,' "$tmp/book/train.csv"
ok "--book balances and writes numbers"
shared="${BOLTER_SHARED:-$top_srcdir/../shared}/corpora/sms-spam-collection"
if [ -r "$shared/raschka-split/train.csv" ]; then
    runs 0 prepare -o "$tmp/raschka" --book "$shared/SMSSpamCollection" -m "$tmp/base" &&
        diff -r "$tmp/raschka" "$shared/raschka-split" >/dev/null
    ok "--book makes the book's files, byte for byte"
else
    n=$((n + 1))
    echo "ok $n - --book makes the book's files, byte for byte # SKIP no shared reference data"
fi

# ---- What reads the files ----

runs 0 prepare -o "$tmp/two" --spam "$tmp/spam.mbox" --ham "$tmp/ham.mbox" &&
    runs 0 finetune -m "$tmp/base" -o "$tmp/model" --train "$tmp/two/train.csv" --validation \
        "$tmp/two/validation.csv" -e 2 -b 8 --lr 0.01 -j 1 --max-tokens 24
ok "finetune reads them"
runs 0 evaluate -m "$tmp/model" --test "$tmp/two/test.csv" && grep -q '^8 messages' "$tmp/out"
ok "evaluate reads them"
runs 0 predict -m "$tmp/class" --train "$tmp/two/train.csv" --test "$tmp/two/test.csv" && lines "$tmp/out" 36
ok "predict of all parts has the training part too"
runs 0 predict -m "$tmp/class" --kind mboxcl2 --spam "$tmp/spam.mbox" --kind mboxo --ham "$tmp/ham.mbox" &&
    lines "$tmp/out" 40
ok "--kind says what the corpora after it are"

# ---- Wrong usage and failures ----

# usage NAME ARGUMENT...: exits 2 and complains.
usage()
{
    name=$1
    shift
    runs 2 prepare "$@" && [ -s "$tmp/err" ] && [ ! -s "$tmp/out" ]
    ok "$name is wrong usage"
}
usage "no place" --data "$tmp/data.tsv"
usage "no corpus" -o "$tmp/x"
usage "a corpus besides the book" -o "$tmp/x" --book "$tmp/sms" --data "$tmp/data.tsv"
usage "a place for a check" -o "$tmp/x" --check "$tmp/seen.csv" "$tmp/leak.csv"
usage "a check of one file" --check "$tmp/seen.csv"
usage "a file without an option" -o "$tmp/x" --data "$tmp/data.tsv" more
usage "a ratio of two" -o "$tmp/x" --data "$tmp/data.tsv" --ratio 80,20
usage "a ratio of nothing" -o "$tmp/x" --data "$tmp/data.tsv" --ratio 0,0,0
usage "a ratio below nothing" -o "$tmp/x" --data "$tmp/data.tsv" --ratio 2,-1,0
usage "an unknown split" -o "$tmp/x" --data "$tmp/data.tsv" --split-by luck
usage "an unknown format" -o "$tmp/x" --data "$tmp/data.tsv" --format xml
usage "an unknown way with copies" -o "$tmp/x" --data "$tmp/data.tsv" --near-duplicates burn

runs 1 prepare -o "$tmp/x" --data "$tmp/nothing.tsv" && one_line && grep -q nothing.tsv "$tmp/err"
ok "a corpus that is not there fails"
runs 1 prepare -o "$tmp/no/such" --data "$tmp/data.tsv" && one_line && grep -q no/such "$tmp/err"
ok "a place that cannot be fails"
runs 1 prepare -o "$tmp/x" --kind pdf --data "$tmp/data.tsv" && one_line && grep -q mboxcl2 "$tmp/err"
ok "an unknown kind fails"
[ ! -e "$tmp/x" ]
ok "after a failure nothing is there"
"$train" prepare -o "$tmp/full" --data "$tmp/data.tsv" >/dev/full 2>"$tmp/err"
[ $? -eq 1 ] && one_line
ok "prepare on a full disk fails"

echo "1..$n"
exit $failures
