#!/bin/sh
# test-resume.sh - runs of bolter-train finetune that are interrupted, killed, or out of disk: they go
# on to the bits of a run without a stop, and no moment leaves a torn model.
#
# BOLTER_LONG_TESTS=1 kills fifty runs instead of five.
# shellcheck disable=SC2046,SC2086 # words that are several

wants_disk=yes
. "${top_srcdir:?}/tests/cli/trainer.sh"
tiny-model base || exit 99
tiny-model poison poison || exit 99
kills=5
[ -z "${BOLTER_LONG_TESTS:-}" ] || kills=50

texts 60 >data.tsv
quick="-b 8 --lr 0.003 --max-tokens 24 --patience 0"
every="--checkpoint-every 0.0004" # 24 ms

# tune OUT OPTION...: in the foreground; its exit status.
tune()
{
    out=$1
    shift
    bolter-train finetune -m base -o "$out" --data data.tsv $quick "$@" >out 2>err
}

# start OUT OPTION...: in the background, as $pid; what was said before is forgotten first.
start()
{
    out=$1
    shift
    : >err
    bolter-train finetune -m base -o "$out" --data data.tsv $quick "$@" >out 2>err &
    pid=$!
}

# random MAX: a number of milliseconds, below MAX, as seconds.
random()
{
    od -An -N2 -tu2 /dev/urandom | awk -v max="$1" '{ printf "%.3f", $1 / 65536 * max / 1000 }'
}

# whole DIR: a model that loads, has the weights that it names, and all its files.
whole()
{
    bolter-train inspect model -m "$1" >whole 2>&1 && [ "$(find "$1" -type f | wc -l)" -eq 12 ] ||
        { echo "# $1 is not whole:"; cat whole; ls "$1"; return 1; }
}

left_over()
{
    found=$(find . -maxdepth 1 -name "$1.tmp.*" -o -maxdepth 1 -name "$1.old.*")
    [ -z "$found" ] || { echo "# left: $found"; return 1; }
}

# ---- Signals ----

# A run of seconds, so that a signal finds it at work.
long="-e 250 --eval-every 2"
for threads in 1 2; do
    tune "ref$threads" $long -j $threads
    ok "a run on $threads threads ends"
    for signal in INT TERM; do
        rm -rf out1 live
        start out1 $long -j $threads --log live
        wait_for live
        kill -$signal $pid
        exits 130 wait $pid
        ok "SIG$signal ends it with 130"
        [ "$(grep -c '^bolter-train: ' err)" -eq 1 ] &&
            grep -q '^bolter-train: interrupted after step .*out1.run .*--resume' err &&
            [ -s out1.run ] && [ ! -e out1 ]
        ok "it says in a line that its checkpoint is there, and has made no model"
        tune out1 $long -j $threads --resume --log live
        ok "--resume ends the run"
        same_run out1 "ref$threads"
        ok "it has the bits of the run without a stop"
        cmp -s live out1/train.jsonl && [ ! -e out1.run ]
        ok "the live log is whole, and the checkpoint is gone"
    done
done

# Stopped, the process takes both at once when it goes on: the second before the first had any effect.
rm -rf out1 live
start out1 $long -j 1 --log live
wait_for live
kill -STOP $pid
kill -INT $pid
kill -TERM $pid
kill -CONT $pid
wait $pid
status=$?
[ $status -eq 130 ] || [ $status -eq 143 ]
ok "a second signal ends it at once"
rm -f out1.run*

# ---- What is refused ----

start out1 $long -j 1 --log live2
wait_for live2
kill -INT $pid
wait $pid
cp out1.run kept.run

