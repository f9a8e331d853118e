# lib.sh - what the scripts of tests/mta share: cases printed as TAP, daemons that are ended whatever
# happens, and tiny models.
#
# A case is a function named as a sentence. It states facts with check and same; the first that does
# not hold is printed and the case has failed. run_cases runs the functions named, in order.

set -u
export LC_ALL=C
top_srcdir=${top_srcdir:-.}
top_builddir=${top_builddir:-.}
bolter_milter=$top_builddir/bolter-milter
fakemta=$top_builddir/fakemta

work=$(mktemp -d "${TMPDIR:-/tmp}/bolter-mta-XXXXXX") || exit 99
chmod 755 "$work"
pids=

# Kill the daemons of the cases, or with an argument those that were started after it was $pids.
end_daemons() {
    local p
    for p in ${pids#"${1-}"}; do
        kill -KILL "$p" && wait "$p"
    done 2>/dev/null
    pids=${1-}
}

clean_up() {
    end_daemons
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 99' HUP INT PIPE TERM

# check WHAT COMMAND...: the command must succeed. Its output is shown when it does not.
check() {
    local what=$1
    shift
    "$@" >"$work/check.out" 2>&1 && return
    echo "failed: $what"
    echo "command: $*"
    tail -n 8 "$work/check.out"
    bad=1
}

# same WHAT GOT WANT: two strings.
same() {
    [ "$2" = "$3" ] && return
    printf 'failed: %s\ngot:  %s\nwant: %s\n' "$@"
    bad=1
}

# skip REASON: in a case, before return.
skip() {
    skipped=$1
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

# A sanitizer reports to a daemon's log; what libraries do is in tsan.supp.
export TSAN_OPTIONS="suppressions=$top_srcdir/tests/tsan.supp ${TSAN_OPTIONS-}"
sanitizers_are_silent() {
    ! grep -E 'Sanitizer|runtime error:' "$@"
}

# Daemons that a case starts end with it.
run_cases() {
    local number=0 failed=0 name bad skipped logs kept=$pids
    echo "1..$#"
    for name; do
        number=$((number + 1)) bad=0 skipped= logs=
        "$name" >"$work/case.out" 2>&1
        end_daemons "$kept"
        [ -z "$logs" ] || sanitizers_are_silent $logs >>"$work/case.out" || bad=1
        if [ $bad -ne 0 ]; then
            failed=1
            { cat "$work/case.out"; tail -n 12 $logs /dev/null; } 2>/dev/null | sed 's/^/# /'
            echo "not ok $number - $name"
        else
            echo "ok $number - $name${skipped:+ # SKIP $skipped}"
        fi
    done
    exit $failed
}

# within SECONDS COMMAND...: try it until it succeeds; false when the time is up.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

answers() {
    "$fakemta" --socket "$1" --timeout 5000 --summary "$work/ham.eml" >/dev/null 2>&1
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# start NAME OPTION...: bolter-milter on a socket NAME.sock; returns when it answers. Sets pid and
# socket.
start() {
    local name=$1
    shift
    socket=unix:$work/$name.sock
    launch "$name" --set socket="$socket" "$@"
    check "$name is up" within 30 answers "$socket"
}

# launch NAME OPTION...: bolter-milter in the foreground, its log in NAME.log. Sets pid.
launch() {
    local name=$1
    shift
    logs="${logs-} $work/$name.log"
    "$bolter_milter" -f "$@" >"$work/$name.log" 2>&1 &
    pid=$!
    pids="$pids $pid"
}

# ended PID: wait for its end, 20 seconds at most; sets status.
ended() {
    within 20 is_gone "$1" || { echo "failed: $1 has not ended" && bad=1 && kill -KILL "$1"; }
    wait "$1" 2>/dev/null
    status=$?
}

# A model that calls every message VERDICT, in DIR.
make_model() {
    "$top_builddir/make-model" "$1" "$2" || exit 99
}

# The usual messages: ham.eml, spam.eml, forged.eml. Their content decides nothing, the model does.
make_messages() {
    cat >"$work/ham.eml" <<'END'
From: Ada <ada@example.net>
To: bob@example.org
Subject: minutes of
	the meeting
Date: Mon, 02 Nov 2026 10:00:00 +0000
Message-Id: <1@example.net>
X-Mailer:  two spaces

The minutes are attached.

.a line that begins with a dot
-- 
Ada
END
    sed -e 's/^Subject: .*/Subject: BUY NOW/' -e '/^\tthe/d' -e 's/<1@/<2@/' \
        "$work/ham.eml" >"$work/spam.eml"
    awk '/^To:/ { print "X-Spam-Flag: NO"; print "x-spam-status: No,\n\tscore=0.1" }
         /^X-Mailer:/ { print "X-SPAM-Level: *" } { print }' "$work/spam.eml" >"$work/forged.eml"
}

# The verdict's fields on top of a message, and the bytes after them.
verdict_fields() {
    awk '/^[^ \t]/ && !/^X-(Spam-|Bolter)/ { exit } /^\r?$/ { exit } { print }' "$1"
}
without_verdict() {
    tail -n +$(($(verdict_fields "$1" | wc -l) + 1)) "$1"
}
