#!/bin/sh
# test-resume.sh - runs of bolter-train finetune that are interrupted, killed, or out of disk: they go
# on to the bits of a run without a stop, and no moment leaves a torn model.
#
# BOLTER_LONG_TESTS=1 kills fifty runs instead of five.
# shellcheck disable=SC2046,SC2086 # words that are several
set -u

# A full disk needs a file system of its own, which root may mount in a name space of its own.
if [ -z "${BOLTER_MAY_MOUNT:-}" ] && [ "$(id -u)" -eq 0 ] && unshare -m mount -t tmpfs none /mnt 2>/dev/null; then
    BOLTER_MAY_MOUNT=1 exec unshare -m "$0" "$@"
fi

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'umount "$tmp/disk" 2>/dev/null; rm -rf "$tmp"' EXIT
"$top_builddir/tiny-model" "$tmp/base" || exit 99
"$top_builddir/tiny-model" "$tmp/poison" poison || exit 99
kills=5
[ -z "${BOLTER_LONG_TESTS:-}" ] || kills=50

n=0
failures=0

# ok NAME: report the status of the command before.
ok()
{
    if [ $? -eq 0 ]; then result=ok; else result='not ok'; failures=1; fi
    n=$((n + 1))
    echo "$result $n - $1"
    [ "$result" = ok ] || tail -n 12 "$tmp/err" | sed 's/^/# err: /'
}

