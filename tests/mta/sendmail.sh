# sendmail.sh - a Sendmail of our own for the tests: its configuration, queue and mailbox lie in the test's
# directory, and it listens on free ports of the loopback interface. It need not be installed, which on
# Debian would replace another mail server:
#
#     apt-get download sendmail-bin sendmail-cf
#     for f in sendmail-*.deb; do dpkg -x "$f" DIR; done
#     make check TESTS=tests/mta/test-sendmail.sh BOLTER_SENDMAIL=DIR
#
# Without the variable DIR is sendmail in the build directory, where quickstart unpacks it. To be sourced
# after lib.sh and smtp.sh.
#
# Sendmail asks for its own name before it reads its configuration, and sleeps for a minute where that
# has no dot; so it runs with a host name and /etc/hosts of its own. Only root can do that.
#
# The script says which servers there are in $sendmail_servers, and by a function sendmail_filters, which
# calls filter for each; a server named plain has none. Mail to USER of example.org is delivered to a file
# $box/mail-USER-*.

root=${BOLTER_SENDMAIL-$(cd "$top_builddir" && pwd)/sendmail}
[ -d "$root" ] || root=
sendmail=$root/usr/libexec/sendmail/sendmail
cf=$root/usr/share/sendmail/cf
sendmail_etc=$work/sendmail
box=$work/box

# Why there can be no Sendmail here; nothing if there can.
sendmail_is_missing() {
    [ -x "$sendmail" ] || { echo "sendmail is neither installed nor unpacked" && return; }
    [ -f "$cf/m4/cf.m4" ] || { echo "sendmail's m4 files (sendmail-cf) are not installed" && return; }
    command -v m4 >/dev/null || { echo "m4 is not installed" && return; }
    [ "$(id -u)" -eq 0 ] || { echo "sendmail runs as root only" && return; }
    unshare -u -m true 2>/dev/null || echo "no host name of its own can be had (unshare)"
}

# filter NAME SOCKET F R: what we hand to others in contrib, with another name, socket, F= and times. It
# serves the server of that name alone.
filter() {
    sed -n 's/^INPUT_MAIL_FILTER/MAIL_FILTER/p' "$top_srcdir/contrib/sendmail/bolter.mc" |
        sed -e "s/\`bolter'/\`$1'/" -e "s|unix:[^,]*|unix:$2|" -e "s/ F=T,/$3/" -e "s/R:30s;E:5m/$4/"
}

write_mc() {
    local name filter
    cat <<END
divert(-1)
include(\`$cf/m4/cf.m4')
divert(0)
OSTYPE(\`linux')
define(\`confDOMAIN_NAME', \`mx.example.org')
define(\`confPID_FILE', \`$sendmail_etc/pid')
define(\`QUEUE_DIR', \`$sendmail_etc/queue')
define(\`STATUS_FILE', \`$sendmail_etc/statistics')
undefine(\`ALIAS_FILE')
define(\`HELP_FILE', \`$sendmail_etc/help')
define(\`confTRUSTED_USER', \`root')
define(\`confTO_IDENT', \`0')
define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit,GroupWritableDirPathSafe')
define(\`confPRIVACY_FLAGS', \`')
define(\`confSERVICE_SWITCH_FILE', \`$sendmail_etc/switch')
define(\`LOCAL_MAILER_PATH', \`$sendmail_etc/deliver')
define(\`LOCAL_MAILER_ARGS', \`deliver \$u')
MODIFY_MAILER_FLAGS(\`LOCAL', \`lsS')
dnl It goes on on a machine that is busy with other things.
define(\`confQUEUE_LA', \`10000')
define(\`confREFUSE_LA', \`10000')
FEATURE(\`no_default_msa')
FEATURE(\`accept_unresolvable_domains')
FEATURE(\`accept_unqualified_senders')
END
    sendmail_filters
    for name in $sendmail_servers; do
        take_port "$name"
        [ "$name" = plain ] && filter= || filter=", InputMailFilters=$name"
        echo "DAEMON_OPTIONS(\`Name=$name, Port=${port[$name]}, Addr=127.0.0.1$filter')"
    done
    printf 'MAILER(local)\nMAILER(smtp)\nLOCAL_CONFIG\nCwexample.org mx.example.org\n'
}

start_sendmail() {
    mkdir -p "$sendmail_etc/queue" "$box"
    chmod 755 "$sendmail_etc"
    chmod 700 "$sendmail_etc/queue"
    chmod 777 "$box"
    : >"$sendmail_etc/help"
    echo 'hosts files' >"$sendmail_etc/switch"
    printf '127.0.0.1 localhost mx.example.org\n' >"$sendmail_etc/hosts"
    printf '#!/bin/sh\numask 022\nf=$(mktemp %s/.new-XXXXXX) && cat >"$f" && chmod 644 "$f" && mv "$f" "%s/mail-$1-$$"\n' \
        "$box" "$box" >"$sendmail_etc/deliver"
    chmod 755 "$sendmail_etc/deliver"
    write_mc >"$sendmail_etc/sendmail.mc"
    m4 -D_CF_DIR_="$cf/" "$sendmail_etc/sendmail.mc" >"$sendmail_etc/sendmail.cf" || return 1
    unshare -u -m sh -c "hostname mx.example.org && mount --bind '$sendmail_etc/hosts' /etc/hosts &&
        exec '$sendmail' -C '$sendmail_etc/sendmail.cf' -bD -X '$work/transcript'" >"$work/sendmail.log" 2>&1 &
    pids="$pids $!"
    within 30 greets "${port[${sendmail_servers%% *}]}"
}
