#!/bin/sh
# test-protocol.sh - bolter-train protocol: few-shot, cross and stream, on a network of a few thousand
# parameters.
# shellcheck disable=SC2086,SC2154 # $quick is several words; make sets the directories
set -u
LC_ALL=C
export LC_ALL

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$top_builddir/tiny-model" "$tmp/base" || exit 99
n=0
failures=0

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

quick="-j 1 --max-tokens 24 --lr 0.01 -b 8"

# runs STATUS ARGUMENT...: bolter-train protocol ends with this status.
runs()
{
    want=$1
    shift
    "$train" protocol "$@" -m "$tmp/base" $quick </dev/null >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

# One text in four is spam.
i=0
while [ $i -lt 100 ]; do
    printf 'ham\tcup of tea %d\nspam\twin cash %d\nham\tsee you at %d\nham\tno milk %d\n' $i $i $i $i
    i=$((i + 1))
done >"$tmp/data.tsv"
sed 's/cash/money/; s/tea/water/' "$tmp/data.tsv" >"$tmp/other.tsv"

# ---- few-shot ----

runs 0 few-shot --data "$tmp/data.tsv" --sizes 4,64 --seeds 3 &&
    awk '$1 == 4 { small = $2 } $1 == 64 { large = $2 } END { exit !(large > 0.9 && large >= small) }' "$tmp/out"
ok "few-shot prints the F1 of each size, and more texts do better"
runs 0 few-shot --train "$tmp/data.tsv" --test "$tmp/other.tsv" --sizes 3,16 --seeds 2 --json && [ "$(wc -l <"$tmp/out")" -eq 4 ] &&
    [ "$(grep -c '"texts":16,"seed":12[34],"spam_trained":4,' "$tmp/out")" -eq 2 ] &&
    [ "$(grep -c '"texts":3,"seed":12[34],"spam_trained":1,' "$tmp/out")" -eq 2 ]
ok "few-shot draws each label by its share"
sed 's/"seconds":.*//' "$tmp/out" >"$tmp/first"
runs 0 few-shot --train "$tmp/data.tsv" --test "$tmp/other.tsv" --sizes 3,16 --seeds 2 --json &&
    sed 's/"seconds":.*//' "$tmp/out" | cmp -s - "$tmp/first"
ok "the same seeds give the same figures"
runs 0 few-shot --data "$tmp/data.tsv" --sizes 4 --seeds 1 --max-test 20 && grep -q '^20 test texts' "$tmp/out"
ok "--max-test limits the test part"

# ---- cross ----

runs 0 cross --corpus data --data "$tmp/data.tsv" --corpus other --data "$tmp/other.tsv" &&
    [ "$(grep -c '^\(data\|other\) *\(data\|other\) ' "$tmp/out")" -eq 4 ] &&
    awk '$1 == $2 && $4 < 95 { bad = 1 } END { exit bad }' "$tmp/out"
ok "cross prints every pair, and each corpus does well on itself"
runs 0 cross --corpus 'a"b' --data "$tmp/data.tsv" --corpus c --data "$tmp/other.tsv" --json &&
    grep -q '"train":"a\\"b","test":"c","n":' "$tmp/out"
ok "cross prints JSON lines, whatever the names"

# ---- stream ----

runs 0 stream --data "$tmp/data.tsv" --every 100 --delay 30 -o "$tmp/scores" &&
    awk 'NF == 7 && ($1 == 0 && $3 != 0 || $1 == 100 && $3 != 70 || $1 == 300 && $3 != 270) { bad = 1 } END { exit bad }' "$tmp/out"
ok "stream trains on what is labelled by then"
[ "$(wc -l <"$tmp/scores")" -eq 400 ] && head -n 100 "$tmp/scores" | cut -f 3 | sort -u | grep -qx 0.5 &&
    [ "$(head -n 100 "$tmp/scores" | cut -f 3 | sort -u | wc -l)" -eq 1 ]
ok "before the first training every message scores 0.5"
accuracy=$(sed -n 's/^accuracy *\([0-9.]*\) .*/\1/p' "$tmp/out")
"$train" evaluate --predictions "$tmp/scores" >"$tmp/again" 2>"$tmp/err" &&
    grep -q "^accuracy *$accuracy " "$tmp/again"
ok "the file of its scores gives the same figures"
runs 0 stream --data "$tmp/data.tsv" --every 100 --warm 100 --window 50 --json &&
    grep -q '"from":100,"to":199,"trained":50,' "$tmp/out" && [ "$(wc -l <"$tmp/out")" -eq 4 ] &&
    tail -n 1 "$tmp/out" | grep -q '"n":300,'
ok "stream begins after --warm messages and trains on a --window"
seq 399 -1 200 >"$tmp/order"
runs 0 stream --data "$tmp/data.tsv" --every 100 --order "$tmp/order" -o "$tmp/scores" -e 1 &&
    cut -f 1 "$tmp/scores" | cmp -s - "$tmp/order"
ok "--order gives the order of arrival"
runs 0 stream --data "$tmp/data.tsv" --every 200 --shuffle -o "$tmp/scores" -e 1 &&
    ! cut -f 1 "$tmp/scores" | sort -c -n 2>"$tmp/err" &&
    [ "$(cut -f 1 "$tmp/scores" | sort -u | wc -l)" -eq 400 ]
ok "--shuffle gives another order of all"

# ---- What is wrong ----

# fails STATUS NAME WORD ARGUMENT...
fails()
{
    status=$1
    name=$2
    word=$3
    shift 3
    runs "$status" "$@" && [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q -- "$word" "$tmp/err"
    ok "$name fails with status $status"
}
fails 2 "no protocol" 'needs a name' --data "$tmp/data.tsv"
fails 2 "an unknown protocol" 'needs a name' dance --data "$tmp/data.tsv"
fails 2 "few-shot without a corpus" 'one corpus' few-shot
fails 2 "cross with one corpus" 'two corpora' cross --corpus a --data "$tmp/data.tsv"
fails 2 "cross without names" 'needs --corpus NAME' cross --data "$tmp/data.tsv"
fails 2 "a corpus without files" 'no files' stream --corpus a
fails 1 "a size that is none" '4,x' few-shot --data "$tmp/data.tsv" --sizes 4,x
fails 1 "a size of more than there is" 4000 few-shot --data "$tmp/data.tsv" --sizes 4000
fails 1 "nothing left to score" warm stream --data "$tmp/data.tsv" --warm 400
echo 400 >"$tmp/order"
fails 1 "an id that is not there" 'order:1: no message' stream --data "$tmp/data.tsv" --order "$tmp/order"
fails 1 "an id of two messages" 'two messages' stream --data "$tmp/data.tsv" --data "$tmp/other.tsv" \
    --order "$tmp/order"
fails 1 "a file that cannot be written" no/such stream --data "$tmp/data.tsv" --every 400 -o "$tmp/no/such"

echo "1..$n"
exit $failures
