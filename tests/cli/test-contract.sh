#!/bin/sh
# test-contract.sh - what mail clients and Sieve make of our header: the verdict, also of mail that
# brings a header of its own along.
#
# Each client has a rule as its makers or its manual give it, written here as an awk program over the
# unfolded header fields; it prints "spam" or nothing.
. "$top_srcdir/tests/cli/verdicts.sh"

# Fields that say the opposite of each verdict, in every case and shape that a sender may think of.
forge()
{
    cat <<END
X-Spam-Flag: $1
x-spam-flag: $1
X-SPAM-FLAG:$1
X-Spam-Status: $2, score=$3 required=5.0 tests=BAYES_99
X-Spam-Status: $2,
	score=$3
	yes
X-Spam-Level: $4
X-Spam-Score: $3
X-Spam-Bar: yes
X-Bolter: label=$1, yes
END
}
{ forge YES Yes 99.9 '***************'; cat mail; } >mail-yes
{ forge NO No -99.9 ''; cat mail; } >mail-no

for verdict in spam ham unsure; do
    for form in mail mail-yes mail-no; do
        BOLTER_MODEL=$scratch/$verdict bolter -p <$form >"$verdict-$form" || exit 99
    done
done

# The header, a field a line, without folds.
header_of()
{
    sed '/^$/q' "$1" | awk '/^[ \t]/ { sub(/^[ \t]+/, " "); line = line $0; next }
                            { if (line) print line; line = $0 } END { print line }'
}

# rule CLIENT PROGRAM...: PROGRAM calls spam what is spam, and nothing else.
rule()
{
    client=$1
    shift
    for verdict in spam ham unsure; do
        for form in mail mail-yes mail-no; do
            want=
            test $verdict != spam || want=spam
            got=$(header_of "$verdict-$form" | awk "$@" | sort -u)
            same "$client: $verdict-$form: $want" "$client: $verdict-$form: $got" || return 1
        done
    done
}

ok "Thunderbird, headers of SpamAssassin trusted: begins with Yes or YES" rule Thunderbird \
    '/^X-Spam-Status: Yes/ || /^X-Spam-Flag: YES/ { print "spam" }'
ok "Apple Mail, junk headers trusted: the flag" rule "Apple Mail" '
    tolower($0) ~ /^x-spam-flag: *yes$/ { print "spam" }'
ok "Evolution, custom junk headers: the flag, or five stars" rule Evolution '
    tolower($1) == "x-spam-flag:" && /YES/ { print "spam" }
    tolower($1) == "x-spam-level:" && /\*\*\*\*\*/ { print "spam" }'
ok "KMail, SpamAssassin: the flag contains yes in any case" rule KMail '
    tolower($1) == "x-spam-flag:" && tolower($0) ~ /yes/ { print "spam" }'
ok "KMail, SpamAssassin: score and threshold of the status" rule KMail '
    tolower($1) == "x-spam-status:" && match($0, /score=-?[0-9]+\.?[0-9]*/) {
        score = substr($0, RSTART + 6, RLENGTH - 6)
        match($0, /required=-?[0-9]+\.?[0-9]*/)
        if (score + 0 >= substr($0, RSTART + 9, RLENGTH - 9) + 0) print "spam" }'
ok "Outlook, message header includes X-Spam-Flag: YES, in any case" rule Outlook '
    index(tolower($0), "x-spam-flag: yes") { print "spam" }'
ok "a careless rule: yes anywhere in any field named X-Spam" rule careless '
    /^[Xx]-[Ss][Pp][Aa][Mm]/ && tolower($0) ~ /yes/ { print "spam" }'
ok "a careless rule: yes anywhere in a field named X-Bolter or X-Spam" rule careless '
    tolower($1) ~ /^x-(bolter|spam)/ && tolower($0) ~ /yes/ { print "spam" }'
ok "procmail as SpamAssassin teaches it: ^X-Spam-Status: Yes" rule procmail '
    /^X-Spam-Status: Yes/ { print "spam" }'
ok "a number of stars: ^X-Spam-Level: \*\*\*\*\*" rule stars '
    /^X-Spam-Level: \*\*\*\*\*/ { print "spam" }'

