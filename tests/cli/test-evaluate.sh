#!/bin/sh
# test-evaluate.sh - bolter-train evaluate: files of scores, comparison, plots, and the threshold that
# keeps a promise.
. "${top_srcdir:?}/tests/cli/trainer.sh"

# json NAME: the first field of this name that was printed, as it stands there.
json()
{
    grep -oE "\"$1\":(\\[[^]]*\\]|[^],}]*)" out | head -n 1 | cut -d : -f 2-
}

# ---- Files of scores ----

# 4 spam and 6 ham; at 0.5 one of each is wrong.
cat >small <<'EOF'
# a comment, and an empty line

s1	spam	0.99
s2	1	0.9
s3	spam	0.7
s4	spam	0.2
h1	ham	0.8
h2	0	0.4
h3	ham	0.1
h4	ham	0.05
h5	ham	0.01
h6	ham	0
EOF
runs 0 evaluate --predictions small --json --boot 100
ok "a file of scores is measured"
[ "$(json n)" = 10 ] && [ "$(json tp)" = 3 ] && [ "$(json fp)" = 1 ] && [ "$(json tn)" = 5 ] &&
    json accuracy | grep -q '^\[0.8,' && json f1 | grep -q '^\[0.75,' &&
    json auc | grep -q '^\[0.875,' && json recall_fpr_1 | grep -q '^\[0.5,'
ok "its figures are those worked out by hand"
# 1 of 6 ham, 8 of 10 messages, 3 of 4 that are called spam: exact intervals.
json fpr | grep -q '^\[0.16666666[67]*,0.0042107[0-9]*,0.6412345[0-9]*\]'
ok "the false positive rate has an exact interval"
json accuracy | grep -q '^\[0.8,0.4439045[0-9]*,0.9747892[0-9]*\]' &&
    json precision | grep -q '^\[0.75,0.1941204[0-9]*,0.9936905[0-9]*\]'
ok "so have accuracy and precision"
runs 0 evaluate --predictions small && grep -q '^10 messages, 4 spam, 6 ham; spam from 0.5 on' out &&
    grep -q '^(1-ROCA)% *12.500 %' out
ok "the table has them too"
runs 0 evaluate --predictions small -t 0.95 --json && [ "$(json tp)" = 1 ] && [ "$(json fp)" = 0 ]
ok "--threshold decides"
awk 'BEGIN { for (i = 0; i < 20; i++) print i "\t" (i % 2 ? "spam\t0.9" : "ham\t0.1") }' >right
runs 0 evaluate --predictions right && grep -q '^accuracy  *100.000 %  \[83.157, 100.000\]' out &&
    grep -q '^precision  *100.000 %  \[69.150, 100.000\]' out &&
    grep -q '^recall at FPR <= 1 %  *100.000 %  \[69.150, 100.000\]' out &&
    grep -q '^F1  *100.000 %  \[-, -\]' out && grep -q '^ROC AUC  *100.000 %  \[-, -\]' out
ok "20 messages without an error do not prove that there are none"
runs 0 evaluate --predictions right --json && [ "$(json auc)" = '[1.0,null,null]' ]
ok "an interval that is not there is null"
runs 0 evaluate --predictions right -t 0.95 && grep -q '^precision  *- %  \[-, -\]' out &&
    runs 0 evaluate --predictions right -t 0.95 --json && [ "$(json precision)" = '[null,null,null]' ]
ok "nothing called spam has no precision"
awk -F'\t' 'NF == 3 { print $1 "\t" $2 "\t" 20 * $3 - 5 }' small >points
runs 0 evaluate --predictions points -t 5 --json && json auc | grep -q '^\[0.875,' && [ "$(json tp)" = 3 ] &&
    [ "$(json loss)" = '[null,null,null]' ] && [ "$(json ece)" = null ]
ok "scores of another scale have all but losses"

number=0
while read -r line; do
    number=$((number + 1))
    printf "s1\tspam\t1\n$line\n" >bad
    fails "the line \"$line\"" 'bad:2:' evaluate --predictions bad
done <<'EOF'
s1\\tspam
s1\\tspam\\t1\\t2
s1\\teggs\\t1
s1\\tspam\\tnan
s1\\tspam\\tinf
s1\\tspam\\t1x
s1\\tspam\\t
EOF
printf '\0\tspam\t1\n' >bad
fails "a line that is no text" 'bad:1:' evaluate --predictions bad
: >empty
fails "an empty file" empty evaluate --predictions empty
fails "a file that is not there" nothing evaluate --predictions nothing

