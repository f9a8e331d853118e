# smtp.sh - a client of SMTP for the tests with real mail servers; to be sourced after lib.sh.
#
# A server is known by a name; port[NAME] is where it listens on the loopback interface.

# A port for each smtpd, all different.
declare -A port
take_port() {
    local p
    while p=$("$fakemta" --free-port) && case " ${port[*]-} " in *" $p "*) ;; *) false ;; esac; do :; done
    port[$1]=$p
}

greets() {
    smtp_open "$1" 2>/dev/null && case $reply in 220*) smtp_say QUIT ;; *) false ;; esac
}

# A client of SMTP: one connection on descriptor 3, the last line of the last answer in reply.
smtp_open() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" && smtp_reply
}
smtp_reply() {
    reply="no answer"
    local line
    while IFS= read -r -t 40 -u 3 line; do
        reply=${line%$'\r'}
        case $reply in ???-*) ;; *) return ;; esac
    done
}
smtp_say() {
    printf '%s\r\n' "$1" >&3
    smtp_reply
}

# begin SMTPD FILE [USER]: everything but the final dot; false when the server refuses before, with its
# answer in reply.
begin() {
    local command
    smtp_open "${port[$1]}"
    for command in "EHLO client.example.net" "MAIL FROM:<ada@example.net>" \
        "RCPT TO:<${3-bob}@example.org>" DATA; do
        smtp_say "$command"
        case $reply in [23]*) ;; *) return 1 ;; esac
    done
    smtp_text "$2"
}
# Line ends become CRLF, and the last line gets one.
smtp_text() {
    sed -e 's/\r$//' -e 's/^\./../' -e 's/$/\r/' -e '$a\' "$1" >&3
}

# finish: the dot and QUIT; reply is the answer to the dot. In two halves, say_end and finish_end, for those
# who do something before the answer.
say_end() {
    printf '.\r\n' >&3
}
finish_end() {
    smtp_reply
    local answer=$reply
    smtp_say QUIT
    exec 3>&-
    reply=$answer
}
finish() {
    say_end
    finish_end
}

# The code and the enhanced code of the last answer.
codes() {
    echo "$reply" | cut -d ' ' -f 1,2
}