skip()
{
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

i=0
while [ $i -lt 60 ]; do
    printf 'ham\tcup of tea %d\nspam\twin cash %d\n' $i $i
    i=$((i + 1))
done >"$tmp/data.tsv"
quick="-b 8 --lr 0.003 --max-tokens 24 --patience 0"
every="--checkpoint-every 0.0004" # 24 ms

# tune OUT OPTION...: in the foreground; its exit status.
tune()
{
    out=$1
    shift
    "$train" finetune -m "$tmp/base" -o "$out" --data "$tmp/data.tsv" $quick "$@" >"$tmp/out" 2>"$tmp/err"
}

# start OUT OPTION...: in the background, as $pid; what was said before is forgotten first.
start()
{
    out=$1
    shift
    : >"$tmp/err"
    "$train" finetune -m "$tmp/base" -o "$out" --data "$tmp/data.tsv" $quick "$@" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
}

# status_is WANT ARGUMENT...: runs a command.
status_is()
{
    want=$1
    shift
    "$@"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

# wait_for FILE: until it has something in it.
wait_for()
{
    waited=0
    while [ ! -s "$1" ] && [ $waited -lt 500 ]; do
        sleep 0.02
        waited=$((waited + 1))
    done
}

# random MAX: a number of milliseconds, below MAX, as seconds.
random()
{
    od -An -N2 -tu2 /dev/urandom | awk -v max="$1" '{ printf "%.3f", $1 / 65536 * max / 1000 }'
}

# same A B: the same weights, and the same log but for the columns of the clock.
same()
{
    cmp "$1/model.safetensors" "$2/model.safetensors" || return 1
    cut -d, -f1-11 "$1/train.csv" >"$tmp/log.1"
    cut -d, -f1-11 "$2/train.csv" >"$tmp/log.2"
    cmp "$tmp/log.1" "$tmp/log.2"
}

# whole DIR: a model that loads, has the weights that it names, and all its files.
whole()
{
    "$train" inspect model -m "$1" >"$tmp/whole" 2>&1 && [ "$(find "$1" -type f | wc -l)" -eq 12 ] ||
        { echo "# $1 is not whole:"; cat "$tmp/whole"; ls "$1"; return 1; }
}

left_over()
{
    found=$(find "$tmp" -maxdepth 1 -name "$1.tmp.*" -o -maxdepth 1 -name "$1.old.*")
    [ -z "$found" ] || { echo "# left: $found"; return 1; }
}

# ---- Signals ----

# A run of seconds, so that a signal finds it at work.
long="-e 250 --eval-every 2"
for threads in 1 2; do
    tune "$tmp/ref$threads" $long -j $threads
    ok "a run on $threads threads ends"
    for signal in INT TERM; do
        rm -rf "$tmp/out1" "$tmp/live"
        start "$tmp/out1" $long -j $threads --log "$tmp/live"
        wait_for "$tmp/live"
        kill -$signal $pid
        status_is 130 wait $pid
        ok "SIG$signal ends it with 130"
        [ "$(grep -c '^bolter-train: ' "$tmp/err")" -eq 1 ] &&
            grep -q '^bolter-train: interrupted after step .*/out1.run .*--resume' "$tmp/err" &&
            [ -s "$tmp/out1.run" ] && [ ! -e "$tmp/out1" ]
        ok "it says in a line that its checkpoint is there, and has made no model"
        tune "$tmp/out1" $long -j $threads --resume --log "$tmp/live"
        ok "--resume ends the run"
        same "$tmp/out1" "$tmp/ref$threads"
        ok "it has the bits of the run without a stop"
        cmp -s "$tmp/live" "$tmp/out1/train.jsonl" && [ ! -e "$tmp/out1.run" ]
        ok "the live log is whole, and the checkpoint is gone"
    done
done

# Steps of a tenth of a second, so that the second signal comes before the first has taken effect.
awk 'BEGIN { for (i = 0; i < 4096; i++) printf "%s\tcup %d\n", i % 2 ? "ham" : "spam", i }' >"$tmp/large.tsv"
i=0
status=0
while [ $status -ne 143 ] && [ $i -lt 5 ]; do
    rm -rf "$tmp/out1" "$tmp/out1.run" "$tmp/live"
    start "$tmp/out1" --train "$tmp/large.tsv" -e 10000 -b 4096 --pad-to 32 -j 1 --log "$tmp/live"
    wait_for "$tmp/live"
    kill -INT $pid
    sleep 0.01
    kill -TERM $pid
    wait $pid
    status=$?
    i=$((i + 1))
done
[ $status -eq 143 ]
ok "a second signal ends it at once"
rm -f "$tmp"/out1.run*

# ---- What is refused ----

start "$tmp/out1" $long -j 1 --log "$tmp/live2"
wait_for "$tmp/live2"
kill -INT $pid
wait $pid
cp "$tmp/out1.run" "$tmp/kept.run"

# refuses NAME WORDS OPTION...: status 1, one line with WORDS, and the checkpoint untouched.
refuses()
{
    name=$1
    words=$2
    shift 2
    status_is 1 tune "$tmp/out1" "$@" && [ "$(grep -c '^bolter-train: ' "$tmp/err")" -eq 1 ] &&
        grep -q -e "$words" "$tmp/err" && cmp "$tmp/out1.run" "$tmp/kept.run" && [ ! -e "$tmp/out1" ]
    ok "$name is refused"
}
refuses "a new run over a checkpoint" 'was not finished; --resume goes on' $long -j 1
refuses "another learning rate" 'another lr: 0.003, now 0.004' $long -j 1 --resume --lr 0.004
refuses "another number of epochs" 'another epochs: 250.0, now 400.0' $long -e 400 -j 1 --resume
printf 'ham\tone more cup\n' >"$tmp/more.tsv"
refuses "other data" 'another training part: ' $long -j 1 --resume --train "$tmp/more.tsv"
refuses "other data to validate" 'another validation part: ' $long -j 1 --resume --validation "$tmp/more.tsv"
refuses "another base" 'another base model: ' $long -j 1 --resume -m "$tmp/ref1"
head -c 3000 "$tmp/kept.run" >"$tmp/out1.run"
cp "$tmp/out1.run" "$tmp/short.run"
status_is 1 tune "$tmp/out1" $long -j 1 --resume && grep -q 'out1.run: ' "$tmp/err" &&
    cmp "$tmp/out1.run" "$tmp/short.run"
ok "a truncated checkpoint is refused"
status_is 1 tune "$tmp/none" $long --resume && grep -q 'no run to go on with' "$tmp/err"
ok "--resume without a checkpoint is refused"
cp "$tmp/kept.run" "$tmp/out1.run"
tune "$tmp/out1" $long -j 2 --resume --dtype float16 && grep -q 'begun with 1 threads, going on with 2' "$tmp/err"
ok "other threads go on, with a word about the bits"
rm -rf "$tmp/out1"
cp "$tmp/kept.run" "$tmp/out1.run"
tune "$tmp/out1" $long -j 1 --resume --finish && whole "$tmp/out1" && [ ! -e "$tmp/out1.run" ] &&
    [ "$(wc -l <"$tmp/out1/train.csv")" -lt "$(wc -l <"$tmp/ref1/train.csv")" ]
ok "--finish makes a model of the best weights so far"

# ---- Seeds ----

tune "$tmp/seeds-ref" -e 150 -j 1 --seeds 3
ok "a run of three seeds ends"
rm -rf "$tmp/seeds" "$tmp/live"
start "$tmp/seeds" -e 150 -j 1 --seeds 3 $every
i=0
while ! grep -q 'seed 124' "$tmp/err" && [ $i -lt 500 ]; do
    sleep 0.02
    i=$((i + 1))
done
kill -KILL $pid
wait $pid 2>/dev/null
tune "$tmp/seeds" -e 150 -j 1 --seeds 3 --resume && cmp "$tmp/seeds/seeds.json" "$tmp/seeds-ref/seeds.json" &&
    same "$tmp/seeds" "$tmp/seeds-ref"
ok "killed in the second, they go on to the same numbers and weights"

# ---- kill -9 ----

# Runs until one ends by itself; each is killed after a random time of at most $1 ms.
killed_until_done()
{
    limit=$1
    shift
    while :; do
        resume=
        [ ! -e "$tmp/out2.run" ] || resume=--resume
        start "$tmp/out2" "$@" $resume
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
    rm -rf "$tmp/out2" "$tmp/out2.run"
    count=0
    killed_until_done 400 $long -j $threads $every && same "$tmp/out2" "$tmp/ref$threads"
    ok "killed $((count - 1)) times, a run on $threads threads goes on to the same bits"
done

# Every other kill comes while the model is written.
wait_for_saving()
{
    while [ ! -e "$1.tmp.$pid" ] && kill -0 $pid 2>/dev/null; do :; done
}

# Runs of a moment over a model that is there.
tune "$tmp/old" -e 2 -j 1 --seed 1
tune "$tmp/new" -e 6 -j 1 --seed 2
ok "two models are there"
rm -rf "$tmp/out3"
cp -r "$tmp/old" "$tmp/out3"
i=0
torn=0
was_old=0
was_new=0
saving=0
while [ $i -lt $kills ]; do
    start "$tmp/out3" -e 6 -j 1 --seed 2 $every
    [ $((i % 2)) -eq 0 ] || wait_for_saving "$tmp/out3"
    sleep "$(random 100)"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ ! -e "$tmp/out3.tmp.$pid" ] || saving=$((saving + 1))
    whole "$tmp/out3" || torn=$((torn + 1))
    if cmp -s "$tmp/out3/model.safetensors" "$tmp/old/model.safetensors"; then
        was_old=$((was_old + 1))
    elif cmp -s "$tmp/out3/model.safetensors" "$tmp/new/model.safetensors"; then
        was_new=$((was_new + 1))
        rm -rf "$tmp/out3"
        cp -r "$tmp/old" "$tmp/out3"
    fi
    rm -f "$tmp/out3.run"
    i=$((i + 1))
done
echo "# $kills kills, $saving while saving: $was_old times the old model, $was_new the new one, $torn torn"
[ $torn -eq 0 ] && [ $((was_old + was_new)) -eq $kills ]
ok "killed $kills times, the directory is the old or the new model"
tune "$tmp/out3" -e 6 -j 1 --seed 2 && same "$tmp/out3" "$tmp/new" && left_over out3
ok "the next run removes what the killed ones left"

# ---- Numbers that are none ----

# One text in the middle of an epoch has the poisoned token.
{
    cat "$tmp/data.tsv"
    printf 'spam\tQ\n'
} >"$tmp/poison.tsv"
status_is 1 "$train" finetune -m "$tmp/poison" -o "$tmp/nan" --train "$tmp/poison.tsv" \
    --validation "$tmp/data.tsv" $quick -j 1 --eval-every 1 >"$tmp/out" 2>"$tmp/err" &&
    grep -qE '^bolter-train: step [0-9]+: the .* not finite' "$tmp/err" && [ ! -e "$tmp/nan" ] &&
    grep -q 'nan.run holds the best weights so far' "$tmp/err"
ok "a loss that is no number ends the run, with step and tensor, and keeps the best weights"
"$train" finetune -m "$tmp/poison" -o "$tmp/nan" --train "$tmp/poison.tsv" --validation "$tmp/data.tsv" \
    $quick -j 1 --eval-every 1 --resume --finish >"$tmp/out" 2>"$tmp/err" && whole "$tmp/nan"
ok "they become a model by --resume --finish"

# ---- A full disk ----

full_disk()
{
    some="-e 100 --eval-every 2 -j 1"
    disk="$tmp/disk"
    mkdir "$disk"
    mount -t tmpfs -o size=1m none "$disk" || exit 99
    tune "$tmp/ref3" $some
    tune "$disk/m" -e 2 -j 1
    ok "a run on a small disk ends"
    cp -r "$disk/m" "$tmp/before"
    dd if=/dev/zero of="$disk/ballast" bs=4096 count=170 2>/dev/null
    status_is 1 tune "$disk/m" -e 2 -j 1 && grep -q 'need .* MB, .* MB are free' "$tmp/err" &&
        diff -r "$disk/m" "$tmp/before" && [ ! -e "$disk/m.run" ]
    ok "too little room is said before the training"
    rm "$disk/ballast"
    start "$disk/m" $some $every --log "$tmp/live3"
    wait_for "$disk/m.run"
    # What a checkpoint that failed leaves free is filled again.
    while kill -0 $pid 2>/dev/null; do
        dd if=/dev/zero of="$disk/ballast" bs=4096 oflag=append conv=notrunc 2>/dev/null
        sleep 0.01
    done
    status_is 1 wait $pid && grep -q 'No space left' "$tmp/err"
    ok "a disk that is full fails the run"
    diff -r "$disk/m" "$tmp/before" && [ "$(echo $(ls "$disk"))" = "ballast m m.run" ]
    ok "the old model is whole, the checkpoint is there, and nothing else is"
    rm "$disk/ballast"
    tune "$disk/m" $some --resume && same "$disk/m" "$tmp/ref3"
    ok "with room again the run goes on to the same bits"
}
if [ -n "${BOLTER_MAY_MOUNT:-}" ]; then
    full_disk
else
    skip "a full disk leaves model and checkpoint whole" "this test may not mount a file system"
fi

echo "1..$n"
exit $failures