python=/usr/bin/python3
shared=${BOLTER_SHARED:-$top_srcdir/../shared}
reference=$shared/tools/accuracy/metrics.py
if ! [ -e "$reference" ] || ! $python -c 'import numpy' 2>err; then
    skip "the figures are those of the NumPy program" "needs it, with NumPy"
else
    awk 'BEGIN { srand(7); for (i = 0; i < 3000; i++) { spam = rand() < 0.3
        score = int(200 * (rand() + rand() + spam * (rand() + 0.4)) / 2.6) / 200
        print i "\t" (spam ? "spam" : "ham") "\t" (score > 1 ? 1 : score) } }' >ties
    for file in small ties; do
        runs 0 evaluate --predictions $file --json --boot 1000
        "$python" "$reference" --format json --boot 1000 $file >want 2>>err &&
            "$python" - out want <<'EOF' >>err 2>&1
import json, sys
got, want = (json.load(open(f)) for f in sys.argv[1:])
names = dict(acc="accuracy", bacc="balanced_accuracy", f1="f1", rec="recall", fpr="fpr",
             r01="recall_fpr_01", r1="recall_fpr_1", auc="auc")
bad = 0
for theirs, ours in names.items():
    a, b = got[ours], want[theirs]
    if abs(a[0] - b[0]) > 1e-8:
        bad = 1
        print(ours, a, b)
    # A bootstrap has its own luck, and rates of errors have exact intervals here.
    if want["n"] > 1000 and max(abs(a[1] - b[1]), abs(a[2] - b[2])) > 0.012 and ours != "recall_fpr_01":
        bad = 1
        print(ours, a, b)
sys.exit(bad)
EOF
        ok "the figures of $file are those of the NumPy program"
    done
fi

# ---- Two filters ----

awk -F'\t' 'NF == 3 { print $1 "\t" $2 "\t" ($1 == "h1" ? 0.3 : $3) }' small | sort -r >better
runs 0 evaluate --predictions small --compare better --json &&
    grep -q '"difference":{"n":10,"accuracy":\[0.1,' out
ok "--compare prints the difference, whatever the order of the lines"
runs 0 evaluate --predictions small --compare small &&
    awk '/^Difference/ { on = 1 } on && /^accuracy/ { found = $2 == 0 && $3 == "[-," } END { exit !found }' out
ok "a filter does not differ from itself"
grep -v '^s4' better >fewer
runs 0 evaluate --predictions small --compare fewer --json && grep -q '"difference":{"n":9,' out
ok "messages of only one file are left out of the difference"
sed 's/^h6	ham/h6	spam/' better >other
fails "a message with two labels" '^bolter-train: h6:' evaluate --predictions small --compare other
cat better better >twice
fails "an id that comes twice" 'two scores' evaluate --predictions small --compare twice
sed 's/^/x/' better >strangers
fails "a file of other messages" 'in common' evaluate --predictions small --compare strangers

# ---- Plots ----

runs 0 evaluate --predictions small --compare better --plots plots
ok "--plots runs"
for plot in roc det reliability scores; do
    if command -v xmllint >/dev/null; then
        xmllint --noout plots/$plot.svg 2>err
    else
        grep -q '^</svg>' plots/$plot.svg
    fi
    ok "$plot.svg is drawn"
done
grep -q '>better<' plots/roc.svg && grep -q 'small from 0.5' plots/roc.svg
ok "the curves have the names of the files"
grep spam small >spam-only
runs 0 evaluate --predictions spam-only --plots plots2 && [ ! -e plots2/roc.svg ] && [ -s plots2/scores.svg ]
ok "without ham there is no curve"
fails "a directory that cannot be" /dev/null/x evaluate --predictions small --plots /dev/null/x

# ---- Thresholds ----

runs 0 evaluate --predictions small --threshold-table --cutoffs 0.5,0.95 --json &&
    grep -q '"threshold_table":\[{"threshold":0.5,"tp":3,"fp":1,' out &&
    grep -q '{"threshold":0.95,"tp":1,"fp":0,"recall":0.25,"fpr":0.0,"fpr_at_most":0.3930377' out