# refuses NAME WORDS OPTION...: status 1, one line with WORDS, and the checkpoint untouched.
refuses()
{
    name=$1
    words=$2
    shift 2
    exits 1 tune out1 "$@" && [ "$(grep -c '^bolter-train: ' err)" -eq 1 ] &&
        grep -q -e "$words" err && cmp out1.run kept.run && [ ! -e out1 ]
    ok "$name is refused"
}
refuses "a new run over a checkpoint" 'was not finished; --resume goes on' $long -j 1
refuses "another learning rate" 'another lr: 0.003, now 0.004' $long -j 1 --resume --lr 0.004
refuses "another number of epochs" 'another epochs: 250.0, now 400.0' $long -e 400 -j 1 --resume
printf 'ham\tone more cup\n' >more.tsv
refuses "other data" 'another training part: ' $long -j 1 --resume --train more.tsv
refuses "other data to validate" 'another validation part: ' $long -j 1 --resume --validation more.tsv
refuses "another base" 'another base model: ' $long -j 1 --resume -m ref1
head -c 3000 kept.run >out1.run
cp out1.run short.run
exits 1 tune out1 $long -j 1 --resume && grep -q 'out1.run: ' err &&
    cmp out1.run short.run
ok "a truncated checkpoint is refused"
exits 1 tune none $long --resume && grep -q 'no run to go on with' err
ok "--resume without a checkpoint is refused"
cp kept.run out1.run
tune out1 $long -j 2 --resume --dtype float16 && grep -q 'begun with 1 threads, going on with 2' err
ok "other threads go on, with a word about the bits"
rm -rf out1
cp kept.run out1.run
tune out1 $long -j 1 --resume --finish && whole out1 && [ ! -e out1.run ] &&
    [ "$(wc -l <out1/train.csv)" -lt "$(wc -l <ref1/train.csv)" ]
ok "--finish makes a model of the best weights so far"

# ---- Two at once ----

# refused_beside NAME OPTION...: while the run $pid is at work, status 1 and a line that names both.
refused_beside()
{
    name=$1
    shift
    exits 1 bolter-train finetune -m base --data data.tsv $quick $long "$@" >out 2>said &&
        [ "$(wc -l <said)" -eq 1 ] && grep -q "out1.run: process $pid is at work there" said
    ok "$name is refused while a run is at work"
}
rm -rf out1 out1.run* live
start out1 $long -j 1 --log live
wait_for live
kill -STOP $pid
refused_beside "another run into the same directory" -o out1
refused_beside "the same directory by another name" -o ./out1//
refused_beside "going on with it" -o out1 --resume
kill -CONT $pid
wait $pid && whole out1 && same_run out1 ref1 && [ ! -e out1.run ] && [ ! -e out1.run.lock ]
ok "the run beside which they were refused ends as it would, and leaves no lock"
rm -rf out1 live
start out1 $long -j 1 --log live $every
wait_for out1.run
kill -KILL $pid
wait $pid 2>/dev/null
tune out1 $long -j 1 --resume && same_run out1 ref1 && [ ! -e out1.run.lock ]
ok "a run that was killed leaves no lock that holds"

# ---- Seeds ----

tune seeds-ref -e 150 -j 1 --seeds 3
ok "a run of three seeds ends"
rm -rf seeds live
start seeds -e 150 -j 1 --seeds 3 $every
i=0
while ! grep -q 'seed 124' err && [ $i -lt 500 ]; do
    sleep 0.02
    i=$((i + 1))
done
kill -KILL $pid
wait $pid 2>/dev/null
tune seeds -e 150 -j 1 --seeds 3 --resume && cmp seeds/seeds.json seeds-ref/seeds.json &&
    same_run seeds seeds-ref
ok "killed in the second, they go on to the same numbers and weights"

# ---- kill -9 ----

# Runs until one ends by itself; each is killed after a random time of at most $1 ms.
killed_until_done()
{
    limit=$1
    shift
    while :; do
        resume=
        [ ! -e out2.run ] || resume=--resume
        start out2 "$@" $resume
        sleep "$(random "$limit")"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        status=$?
        count=$((count + 1))
        [ $status -ne 0 ] || return 0
        [ $status -eq 137 ] || return 1
        limit=$((limit + limit / 4))
    done
}
for threads in 1 2; do
    rm -rf out2 out2.run
    count=0
    killed_until_done 400 $long -j $threads $every && same_run out2 "ref$threads"
    ok "killed $((count - 1)) times, a run on $threads threads goes on to the same bits"
