# delivery.sh - what the tests with real mail servers share: mail that is delivered to a file, or not; to be
# sourced after lib.sh and smtp.sh.
#
# The test itself says where its server delivers to: empty_box empties the place, has_mail is true when one
# message is there, whose file it calls $delivered, and as_sent prints a file without what the server put
# there.

# deliver SERVER FILE: send it and wait for $delivered.
deliver() {
    empty_box
    check "envelope is taken by $1" begin "$1" "$2"
    finish
    same "answer of $1" "${reply%% *}" 250
    check "delivery through $1" within 20 has_mail
}

without_times() {
    sed 's/ms=[0-9]*/ms=N/' "$1"
}

# delivered_is_as_expected DAEMON SENT REST: the file is what our own MTA makes of SENT with the same daemon,
# and the message in it is REST, byte for byte.
delivered_is_as_expected() {
    "$fakemta" --socket "unix:$work/$1.sock" --print "$2" >"$work/want"
    as_sent "$delivered" >"$work/got"
    check "delivered file" cmp <(without_times "$work/want") <(without_times "$work/got")
    without_verdict "$work/got" >"$work/rest"
    check "the sender's message" cmp "$work/rest" "$3"
}

# unfiltered FILE: it is delivered as it was sent; also what was forged is still there.
unfiltered() {
    check "delivery" within 20 has_mail
    as_sent "$delivered" >"$work/got"
    check "the message is unmarked" cmp "$work/got" "$1"
}

# struck SERVER WHEN: the daemon $pid gets a signal in the middle of a message: KILL or STOP before the dot,
# or KILL-AT-EOM while the server waits for the answer to the whole message. The server's answer is in reply.
struck() {
    empty_box
    check "envelope is taken by $1" begin "$1" "$work/forged.eml"
    if [ "$2" = KILL-AT-EOM ]; then
        kill -STOP $pid
        say_end
        sleep 0.5
        kill -KILL $pid
    else
        kill -"$2" $pid
        say_end
    fi
    finish_end
    end_daemons "$kept"
}
