#!/bin/sh
# test-experiments.sh - bolter-train experiments: the rows, their table, and a run that goes on, on a
# network of a few thousand parameters. BOLTER_LONG_TESTS=1 also times GPT-2 355M.
# shellcheck disable=SC2154 # make sets the directories
set -u
LC_ALL=C
export LC_ALL

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp
export TMPDIR
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

# runs STATUS ARGUMENT...: bolter-train experiments ends with this status.
runs()
{
    want=$1
    shift
    "$train" experiments -m "$tmp/base" -j 1 "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

# part FIRST LAST: as many texts, half of them spam.
part()
{
    echo 'Label,Text'
    i=$1
    while [ "$i" -le "$2" ]; do
        echo "0,cup of tea $i"
        echo "1,win cash $i"
        i=$((i + 1))
    done
}
mkdir "$tmp/data"
part 1 50 >"$tmp/data/train.csv"
part 51 60 >"$tmp/data/validation.csv"
part 61 80 >"$tmp/data/test.csv"

# started: the rows and seeds that were run, not taken over.
started()
{
    sed -n 's/^row \([0-9]*\), seed \([0-9]*\): .*/\1:\2/p' "$tmp/err" | tr '\n' ' '
}

# ---- The rows ----

runs 0 --prepared "$tmp/data" --lr 0.01 --rows 1-5,10,11,13-19,more --csv
ok "all rows of the base's size run"
[ "$(started)" = "1:123 2:123 3:123 4:123 5:123 10:123 11:123 13:123 14:123 15:123 16:123 17:123 18:123 19:123 20:123 21:123 22:123 " ]
ok "each tells on standard error what it came to"
awk -F , 'NR == 1 { columns = NF } NF != columns || NR > 1 && $11 != "trained" { bad = 1 }
          END { exit bad || NR != 18 || columns != 26 }' "$tmp/out"
ok "the CSV has a line a row and as many fields in each"
# value ROW COLUMN
value()
{
    awk -F , -v row="$1" -v column="$2" '$1 == row { print $column }' "$tmp/out"
}
[ "$(value 5 16)" = 100.00 ] && [ "$(value 5 25)" = 96.67 ] && [ "$(value 4 26)" = 0.33 ] && [ -z "$(value 20 25)" ]
ok "what was reached stands beside the book's figures"
[ "$(value 1 16)" = "$(value 18 16)" ] && [ "$(value 1 12)" = "$(value 18 12)" ]
ok "an ignored label that no text has changes nothing"
[ "$(value 3 21)" -lt "$(value 1 21)" ] && [ "$(value 5 21)" = "$(value 10 21)" ] && [ "$(value 1 21)" -lt "$(value 5 21)" ]
ok "rows train more or fewer parameters"
[ "$(value 13 6)" = 32 ] && [ "$(value 1 6)" -lt 32 ] && [ "$(value 14 6)" = "no padding" ] && [ "$(value 10 3)" = random ]
ok "the table says how long texts are and where weights came from"

runs 0 --prepared "$tmp/data" --lr 0.01 --rows 5 --seeds 1-3 --csv && [ "$(value 5 8)" = 3 ] && [ -n "$(value 5 17)" ] &&
    awk -F , '$1 == 5 { exit !($18 <= $16 && $16 <= $19) }' "$tmp/out"
ok "several seeds give a mean, a deviation and an interval around it"
runs 0 --prepared "$tmp/data" --rows 1,3 --json -e 1 && [ "$(wc -l <"$tmp/out")" -eq 2 ] &&
    grep -q '^{"v":1,"row":3,.*"book":\[78.65,79.87,72.0,0.25\]}$' "$tmp/out"
ok "--json prints a line a row"
runs 0 --train "$tmp/data/train.csv" --validation "$tmp/data/validation.csv" --test "$tmp/data/test.csv" --rows 3 -e 1 --lr 0.02 &&
    grep -q '1 epochs, learning rate 0.02; seeds 123' "$tmp/out" &&
    awk -F '|' '/^\|/ && NF != 19 { bad = 1 } END { exit bad }' "$tmp/out" && grep -q '^| 3 | .* | 72.00 | 0.25 |$' "$tmp/out"
ok "Markdown names the settings and has as many cells in each line"

# ---- Larger models ----

runs 0 --prepared "$tmp/data" --rows 9 -j 256 && grep -q '^| 9 | 1558M | random .* needs [0-9.]* GiB, ' "$tmp/out"
ok "a row without room in memory is left out, with the reason"
runs 0 --prepared "$tmp/data" --rows 7,12 -e 1 --model-774m "$tmp/base" --model-1558m "$tmp/base" --csv &&
    [ "$(value 7 11)$(value 12 11)" = trainedtrained ] && [ "$(value 7 3)" = pretrained ]
ok "a larger model that is given is trained"

part 1 2 | tee "$tmp/few.csv" >/dev/null
few="--train $tmp/few.csv --validation $tmp/few.csv --test $tmp/few.csv"
# shellcheck disable=SC2086 # several words
runs 0 $few --rows 10 --random-124m -e 0.1 --csv && [ "$(value 10 2)" = 124M ] && [ "$(value 10 21)" -gt 85054464 ]
ok "row 10 trains random weights in the shape of GPT-2 124M"
if [ -n "${BOLTER_LONG_TESTS:-}" ]; then
    # shellcheck disable=SC2086 # several words
    runs 0 $few --rows 6 --seeds 1,2 && [ "$(grep -c '^row 6: timed, about' "$tmp/err")" -eq 1 ] &&
        grep -q '^| 6 | 355M | random | .* | timed | | about [0-9.]*\* | [0-9]* | [0-9]* | 87.50 ' "$tmp/out" &&
        tail -n 1 "$tmp/out" | grep -q Extrapolated
    ok "a larger model that is not given is timed, once"
fi

# ---- Going on ----

keep="-o $tmp/kept --lr 0.01 -e 1"
# shellcheck disable=SC2086 # several words
again()
{
    runs 0 --prepared "$tmp/data" $keep --rows 1,3 --seeds 1,2 "$@"
}
again && [ "$(started)" = "1:1 1:2 3:1 3:2 " ] && [ "$(wc -l <"$tmp/kept/rows.jsonl")" -eq 4 ] &&
    cmp -s "$tmp/out" "$tmp/kept/experiments.md" && [ "$(wc -l <"$tmp/kept/experiments.csv")" -eq 3 ]
ok "-o keeps every trial and the table"
cp "$tmp/out" "$tmp/first"
again && [ -z "$(started)" ] && cmp -s "$tmp/out" "$tmp/first"
ok "a rerun takes over what is finished and prints the same"
again --seeds 2,3 && [ "$(started)" = "1:3 3:3 " ]
ok "another seed is run, and only that"
again -e 2 && [ "$(started)" = "1:1 1:2 3:1 3:2 " ]
ok "other options are run anew"
head -n 3 "$tmp/kept/rows.jsonl" >"$tmp/lines" && sed -n 4p "$tmp/kept/rows.jsonl" | cut -c 1-40 | tr -d '\n' >>"$tmp/lines" &&
    cp "$tmp/lines" "$tmp/kept/rows.jsonl" && again && [ "$(started)" = "3:2 " ] && [ "$(wc -l <"$tmp/kept/rows.jsonl")" -eq 4 ]
ok "a trial whose line was cut off is run again"

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
for rows in 0 23 1-23 5-3 '1,' x '1,,2' 'more,' ''; do
    fails 2 "--rows '$rows'" 'expected rows of 1-22' --prepared "$tmp/data" --rows "$rows"
done
for seeds in 1,1 1-65 2-1 -1 '1,' ''; do
    fails 2 "--seeds '$seeds'" 'different seeds' --prepared "$tmp/data" --seeds="$seeds"
done
fails 2 "no corpus" 'and corpora' --rows 1
fails 2 "an operand" 'and corpora' --prepared "$tmp/data" here
fails 2 "two kinds of table" 'one of' --prepared "$tmp/data" --csv --json
fails 1 "a directory that is not there" 'train.csv' --prepared "$tmp/none"
fails 1 "no test part" 'nothing to test on' --train "$tmp/data/train.csv" --validation "$tmp/data/validation.csv"
echo nonsense >"$tmp/kept/rows.jsonl"
fails 1 "a record that is none" 'rows.jsonl:1: no JSON object' --prepared "$tmp/data" -o "$tmp/kept" --rows 1
fails 1 "a directory that cannot be made" 'no/such' --prepared "$tmp/data" -o "$tmp/no/such" --rows 1

[ -z "$(find "$tmp" -name 'bolter-shape-*')" ]
ok "no model of another shape is left behind"

echo "1..$n"
exit $failures
