# frame.sh - what the tests of the command share: a scratch directory, models, and TAP.
#
#     . "$top_srcdir/tests/cli/frame.sh"
#     ok "sentence" command...      # the command's exit status decides
#     finish
#
# PATH leads to the programs that were built.

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
    sentence=$1
    shift
    if "$@" >log 2>&1; then
        report ok "$sentence"
    else
        sed 's/^/# /' log
        echo "# failed: $*"
        report "not ok" "$sentence"
        failed=1
    fi
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
        echo "exit status: got $got, want $want"
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

# The message without our fields, so that it can be compared with what went in.
without_fields()
{
    awk 'body || !/^(X-Spam-|X-Bolter)/ && !(drop && /^[ \t]/) { print; drop = 0 }
         !body && /^(X-Spam-|X-Bolter)/ { drop = 1 }
         /^\r?$/ { body = 1 }'
}

for verdict in spam ham unsure; do
    make-model $verdict $verdict || exit 99
done
printf 'From: a@example.org\nSubject: lunch\n\nAt noon?\n' >mail
