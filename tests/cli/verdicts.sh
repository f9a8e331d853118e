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

# unscorable_mail: files of what there is nothing to judge in, forged fields and all.
unscorable_mail()
{
    {
        printf 'Subject: s\nX-Spam-Flag: YES\n\n-----BEGIN PGP MESSAGE-----\n\n'
        printf 'hQEMAwAAAAAAAAAAAQf/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH\n%.0s' 1 2 3 4 5
        printf '=abcd\n-----END PGP MESSAGE-----\n'
    } >sealed_inline
    {
        printf 'Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; boundary=b;'
        printf ' protocol="application/pgp-encrypted"\nX-Spam-Flag: YES\n\n--b\n'
        printf 'Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\n'
        printf 'Content-Type: application/octet-stream\n\n'
        sed '1,/^$/d' sealed_inline
        printf '\n--b--\n'
    } >sealed_mime
    printf 'Subject: s\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG\n' \
        >sealed_smime
    printf 'From: a@example.org\nX-Spam-Flag: YES\n\n \n' >hollow
}

printf 'From: a@example.org\nSubject: lunch\n\nAt noon?\n' >mail
