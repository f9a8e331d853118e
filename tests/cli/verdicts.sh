# verdicts.sh - what the tests of bolter share: the frame, a message in the file mail, and models that
# give it, and any other, the verdict that they are named after.
. "$top_srcdir/tests/cli/frame.sh"

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
