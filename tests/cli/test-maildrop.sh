#!/bin/sh
# test-maildrop.sh - delivery through maildrop with the filter of contrib/.
. "$top_srcdir/tests/cli/verdicts.sh"

if ! command -v maildrop >/dev/null; then
    echo "1..0 # SKIP maildrop is not installed"
    exit 0
fi

maildir()
{
    mkdir -p "$1/new" "$1/cur" "$1/tmp"
}

# deliver MODEL: one letter; folders appear in Maildir/.
deliver()
{
    rm -rf Maildir
    maildir Maildir
    maildir Maildir/.Junk
    {
        echo "PATH=\"$PATH\""
        echo "SHELL=\"/bin/sh\""
        echo "DEFAULT=\"$scratch/Maildir\""
        echo "BOLTER_MODEL=\"$scratch/$1\""
        echo "include \"${filter-$top_srcdir/contrib/maildroprc}\""
    } >filter
    chmod 600 filter
    HOME=$scratch maildrop "$scratch/filter" <mail
    status=$?
}

# delivered FOLDER: exactly one file there, nothing elsewhere; as ./got.
delivered()
{
    set -- "$1"/new/*
    test $# -eq 1 && test -f "$1" && test $status -eq 0 || {
        echo "status $status"
        find Maildir
        return 1
    }
    test "$(find Maildir -path '*/new/*' -type f | wc -l)" -eq 1 && cp "$1" got
}

spam_to_junk()
{
    deliver spam
    delivered Maildir/.Junk && grep -q '^X-Spam-Flag: YES' got && without_fields <got | cmp mail -
}
ok "spam is marked and goes to Junk" spam_to_junk

ham_to_inbox()
{
    deliver ham
    delivered Maildir && grep -q '^X-Spam-Status: No' got && without_fields <got | cmp mail -
}
ok "ham is marked and goes to the inbox" ham_to_inbox

forged_verdicts_do_not_count()
{
    { printf 'X-SPAM-Flag: YES\nX-Spam-Flag: YES\nX-Spam-Status: Yes,\n\tscore=99\n'; cat honest; } >mail
    deliver ham
    delivered Maildir && without_fields <got | cmp honest - || return 1
    { printf 'X-SPAM-Flag: NO\nX-Spam-Status: No\n'; cat honest; } >mail
    deliver spam
    delivered Maildir/.Junk && without_fields <got | cmp honest -
}
cp mail honest
ok "a forged verdict changes neither way" forged_verdicts_do_not_count
cp honest mail

unmarked_without_model()
{
    deliver none
    delivered Maildir && cmp mail got
}
ok "without a model the mail arrives unmarked and whole" unmarked_without_model

requeued_without_exception()
{
    echo 'xfilter "bolter -p"' >plain
    filter=$scratch/plain
    deliver none
    unset filter
    same 75 $status && same 0 "$(find Maildir -path '*/new/*' -type f | wc -l)"
}
ok "outside of exception a failure is status 75 and nothing is delivered" requeued_without_exception

finish
