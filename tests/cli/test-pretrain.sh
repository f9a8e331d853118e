#!/bin/sh
# test-pretrain.sh - bolter-train pretrain: texts become passages, runs go on to the same bits, and what
# it leaves is a language model.
# shellcheck disable=SC2086 # words that are several
wants_disk=yes
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model vocab || exit 99 # for its vocabulary
tiny-model poison poison || exit 99
tiny-model class head || exit 99

i=0
while [ $i -lt 40 ]; do
    echo "The hen $i then hears the other hen, and they go there."
    i=$((i + 1))
done >text.txt
echo "At noon?" >short.txt
quick="--vocab vocab --layers 1 --width 16 --heads 2 --context 24 -b 4 --lr 0.01"

# pretrain OUT OPTION...
pretrain()
{
    out=$1
    shift
    bolter-train pretrain $quick -o "$out" "$@" text.txt 2>said
}

learns()
{
    pretrain one -e 20 --eval-every 30 -j 1 --sample "The hen" --sample-tokens 9 || return 1
    awk -F, 'NR == 2 { first = $6 } END { exit !($1 > 0 && $6 < 0.6 * first) }' one/train.csv || return 1
    generated=$(bolter-train generate -m one -p "The hen" -n 9 2>log.2)
    grep -q "\"step\":0," one/train.jsonl &&
        same "$(wc -l <one/train.jsonl)" "$(wc -l <one/samples.jsonl)" &&
        tail -n 1 one/samples.jsonl | grep -qF "\"prompt\":\"The hen\",\"text\":\"$generated" &&
        test ! -e one.run && grep -q '"texts":' one/settings.json && test -s one/loss.svg
}

untied()
{
    bolter-train inspect -m "$1" model 2>/dev/null | grep -q "^output layer  a matrix of its own"
}

# An output layer of its own is learned, recorded, kept when the model goes on, in every format.
learns_untied()
{
    pretrain own -e 20 --eval-every 30 -j 1 --untied --init pytorch --sample "The hen" --sample-tokens 9 ||
        return 1
    awk -F, 'NR == 2 { first = $6 } END { exit !($1 > 0 && $6 < 0.6 * first) }' own/train.csv || return 1
    generated=$(bolter-train generate -m own -p "The hen" -n 9 2>log.2)
    tail -n 1 own/samples.jsonl | grep -qF "\"prompt\":\"The hen\",\"text\":\"$generated" &&
        grep -q '"untied": true' own/settings.json && grep -q '"init": "pytorch"' own/settings.json &&
        untied own && ! untied one &&
        bolter-train pretrain -m own -o own2 -b 4 --steps 2 --lr 0.001 text.txt 2>said && untied own2 &&
        awk -F, 'NR > 1 { exit !($6 < 2.5) }' own2/train.csv &&
        bolter-train export -m own2 -o own16 --dtype bfloat16 2>said && untied own16 &&
        bolter-train quantize -m own2 -o own8 2>said && untied own8 &&
        bolter-train generate -m own8 -p "The hen" -n 9 >log.1 2>&1
}

same_run_and_samples()
{
    same_run "$1" "$2" && cmp "$1/samples.jsonl" "$2/samples.jsonl"
}

long="-e 400 --eval-every 7 -j 1 --sample he --sample-tokens 5"

# stopped SIGNAL FILE OPTION...: a run of out gets the signal once FILE has begun; its exit status. On a
# busy machine a run can end before that, which is then tried again.
stopped()
{
    signal=$1
    file=$2
    shift 2
    tried=0
    status=0
    while [ $status -eq 0 ] && [ $tried -lt 10 ]; do
        rm -rf out out.run live
        bolter-train pretrain $quick -o out $long "$@" text.txt 2>said &
        pid=$!
        wait_for "$file"
        kill "-$signal" $pid 2>/dev/null
        wait $pid
        status=$?
        tried=$((tried + 1))
    done
    return $status
}

interrupted()
{
    stopped INT live --log live
}

one_at_a_time()
{
    rm -rf out out.run live
    bolter-train pretrain $quick -o out $long --log live text.txt 2>said &
    pid=$!
    wait_for live
    kill -STOP $pid
    exits 1 bolter-train pretrain $quick -o out $long text.txt 2>second &&
        grep -q "out.run: process $pid is at work there" second
    refused=$?
    kill -CONT $pid
    wait $pid && [ $refused -eq 0 ] && same_run_and_samples out whole && [ ! -e out.run.lock ]
}

interrupted_goes_on()
{
    exits 130 interrupted && grep -q 'interrupted after step .*--resume' said && test ! -e out &&
        pretrain out $long --log live --resume && same_run_and_samples out whole &&
        cmp live out/train.jsonl && test ! -e out.run
}

# A run that does little else than let the model write, so that the signal comes while it does.
interrupted_samples_are_written_again()
{
    usual=$long
    long="-e 20 --eval-every 1 -j 1 --sample he --sample-tokens 20"
    pretrain writing $long
    goes_on=0
    for again in 1 2 3 4 5 6; do
        exits 130 interrupted && pretrain out $long --log live --resume && same_run_and_samples out writing ||
            goes_on=$again
    done
    long=$usual
    return $goes_on
}

