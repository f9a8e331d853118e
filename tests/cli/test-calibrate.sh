#!/bin/sh
# test-calibrate.sh - windows and thresholds of a model that exists already, on a network of a few thousand
# parameters that reads 24 tokens at a time.
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model class head || exit 99

# Random weights, so the labels do not matter; short texts and some of a hundred letters.
awk 'BEGIN {
    state = 3
    for (i = 0; i < 60; i++) {
        text = ""
        for (k = 0; k < (i % 3 ? 12 : 100); k++) {
            state = state * 16807 % 2147483647
            text = text sprintf("%c", 65 + state % 26)
        }
        printf "%s\t%s\n", i % 2 ? "spam" : "ham", text
    }
}' >mail.tsv

calibrate()
{
    cp -R class wide && runs 0 calibrate -m wide --windows 3 --data mail.tsv -j 1 &&
        grep -q '"windows": *3' wide/bolter.json && grep -q '^windows  *3$' out
}
ok "calibrate sets the windows" calibrate
ok "the weights stay as they are" cmp class/model.safetensors wide/model.safetensors

card_is_told()
{
    printf '# A model\n\n## Origin\n\nHere.\n' >wide/MODEL.md
    for windows in 2 3; do
        runs 0 calibrate -m wide --windows $windows --data mail.tsv -j 1 || return 1
    done
    grep -q 'up to 3 windows' wide/MODEL.md && ! grep -q 'up to 2 windows' wide/MODEL.md &&
        [ "$(grep -c '^## ' wide/MODEL.md)" = 2 ] && head -n 5 wide/MODEL.md | grep -q '^Here\.$'
}
ok "a section of the card says so, once" card_is_told

in_windows()
{
    bolter-train predict -m wide --data mail.tsv -j 1 >a && bolter-train predict -m wide --windows 1 --data mail.tsv -j 1 >b &&
        bolter-train predict -m wide --windows 3 --data mail.tsv -j 1 >c && cmp a c &&
        [ "$(paste a b | awk '$3 != $6' | wc -l)" -ge 10 ] && [ "$(paste a b | awk '$3 == $6' | wc -l)" -ge 40 ]
}
ok "long texts have another score by it, and short ones the same" in_windows

promised()
{
    runs 0 calibrate -m wide --data mail.tsv --max-fpr 20% -j 1 --json && grep -q '"windows":3' out &&
        above=$(sed 's/.*"ham_above":\([0-9]*\).*/\1/' out) && [ "$above" -ge 1 ] && [ "$above" -le 6 ] &&
        runs 0 evaluate -m wide --part all --precision auto --data mail.tsv -j 1 --json &&
        grep -q "\"fp\":$above," out
}
ok "the threshold keeps the promise on the corpus, and the windows are kept" promised

bolter_reads()
{
    { echo; awk 'NR == 1 { print $2 }' mail.tsv; } >long.eml
    printf '\nABCDE\n' >short.eml
    bolter -m wide --json long.eml short.eml | sed 's/.*"windows":\([0-9]*\).*/\1/' >out
    [ "$(tr '\n' ' ' <out)" = "3 1 " ] || { cat out; return 1; }
}
ok "bolter says in how many windows it read a message" bolter_reads

shown()
{
    runs 0 inspect model -m wide && grep -q '^windows  *3' out &&
        runs 0 inspect tokens -m wide long.eml && grep -q '^# window 3 of 3$' out && grep -q 'read$' out
}
ok "inspect shows the windows" shown

one_again()
{
    runs 0 calibrate -m wide --windows 1 --data mail.tsv -j 1 && ! grep -q windows wide/bolter.json
}
ok "one window is as if nothing were said" one_again

cp -R class before
fails "a corpus without spam" 'expected spam and others' calibrate -m class --ham short.eml --windows 2
ok "the model is then as it was" cmp class/bolter.json before/bolter.json
usage "calibrate without corpora" calibrate -m class
usage "calibrate in 65 windows" calibrate -m class --windows 65 --data mail.tsv
finish
