# trainer.sh - what the tests of bolter-train share: the frame, runs with what they print in the files
# out and err, and what is said of runs that fail. tiny-model writes their models.
#
# With wants_disk a test that may mount_disk has BOLTER_MAY_MOUNT: root may, in a name space of its own.
if [ -n "${wants_disk:-}" ] && [ -z "${BOLTER_MAY_MOUNT:-}" ] && [ "$(id -u)" -eq 0 ] &&
    unshare -m mount -t tmpfs none /mnt 2>/dev/null; then
    BOLTER_MAY_MOUNT=1 exec unshare -m "$0" "$@"
fi

. "$top_srcdir/tests/cli/frame.sh"

: >in

# runs STATUS ARGUMENT...: bolter-train ends with this status; its standard input is the file in.
runs()
{
    want=$1
    shift
    exits "$want" bolter-train "$@" <in >out 2>err
}

# mount_disk SIZE: a file system on $disk, until the end.
mount_disk()
{
    disk=disk
    trap 'umount "$scratch/disk" 2>/dev/null; rm -rf "$scratch"' EXIT
    mkdir "$disk"
    mount -t tmpfs -o size="$1" none "$disk" || exit 99
}

# fill_disk: while the run $pid lives, also with what a checkpoint that failed leaves free.
fill_disk()
{
    while kill -0 $pid 2>/dev/null; do
        dd if=/dev/zero of="$disk/ballast" bs=4096 oflag=append conv=notrunc 2>/dev/null
        sleep 0.01
    done
}

# complains PATTERN: there is one line on standard error, and it has the pattern.
complains()
{
    [ "$(wc -l <err)" -eq 1 ] && grep -q -e "$1" err
}

# fails NAME PATTERN ARGUMENT...: a case, a run that ends with status 1 and a line.
fails()
{
    name=$1
    pattern=$2
    shift 2
    runs 1 "$@" && complains "$pattern"
    ok "$name fails"
}

# fails_with STATUS NAME PATTERN ARGUMENT...: the same with another status, which the sentence names.
fails_with()
{
    code=$1
    name=$2
    pattern=$3
    shift 3
    runs "$code" "$@" && complains "$pattern"
    ok "$name fails with status $code"
}

# usage NAME ARGUMENT...: a case, a run that ends with status 2, a complaint and no output.
usage()
{
    name=$1
    shift
    runs 2 "$@" && grep -q '^bolter-train: ' err && [ ! -s out ]
    ok "$name is wrong usage"
}

# texts N: N lines of ham with "tea" and N of spam with "win", to learn from.
texts()
{
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "ham\tcup of tea %d\nspam\twin cash %d\n", i, i }'
}

# wait_for FILE: until a run in the background has written something to it.
wait_for()
{
    waited=0
    while [ ! -s "$1" ] && [ $waited -lt 500 ]; do
        sleep 0.02
        waited=$((waited + 1))
    done
}

# same_run A B: the same weights, and the same log but for the columns of the clock.
same_run()
{
    cmp "$1/model.safetensors" "$2/model.safetensors" || return 1
    cut -d, -f1-11 "$1/train.csv" >log.1
    cut -d, -f1-11 "$2/train.csv" >log.2
    cmp log.1 log.2
}