killed_goes_on()
{
    stopped KILL out.run --checkpoint-every 0.0003
    test ! -e out && sed -i d said &&
        pretrain out $long --checkpoint-every 0.0003 --resume &&
        same_run_and_samples out whole
}

# A run that is long enough to meet the disk when it is full.
full_disk_is_survived()
{
    mount_disk 5m
    bolter-train pretrain $quick -o "$disk/m" $long --checkpoint-every 0.0003 text.txt 2>said &
    pid=$!
    wait_for "$disk/m.run"
    fill_disk
    exits 1 wait $pid && grep -q 'No space left' said && test -s "$disk/m.run" && test ! -e "$disk/m" || return 1
    rm "$disk/ballast"
    pretrain "$disk/m" $long --resume && same_run_and_samples "$disk/m" whole
}

finishes()
{
    exits 130 interrupted && pretrain out $long --resume --finish &&
        bolter-train generate -m out -p a -n 2 >log.1 2>&1
}

another_run_is_refused()
{
    interrupted
    exits 1 pretrain out $long && grep -q "not finished" said &&
        exits 1 pretrain out $long --resume --lr 0.02 && grep -q "another lr" said &&
        exits 1 pretrain out $long --resume --init pytorch && grep -q "another init" said &&
        echo more >>text.txt && exits 1 pretrain out $long --resume && grep -q "another data" said
    status=$?
    sed -i '$d' text.txt
    return $status
}

goes_on_with_a_model()
{
    bolter-train pretrain -m one -o two -b 4 --steps 4 --lr 0.001 --eval-every 2 text.txt 2>said &&
        awk -F, 'NR > 1 { exit !($6 < 2.5) }' two/train.csv
}

parts_are_read()
{
    mkdir -p books && sed 's/hen/ten/g' text.txt >books/a.txt && cp text.txt books/b.txt &&
        pretrain three --steps 2 --validation books --length 10 &&
        grep -q "^texts: 1 texts, .*left out: 0 empty" said && grep -q "^validation: 2 texts" said &&
        grep -q "^passages of 10 tokens: " said
}

# The last validation loss of a model is close to one/'s, but not the same.
bfloat16_learns()
{
    pretrain narrow -e 20 --eval-every 30 -j 1 --precision bfloat16 &&
        tail -q -n 1 one/train.csv narrow/train.csv |
        awk -F, '{ l[NR] = $6 } END { d = l[1] - l[2]; exit !(d != 0 && d < 0.1 && d > -0.1) }'
}

best_is_kept()
{
    pretrain four -e 30 --lr 0.3 --eval-every 5 --select best || return 1
    least=$(awk -F, 'NR > 1 && (!n || $6 < n) { n = $6; s = $1 } END { print s }' four/train.csv)
    grep -q "the weights of step $least;" said
}

nan_is_named()
{
    echo "QQQQ$(cat text.txt)" >q.txt
    exits 1 bolter-train pretrain -m poison -o five -b 1 --steps 200 --eval-every 100 --validation text.txt \
        --length 8 -j 1 q.txt 2>said
    grep -q "step [0-9]*: the .* is not finite" said && test ! -e five
}

refused()
{
    says=$1 status=$2
    shift 2
    exits "$status" bolter-train pretrain "$@" 2>said && grep -q "$says" said && test ! -e none
}

ok "a shape learns, and generate writes what the last sample did" learns
ok "an output layer of its own is learned, kept and exported" learns_untied
pretrain whole $long
ok "a second run into the same directory is refused, and the first ends as it would" one_at_a_time
ok "a run that is interrupted goes on to the same bits" interrupted_goes_on
ok "a sample that is interrupted is written again" interrupted_samples_are_written_again
ok "a run that is killed goes on to the same bits" killed_goes_on
if [ -n "${BOLTER_MAY_MOUNT:-}" ]; then
    ok "a full disk leaves a checkpoint from which the run goes on to the same bits" full_disk_is_survived
else
    skip "a full disk leaves a checkpoint from which the run goes on" "this test may not mount a file system"
fi
ok "--finish makes a model of what there is" finishes
ok "a run does not go on with other options or texts" another_run_is_refused
ok "a model goes on learning" goes_on_with_a_model
ok "directories, validation texts and lengths" parts_are_read
ok "products in bfloat16 learn as much" bfloat16_learns
ok "--select best keeps the best" best_is_kept
ok "a loss that is not finite names step and tensor" nan_is_named
ok "texts that are not there" refused "No such file" 1 --vocab vocab -o none missing.txt
ok "a shape that cannot be" refused "multiple" 1 --vocab vocab -o none --width 10 --heads 3 text.txt
ok "too little text" refused "nothing to" 1 --vocab vocab -o none short.txt
ok "neither model nor vocabulary" refused "needs -m DIR or --vocab" 2 -o none text.txt
ok "both" refused "needs -m DIR or --vocab" 2 -m one --vocab vocab -o none text.txt
ok "another beginning" refused "expected one of gpt2, pytorch" 2 $quick -o none --init zero text.txt
ok "a model that goes on, untied" refused "for a new model" 2 -m one -o none --untied text.txt
ok "a classifier" refused "classifier" 1 -m class -o none text.txt
finish