ok "--threshold-table has a row for each cut-off, with the bound of its false positive rate"
runs 0 evaluate --predictions small --max-fpr 10% && cp out first &&
    runs 0 evaluate --predictions small --max-fpr 0.1 && cmp -s out first
ok "10% is 0.1"
grep -q '6 ham cannot prove .* 10 % at 95 %: at least 29 are needed, 23 more' out
ok "too little ham says how much more it takes"
awk 'BEGIN { for (i = 0; i < 100; i++) print i "\tham\t" i / 100 }' >hundred
runs 0 evaluate --predictions hundred --max-fpr 5% --confidence 90% --json &&
    grep -q '"promise":{.*"proved":true,"ham":100,"needed":45,"allowed":1,' out &&
    grep -q '"threshold":0.98000[0-9]*}' out
ok "enough ham gives the threshold"
grep -q '"upper_bound":0.0383[0-9]*' out
ok "the bound is the exact one"

# ---- Into the model ----

tiny-model base && tiny-model three three || exit 99
texts 150 >data.tsv
bolter-train finetune -m base -o model --data data.tsv -e 3 -b 8 --lr 0.01 -j 1 --max-tokens 24 >out 2>err ||
    cat err
cp model/bolter.json old.json
fails "a promise that the ham does not prove" '150 ham cannot prove' evaluate -m model --part all \
    --data data.tsv --set-threshold
cmp -s model/bolter.json old.json
ok "the model keeps its threshold then"
runs 0 evaluate -m model --part all --data data.tsv --set-threshold --max-fpr 2% --json &&
    grep -q '"proved":true,"ham":150,"needed":149,"allowed":0' out
ok "--set-threshold sets what is proved"
grep -q '"threshold_proof": {' model/bolter.json && grep -q '"proved": true' model/bolter.json &&
    grep -q '"provenance": {' model/bolter.json && [ -s model/MODEL.md ]
ok "bolter.json records the proof and keeps the rest"
bolter-train inspect model -m model >out 2>err && grep -q '^promise .* 2 % of ham .*: proved by 150 ham' out
ok "inspect model tells of it"
bolter-train predict -m model --data data.tsv >scores &&
    threshold=$(sed -n 's/.*"spam_threshold": \([^,]*\),/\1/p' model/bolter.json) &&
    awk -F'\t' -v t="$threshold" '$2 == "ham" && $3 >= t { bad = 1 } END { exit bad || t < 0.5 }' scores
ok "no ham of the sample reaches the threshold"
runs 0 evaluate -m model --part all --data data.tsv --json --boot 0 && cp out direct &&
    runs 0 evaluate --predictions scores -t "$threshold" --json --boot 0 &&
    [ "$(json tp)" = "$(cp direct out; json tp)" ] &&
    cp direct out && auc=$(json auc) &&
    runs 0 evaluate --predictions scores --json --boot 0 && [ "$(json auc)" = "$auc" ]
ok "predict and evaluate --predictions give what evaluate gives"

# ---- Several labels ----

echo '{"v": 1, "labels": ["news", "offer", "private"], "max_tokens": 24}' >three/bolter.json
awk 'BEGIN { split("news offer private", name, " ")
    for (i = 0; i < 30; i++) print name[i % 3 + 1] "\ttext number " i }' >labels.tsv
runs 0 evaluate -m three --part all --data labels.tsv && grep -q '^30 texts, 3 labels' out &&
    grep -q '^macro F1' out && grep -q '^offer: 10 texts' out
ok "a model of three labels has a report of each"
runs 0 evaluate -m three --part all --data labels.tsv --json &&
    grep -q '"labels":{"accuracy":\[0[^]]*\],"macro_f1"' out &&
    [ "$(grep -o '"label":' out | wc -l)" -eq 3 ]
ok "and as JSON"
fails "a threshold without a label called spam" 'spam' evaluate -m three --part all \
    --data labels.tsv --max-fpr 1%

# ---- Usage ----

usage "a model and a file" evaluate -m model --predictions small
usage "a file with corpora" evaluate --predictions small --data data.tsv
usage "--set-threshold without a model" evaluate --predictions small --set-threshold
usage "a list that is none" evaluate --predictions small --cutoffs 0.5,x
usage "a share above 1" evaluate --predictions small --max-fpr 150%
usage "a share of something" evaluate --predictions small --max-fpr 1%%
usage "a confidence of a coin" evaluate --predictions small --confidence 40%

finish
