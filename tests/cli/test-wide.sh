#!/bin/sh
# test-wide.sh - a wide part from corpora to verdicts, on a network of a few thousand parameters.
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model base || exit 99
tiny-model class head || exit 99

# mbox FILE SENDER WORD
mbox()
{
    i=0
    while [ $i -lt 60 ]; do
        printf 'From a@example.org Mon Jan  1 00:00:00 2024\nReceived: by mx; x\nFrom: %s%d@%s\n' a $i "$2"
        printf 'Subject: hello %d\n\n%s %d\n\n' $i "$3" $i
        i=$((i + 1))
    done >"$1"
}
mbox spam.mbox offers.example cash
mbox ham.mbox friends.example tea

has()
{
    grep -q -- "$1" "$2" || { echo "no \"$1\" in $2:"; cat "$2"; return 1; }
}

wide()
{
    bolter-train wide -m class -o widened --spam spam.mbox --ham ham.mbox -j 1 2>err && has '^wide .*100.00 %' err
}
ok "wide trains a wide part that knows the senders" wide
ok "the new directory has it" test -s widened/wide.safetensors
ok "its card describes it" has '^## The wide part' widened/MODEL.md
ok "the old directory is as it was" test ! -e class/wide.safetensors

again()
{
    cp -R widened twice && bolter-train wide -m twice --spam spam.mbox --ham ham.mbox -j 1 &&
        cmp widened/wide.safetensors twice/wide.safetensors &&
        cmp widened/bolter.json twice/bolter.json && [ "$(grep -c '^## The wide' twice/MODEL.md)" = 1 ]
}
ok "a second time it replaces the first, with the same bytes" again

parts()
{
    bolter-train evaluate -m widened --parts --spam spam.mbox --ham ham.mbox -j 1 --boot 0 >out &&
        has '^network .*accuracy' out && has '^wide .*accuracy 100.00' out && has '^both ' out
}
ok "evaluate measures the parts one by one" parts
ok "--parts of a model without a wide part fails" exits 1 \
    bolter-train evaluate -m class --parts --spam spam.mbox --ham ham.mbox
ok "--parts of a file of scores is wrong usage" exits 2 \
    bolter-train evaluate --parts --predictions out

# score MODEL OPTION...: of all mail, in one line.
score()
{
    model=$1
    shift
    bolter-train predict -m "$model" --spam spam.mbox --ham ham.mbox -j 1 "$@"
}
without()
{
    score widened --no-wide >a && score class >b && cmp a b && score widened >c && ! cmp -s a c
}
ok "predict --no-wide is the network alone" without

same_verdict()
{
    printf 'Received: by mx; x\nFrom: a7@offers.example\nSubject: hello 7\n\ncash 7\n' >one.eml
    want=$(score widened --precision auto | awk '$1 ~ /^spam.*7$/ { printf "%.6f\n", $3; exit }')
    got=$(bolter -m widened -t one.eml | awk '{ print $2 }')
    [ "$want" = "$got" ] || { echo "predict $want, bolter $got"; return 1; }
}
ok "bolter gives a message the score that predict gives it" same_verdict

finetune()
{
    bolter-train finetune -m base -o tuned --wide --spam spam.mbox --ham ham.mbox -e 1 -b 8 -j 1 \
        --max-tokens 24 2>err && test -s tuned/wide.safetensors && has '^both ' err
}
ok "finetune --wide trains both" finetune
inspect()
{
    bolter-train inspect model -m widened >out && has '^wide part .*wide' out &&
        bolter-train inspect traits -m widened one.eml >out && has '^from:offers.example$' out
}
ok "inspect shows the wide part, and the traits of a message" inspect
ok "wide without corpora is wrong usage" exits 2 bolter-train wide -m class
ok "wide with ham alone fails" exits 1 bolter-train wide -m class --ham ham.mbox
finish
