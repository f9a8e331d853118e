#!/bin/sh
# test-procmail.sh - delivery through procmail with the recipe of contrib/.
. "$top_srcdir/tests/cli/verdicts.sh"

if ! command -v procmail >/dev/null; then
    echo "1..0 # SKIP procmail is not installed"
    exit 0
fi
# Procmail adds an empty line to a letter that does not end in one.
echo >>mail
printf 'From a@example.org Mon Mar  2 01:07:13 2026\n' >letter
cat mail >>letter

# deliver MODEL [LINE...]: one letter, with these lines before the recipe; folders appear in box/.
deliver()
{
    rm -rf box
    mkdir box
    {
        echo "MAILDIR=$scratch/box"
        echo "DEFAULT=$scratch/box/inbox/"
        echo "LOGFILE=$scratch/box/log"
        echo "PATH=$PATH"
        echo "SHELL=/bin/sh"
        echo "BOLTER_MODEL=$scratch/$1"
        shift
        printf '%s\n' "$@"
        echo "INCLUDERC=${recipe-$top_srcdir/contrib/procmailrc}"
    } >rc
    chmod 600 rc
    procmail ./rc <letter
    status=$?
    sed 's/^/log: /' box/log
}

# delivered FOLDER: exactly one file there, nothing elsewhere; as ./got.
delivered()
{
    set -- box/"$1"/new/*
    test $# -eq 1 && test -f "$1" && test $status -eq 0 || {
        echo "status $status"
        find box
        return 1
    }
    test "$(find box -path '*/new/*' -type f | wc -l)" -eq 1 && cp "$1" got
}

# procmail drops the envelope line of mail for a Maildir.
whole()
{
    without_fields <got | cmp mail -
}

spam_to_junk()
{
    deliver spam
    delivered Junk && grep -q '^X-Spam-Flag: YES' got && whole
}
ok "spam is marked and goes to Junk" spam_to_junk

ham_to_inbox()
{
    deliver ham
    delivered inbox && grep -q '^X-Spam-Status: No' got && whole
}
ok "ham is marked and goes to the inbox" ham_to_inbox

# A letter that brings this flag and status along.
forge_letter()
{
    cp letter honest
    awk -v flag="$1" -v status="$2" '{ print }
        NR == 1 { print "x-spam-flag: " flag "\nX-Spam-Status: " status ", score=0\n\tyes\nX-Spam-Flag: " flag }' \
        honest >letter
}

forged_verdicts_do_not_count()
{
    forge_letter YES Yes
    deliver ham
    delivered inbox && whole || return 1
    cp honest letter
    forge_letter NO No
    deliver spam
    delivered Junk && whole
}
ok "a forged verdict changes neither way" forged_verdicts_do_not_count
cp honest letter

unmarked_without_model()
{
    deliver none
    delivered inbox && cmp mail got
}
ok "without a model the mail arrives unmarked and whole" unmarked_without_model

no_temporary_directory()
{
    deliver spam TMPDIR=/nonexistent
    delivered Junk && whole
}
ok "spam is filtered without a temporary directory" no_temporary_directory

killed_classifier()
{
    mkdir -p bin
    # A filter that reads the mail, writes half of it and dies.
    printf '#!/bin/sh\nhead -c 30\nkill -9 $$\n' >bin/bolter
    chmod +x bin/bolter
    deliver spam "PATH=$scratch/bin:$PATH"
    delivered inbox && cmp mail got
}
ok "if the whole command is killed the mail arrives unmarked and whole" killed_classifier

requeued()
{
    sed -e 's/^# \(:0e\|{\|}\|    [EH]\)/\1/' "$top_srcdir/contrib/procmailrc" >recipe
    recipe=$scratch/recipe
    deliver none
    same 75 $status && same 0 "$(find box -path '*/new/*' -type f | wc -l)" || return 1
    deliver spam
    delivered Junk
    result=$?
    unset recipe
    return $result
}
ok "with the requeue recipe a failure is status 75 and nothing is delivered" requeued

every_sample()
{
    rm -rf box
    mkdir box
    sed -e '/^BOLTER_MODEL/d' rc >rc2
    chmod 600 rc2
    formail -s procmail "BOLTER_MODEL=$scratch/ham" ./rc2 <"$top_srcdir/tests/samples/sample.mbox" || return 1
    same "$(grep -c '^X-Sample: ' "$top_srcdir/tests/samples/sample.mbox")" "$(find box/inbox/new -type f | wc -l)"
    same "$(find box/inbox/new -type f | wc -l)" "$(grep -al '^X-Spam-Status: No' box/inbox/new/* | wc -l)"
}
if command -v formail >/dev/null; then
    deliver ham >/dev/null 2>&1
    ok "every sample is delivered and marked" every_sample
else
    skip "every sample is delivered and marked" "formail is not installed"
fi

finish
