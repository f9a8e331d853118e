# postfix.sh - a Postfix of our own for the tests: its configuration, queue, log and mailboxes lie in the
# test's directory, and each smtpd has a free port of the loopback interface. Nothing of the system's mail
# is touched. Only root can run it. To be sourced after lib.sh and smtp.sh.
#
# The script says which smtpds there are by a function postfix_smtpds, which calls smtpd for each. Mail to
# any user of example.org is delivered to $boxes/box/new, a file a message.

PATH=$PATH:/usr/sbin:/sbin
postfix_etc=$work/postfix/etc
spool=$work/postfix/spool
boxes=$work/boxes

# Why there can be no Postfix here; nothing if there can.
postfix_is_missing() {
    command -v postfix >/dev/null || { echo "postfix is not installed" && return; }
    [ "$(id -u)" -eq 0 ] || { echo "postfix runs as root only" && return; }
    id postfix >/dev/null 2>&1 || { echo "there is no user postfix" && return; }
    [ "$(postconf -d mail_version | tr -dc '0-9. ' | awk '{ split($1, v, "."); print v[1] * 100 + v[2] }')" \
        -ge 304 ] || echo "this postfix cannot log to a file: older than 3.4"
}

end_postfix() {
    postfix -c "$postfix_etc" stop >/dev/null 2>&1
    [ ! -f "$spool/pid/master.pid" ] || kill -KILL "$(tr -d ' ' <"$spool/pid/master.pid")" 2>/dev/null
}

# smtpd NAME OPTION...: a line of master.cf; with a chroot when the name says so.
smtpd() {
    local name=$1 option chroot=n
    shift
    take_port "$name"
    [ "$name" = chroot ] && chroot=y
    echo "127.0.0.1:${port[$name]} inet n - $chroot - - smtpd"
    for option; do
        echo "    -o $option"
    done
}

write_main_cf() {
    cat <<END
compatibility_level = 3.4
queue_directory = $spool
data_directory = $work/postfix/data
maillog_file = $work/postfix.log
maillog_file_prefixes = $work
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
default_transport = error:this Postfix sends nothing
virtual_mailbox_domains = example.org
virtual_mailbox_base = $boxes
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
# As if all clients were strangers: no address is completed and no field added.
local_header_rewrite_clients =
# The lines that we hand to others, but smtpd in the chroot alone obeys them.
$(grep -v '^#' "$top_srcdir/contrib/postfix/main.cf" | sed 's/^smtpd_milters/sample_milters/')
milter_connect_timeout = 5s
milter_command_timeout = 5s
milter_content_timeout = 30s
END
}

write_master_cf() {
    postfix_smtpds
    cat <<'END'
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
END
}

# start_postfix SMTPD: it has started when that one greets.
start_postfix() {
    mkdir -p "$postfix_etc" "$spool" "$work/postfix/data" "$boxes"
    chown postfix "$work/postfix/data"
    chown nobody "$boxes"
    write_master_cf >"$postfix_etc/master.cf"
    write_main_cf >"$postfix_etc/main.cf"
    trap 'end_postfix; clean_up' EXIT
    postfix -c "$postfix_etc" start >"$work/start.log" 2>&1 && within 20 greets "${port[$1]}"
}
