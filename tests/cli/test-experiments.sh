#!/bin/sh
# test-experiments.sh - bolter-train experiments: the rows, their table, and a run that goes on, on a
# network of a few thousand parameters. BOLTER_LONG_TESTS=1 also times GPT-2 355M.
# shellcheck disable=SC2086 # words that are several
. "${top_srcdir:?}/tests/cli/trainer.sh"
TMPDIR=$scratch
export TMPDIR
tiny-model base || exit 99
base="-m base -j 1"

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
mkdir data
part 1 50 >data/train.csv
part 51 60 >data/validation.csv
part 61 80 >data/test.csv

# started: the rows and seeds that were run, not taken over.
started()
{
    sed -n 's/^row \([0-9]*\), seed \([0-9]*\): .*/\1:\2/p' err | tr '\n' ' '
}

# ---- The rows ----

runs 0 experiments $base --prepared data --lr 0.01 --rows 1-5,10,11,13-19,more --csv
ok "all rows of the base's size run"
[ "$(started)" = "1:123 2:123 3:123 4:123 5:123 10:123 11:123 13:123 14:123 15:123 16:123 17:123 18:123 19:123 20:123 21:123 22:123 " ]
ok "each tells on standard error what it came to"
awk -F , 'NR == 1 { columns = NF } NF != columns || NR > 1 && $11 != "trained" { bad = 1 }
          END { exit bad || NR != 18 || columns != 26 }' out
ok "the CSV has a line a row and as many fields in each"
# value ROW COLUMN
value()
{
    awk -F , -v row="$1" -v column="$2" '$1 == row { print $column }' out
}
[ "$(value 5 16)" = 100.00 ] && [ "$(value 5 25)" = 96.67 ] && [ "$(value 4 26)" = 0.33 ] && [ -z "$(value 20 25)" ]
ok "what was reached stands beside the book's figures"
[ "$(value 1 16)" = "$(value 18 16)" ] && [ "$(value 1 12)" = "$(value 18 12)" ]
ok "an ignored label that no text has changes nothing"
[ "$(value 3 21)" -lt "$(value 1 21)" ] && [ "$(value 5 21)" = "$(value 10 21)" ] && [ "$(value 1 21)" -lt "$(value 5 21)" ]
ok "rows train more or fewer parameters"
[ "$(value 13 6)" = 32 ] && [ "$(value 1 6)" -lt 32 ] && [ "$(value 14 6)" = "no padding" ] && [ "$(value 10 3)" = random ]
ok "the table says how long texts are and where weights came from"

runs 0 experiments $base --prepared data --lr 0.01 --rows 5 --seeds 1-3 --csv &&
    [ "$(value 5 8)" = 3 ] && [ -n "$(value 5 17)" ] &&
    awk -F , '$1 == 5 { exit !($18 <= $16 && $16 <= $19) }' out
ok "several seeds give a mean, a deviation and an interval around it"
runs 0 experiments $base --prepared data --rows 1,3 --json -e 1 && [ "$(wc -l <out)" -eq 2 ] &&
    grep -q '^{"v":1,"row":3,.*"book":\[78.65,79.87,72.0,0.25\]}$' out
ok "--json prints a line a row"
runs 0 experiments $base --train data/train.csv --validation data/validation.csv \
    --test data/test.csv --rows 3 -e 1 --lr 0.02 &&
    grep -q '1 epochs, learning rate 0.02; seeds 123' out &&
    awk -F '|' '/^\|/ && NF != 19 { bad = 1 } END { exit bad }' out &&
    grep -q '^| 3 | .* | 72.00 | 0.25 |$' out
ok "Markdown names the settings and has as many cells in each line"

# ---- Larger models ----

runs 0 experiments $base --prepared data --rows 9 -j 256 &&
    grep -q '^| 9 | 1558M | random .* needs [0-9.]* GiB, ' out
ok "a row without room in memory is left out, with the reason"
runs 0 experiments $base --prepared data --rows 7,12 -e 1 --model-774m base --model-1558m base --csv &&
    [ "$(value 7 11)$(value 12 11)" = trainedtrained ] && [ "$(value 7 3)" = pretrained ]