done

# Every other kill comes while the model is written.
wait_for_saving()
{
    while [ ! -e "$1.tmp.$pid" ] && kill -0 $pid 2>/dev/null; do :; done
}

# Runs of a moment over a model that is there.
tune old -e 2 -j 1 --seed 1
tune new -e 6 -j 1 --seed 2
ok "two models are there"
rm -rf out3
cp -r old out3
i=0
torn=0
was_old=0
was_new=0
saving=0
while [ $i -lt $kills ]; do
    start out3 -e 6 -j 1 --seed 2 $every
    [ $((i % 2)) -eq 0 ] || wait_for_saving out3
    sleep "$(random 100)"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ ! -e "out3.tmp.$pid" ] || saving=$((saving + 1))
    whole out3 || torn=$((torn + 1))
    if cmp -s out3/model.safetensors old/model.safetensors; then
        was_old=$((was_old + 1))
    elif cmp -s out3/model.safetensors new/model.safetensors; then
        was_new=$((was_new + 1))
        rm -rf out3
        cp -r old out3
    fi
    rm -f out3.run
    i=$((i + 1))
done
echo "# $kills kills, $saving while saving: $was_old times the old model, $was_new the new one, $torn torn"
[ $torn -eq 0 ] && [ $((was_old + was_new)) -eq $kills ]
ok "killed $kills times, the directory is the old or the new model"
tune out3 -e 6 -j 1 --seed 2 && same_run out3 new && left_over out3
ok "the next run removes what the killed ones left"

# ---- Numbers that are none ----

# One text in the middle of an epoch has the poisoned token.
{
    cat data.tsv
    printf 'spam\tQ\n'
} >poison.tsv
exits 1 bolter-train finetune -m poison -o nan --train poison.tsv \
    --validation data.tsv $quick -j 1 --eval-every 1 >out 2>err &&
    grep -qE '^bolter-train: step [0-9]+: the .* not finite' err && [ ! -e nan ] &&
    grep -q 'nan.run holds the best weights so far' err
ok "a loss that is no number ends the run, with step and tensor, and keeps the best weights"
bolter-train finetune -m poison -o nan --train poison.tsv --validation data.tsv \
    $quick -j 1 --eval-every 1 --resume --finish >out 2>err && whole nan
ok "they become a model by --resume --finish"

# ---- A full disk ----

full_disk()
{
    some="-e 100 --eval-every 2 -j 1"
    mount_disk 1m
    tune ref3 $some
    tune "$disk/m" -e 2 -j 1
    ok "a run on a small disk ends"
    cp -r "$disk/m" before
    dd if=/dev/zero of="$disk/ballast" bs=4096 count=170 2>/dev/null
    exits 1 tune "$disk/m" -e 2 -j 1 && grep -q 'need .* MB, .* MB are free' err &&
        diff -r "$disk/m" before && [ ! -e "$disk/m.run" ]
    ok "too little room is said before the training"
    rm "$disk/ballast"
    start "$disk/m" $some $every --log live3
    wait_for "$disk/m.run"
    fill_disk
    exits 1 wait $pid && grep -q 'No space left' err
    ok "a disk that is full fails the run"
    diff -r "$disk/m" before && [ "$(echo $(ls "$disk"))" = "ballast m m.run" ]
    ok "the old model is whole, the checkpoint is there, and nothing else is"
    rm "$disk/ballast"
    tune "$disk/m" $some --resume && same_run "$disk/m" ref3
    ok "with room again the run goes on to the same bits"
}
if [ -n "${BOLTER_MAY_MOUNT:-}" ]; then
    full_disk
else
    skip "a full disk leaves model and checkpoint whole" "this test may not mount a file system"
fi

finish