one_of_each()
{
    for message in ./*-mail ./*-mail-yes ./*-mail-no; do
        header_of "$message" | sed -n 's/^\(X-[^:]*\):.*/\1/p' | tr 'A-Z' 'a-z' | sort | uniq -d |
            grep . && return 1
    done
    return 0
}
ok "no field of ours stands twice" one_of_each

short_ascii_lines()
{
    for message in ./*-mail-*; do
        sed '/^$/q' "$message" | LC_ALL=C grep -n '[^ -~	]' && return 1
        sed '/^$/q' "$message" | awk 'length($0) > 78 { print; long = 1 } END { exit !long }' && return 1
    done
    return 0
}
ok "every line is ASCII and no longer than 78" short_ascii_lines

# ---- Sieve ----

if ! command -v sieve-test >/dev/null; then
    skip "Sieve files spam, and nothing else, into Junk" "sieve-test is not installed"
    skip "Sieve's relational and contains tests see the verdict" "sieve-test is not installed"
    skip "Sieve's spamtest counts the stars" "sieve-test is not installed"
    skip "the recipe's rule for unsure mail works" "sieve-test is not installed"
    finish
fi

# Dovecot reads mail as no root would: as nobody then.
mkdir home
uid=$(id -u)
gid=$(id -g)
if [ "$uid" -eq 0 ]; then
    uid=$(id -u nobody)
    gid=$(id -g nobody)
    chmod 755 .
    chown "$uid:$gid" home
fi
cat >dovecot.conf <<END
mail_location = maildir:$scratch/home/Maildir
mail_home = $scratch/home
mail_uid = $uid
mail_gid = $gid
plugin {
    sieve_extensions = +spamtest
    sieve_spamtest_status_type = strlen
    sieve_spamtest_status_header = X-Spam-Level
    sieve_spamtest_max_value = 10
}
END

# filed SCRIPT MESSAGE: the folder that the script chooses.
filed()
{
    sieve-test -c dovecot.conf -C "$1" "$2" 2>sieve.err >sieve.out ||
        sed 's/^/sieve: /' sieve.err
    sed -n "s/^ *\* *store message in folder: //p" sieve.out
}

# files SCRIPT FOLDER: spam goes there, other mail stays.
files()
{
    for verdict in spam ham unsure; do
        for form in mail mail-yes mail-no; do
            want=INBOX
            test $verdict != spam || want=$2
            same "$verdict-$form: $want" "$verdict-$form: $(filed "$1" "$verdict-$form")" || return 1
        done
    done
}

cp "$top_srcdir/contrib/dovecot/bolter.sieve" recipe.sieve
ok "Sieve files spam, and nothing else, into Junk" files recipe.sieve Junk

sieve_ways()
{
    for test in 'header :contains "X-Spam-Status" "Yes,"' 'header :matches "X-Spam-Status" "Yes*"' \
        'header :contains "X-Spam-Flag" "YES"' 'header :contains "X-Spam-Level" "*****"' \
        'header :contains ["X-Spam-Status", "X-Spam-Flag"] "yes"' \
        'anyof (header :is "X-Spam-Flag" "yes", header :contains "X-Bolter" "yes")'; do
        printf 'require "fileinto";\nif %s { fileinto "Junk"; }\n' "$test" >way.sieve
        files way.sieve Junk || { echo "$test"; return 1; }
    done
}
ok "Sieve's relational and contains tests see the verdict" sieve_ways

cat >spamtest.sieve <<'END'
require ["fileinto", "spamtest", "relational", "comparator-i;ascii-numeric"];
if spamtest :value "ge" :comparator "i;ascii-numeric" "5" { fileinto "Junk"; }
END
ok "Sieve's spamtest counts the stars" files spamtest.sieve Junk

unsure_rule()
{
    sed -e 's/^# \(if\|}\|    fileinto\|    stop\)/\1/' recipe.sieve >unsure.sieve
    same Unsure "$(filed unsure.sieve unsure-mail-yes)" && same INBOX "$(filed unsure.sieve ham-mail)"
}
ok "the recipe's rule for unsure mail works" unsure_rule

finish