ok "a larger model that is given is trained"

part 1 2 | tee few.csv >/dev/null
few="--train few.csv --validation few.csv --test few.csv"
runs 0 experiments $base $few --rows 10 --random-124m -e 0.1 --csv &&
    [ "$(value 10 2)" = 124M ] && [ "$(value 10 21)" -gt 85054464 ]
ok "row 10 trains random weights in the shape of GPT-2 124M"
if [ -n "${BOLTER_LONG_TESTS:-}" ]; then
        runs 0 experiments $base $few --rows 6 --seeds 1,2 &&
        [ "$(grep -c '^row 6: timed, about' err)" -eq 1 ] &&
        grep -q '^| 6 | 355M | random | .* | timed | | about [0-9.]*\* | [0-9]* | [0-9]* | 87.50 ' out &&
        tail -n 1 out | grep -q Extrapolated
    ok "a larger model that is not given is timed, once"
fi

# ---- Going on ----

keep="-o kept --lr 0.01 -e 1"
again()
{
    runs 0 experiments $base --prepared data $keep --rows 1,3 --seeds 1,2 "$@"
}
again && [ "$(started)" = "1:1 1:2 3:1 3:2 " ] && [ "$(wc -l <kept/rows.jsonl)" -eq 4 ] &&
    cmp -s out kept/experiments.md && [ "$(wc -l <kept/experiments.csv)" -eq 3 ]
ok "-o keeps every trial and the table"
cp out first
again && [ -z "$(started)" ] && cmp -s out first
ok "a rerun takes over what is finished and prints the same"
again --seeds 2,3 && [ "$(started)" = "1:3 3:3 " ]
ok "another seed is run, and only that"
again -e 2 && [ "$(started)" = "1:1 1:2 3:1 3:2 " ]
ok "other options are run anew"
head -n 3 kept/rows.jsonl >lines && sed -n 4p kept/rows.jsonl | cut -c 1-40 | tr -d '\n' >>lines &&
    cp lines kept/rows.jsonl && again && [ "$(started)" = "3:2 " ] && [ "$(wc -l <kept/rows.jsonl)" -eq 4 ]
ok "a trial whose line was cut off is run again"

: >kept/said
bolter-train experiments $base --prepared data $keep --rows 1 --seeds 3-64 -e 50 >first 2>kept/said &
pid=$!
until grep -q '^row 1, seed 3' kept/said || ! kill -0 $pid; do
    sleep 0.02
done
kill -STOP $pid
runs 1 experiments $base --prepared data $keep --rows 1 &&
    complains "kept/rows.jsonl: process $pid is at work there"
ok "two runs into one directory are refused"
kill -KILL $pid
wait $pid 2>/dev/null
again && [ ! -e kept/rows.jsonl.lock ]
ok "a run that was killed leaves no lock that holds"

# ---- What is wrong ----

for rows in 0 23 1-23 5-3 '1,' x '1,,2' 'more,' ''; do
    fails_with 2 "--rows '$rows'" 'expected rows of 1-22' experiments $base --prepared data --rows "$rows"
done
for seeds in 1,1 1-65 2-1 -1 '1,' ''; do
    fails_with 2 "--seeds '$seeds'" 'different seeds' experiments $base --prepared data --seeds="$seeds"
done
fails_with 2 "no corpus" 'and corpora' experiments $base --rows 1
fails_with 2 "an operand" 'and corpora' experiments $base --prepared data here
fails_with 2 "two kinds of table" 'one of' experiments $base --prepared data --csv --json
fails_with 1 "a directory that is not there" 'train.csv' experiments $base --prepared none
fails_with 1 "no test part" 'nothing to test on' experiments $base --train data/train.csv \
    --validation data/validation.csv
echo nonsense >kept/rows.jsonl
fails_with 1 "a record that is none" 'rows.jsonl:1: no JSON object' \
    experiments $base --prepared data -o kept --rows 1
fails_with 1 "a directory that cannot be made" 'no/such' experiments $base --prepared data -o no/such --rows 1

[ -z "$(find . -name 'bolter-shape-*')" ]
ok "no model of another shape is left behind"

finish
