# frame.sh - what all tests of the commands share: a scratch directory, which is the current one, and TAP.
#
#     . "$top_srcdir/tests/cli/frame.sh"
#     ok "sentence" command...      # the command's exit status decides
#     command...; ok "sentence"     # that of the command before decides
#     finish
#
# verdicts.sh, for the tests of bolter, and trainer.sh, for those of bolter-train, begin with this file.
# PATH leads to the programs that were built. When a case fails, the files out, err and said are shown,
# into which the tests send what programs write.

set -u
LC_ALL=C
export LC_ALL
unset BOLTER_MODEL MAIL
PATH=$top_builddir:$PATH
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bolter-cli-XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM
cd "$scratch" || exit 99
n=0
failed=0

# report WORD SENTENCE
report()
{
    n=$((n + 1))
    echo "$1 $n - $2"
}

ok()
{
    status=$?
    sentence=$1
    shift
    : >log
    if [ $# -gt 0 ]; then
        "$@" >log 2>&1
        status=$?
    fi
    if [ $status -eq 0 ]; then
        report ok "$sentence"
        return
    fi
    for written in log out err said; do
        [ ! -f $written ] || tail -n 30 $written | sed "s/^/# $written: /"
    done
    echo "# failed: ${*:-the command before}"
    report "not ok" "$sentence"
    failed=1
}

skip()
{
    report ok "$1 # SKIP $2"
}

finish()
{
    echo "1..$n"
    exit $failed
}

# exits WANT COMMAND...: the command ends with this status.
exits()
{
    want=$1
    shift
    "$@"
    got=$?
    test $got -eq "$want" || {
        echo "# exit status $got, want $want: $*"
        return 1
    }
}

# same WANT GOT: two strings are equal.
same()
{
    test "$1" = "$2" || {
        printf 'got:  %s\nwant: %s\n' "$2" "$1"
        return 1
    }
}
