-- protocol.lua - bolter-milter under miltertest: what it negotiates, what it asks of the header, what it
-- answers for each action, and that every step may be the last one of a message.
--
-- The globals are sockets of daemons that call every message spam. That of "socket" marks it; those of
-- subject, quarantine, redirect, tempfail, discard and reject do what their names say.

local function want(ok, what)
    if not ok then error(what, 2) end
end

local function done(problem, what)
    want(problem == nil, what .. ": " .. tostring(problem))
end

-- A connection to where (or to socket), negotiated as a mail server of our day would. (Whatever it is told,
-- miltertest 2.11 offers all actions; servers that offer less are in test-milter.sh and test-levels.sh.)
local function open(where)
    local conn = mt.connect(where or socket, 40, 0.25)
    want(conn, "cannot connect")
    done(mt.negotiate(conn, nil, nil, nil), "negotiate")
    done(mt.conninfo(conn, "client.example.net", "192.0.2.1"), "connect")
    return conn
end

local steps = {"mail", "rcpt", "header", "eoh", "body", "eom"}

-- Send a message up to and with a step; fields are pairs of names and values.
local function send(conn, last, fields)
    local order = {}
    for place, step in ipairs(steps) do order[step] = place end
    local function includes(step) return order[step] <= order[last] end
    done(mt.mailfrom(conn, "<ada@example.net>"), "mail")
    if includes("rcpt") then done(mt.rcptto(conn, "<bob@example.org>"), "rcpt") end
    if includes("header") then
        for _, field in ipairs(fields) do
            done(mt.header(conn, field[1], field[2]), "header " .. field[1])
        end
    end
    if includes("eoh") then done(mt.eoh(conn), "end of header") end
    if includes("body") then done(mt.bodystring(conn, "Cheap pills.\r\n"), "body") end
    if includes("eom") then done(mt.eom(conn), "end of message") end
end

local plain = {{"From", "ada@example.net"}, {"Subject", "Buy now"}}

local function is_taken(conn)
    want(mt.getreply(conn) == SMFIR_CONTINUE or mt.getreply(conn) == SMFIR_ACCEPT, "refused")
end

local function is_marked(conn)
    is_taken(conn)
    want(mt.eom_check(conn, MT_HDRINSERT, "X-Spam-Flag", "YES"), "no flag")
    want(mt.eom_check(conn, MT_HDRINSERT, "X-Spam-Status"), "no status")
    want(mt.eom_check(conn, MT_HDRINSERT, "X-Bolter"), "no origin")
    want(not mt.eom_check(conn, MT_HDRADD), "a field was added at the end")
    want(not mt.eom_check(conn, MT_BODYCHANGE), "the body was changed")
end

-- A connection to where, over which the plain message was sent and marked.
local function marked_by(where)
    local conn = open(where)
    send(conn, "eom", plain)
    is_marked(conn)
    return conn
end

-- An answer in place of a mark: nothing of the message is changed.
local function is_refused(conn, reply, code, dsn, text)
    want(mt.getreply(conn) == reply, "reply " .. mt.getreply(conn))
    if code then
        want(mt.eom_check(conn, MT_SMTPREPLY, code, dsn, text), "not " .. code .. " " .. dsn)
    end
    want(not mt.eom_check(conn, MT_HDRINSERT), "a field was inserted")
    want(not mt.eom_check(conn, MT_HDRDELETE), "a field was removed")
end

-- The plain message gets this answer from the daemon at where.
local function refuses(where, reply, code, dsn, text)
    local conn = open(where)
    send(conn, "eom", plain)
    is_refused(conn, reply, code, dsn, text)
    mt.disconnect(conn)
end

local tests = {}

function tests.asks_for_no_more_than_it_needs()
    local conn = open()
    want(mt.test_action(conn, SMFIF_ADDHDRS), "does not ask to add fields")
    want(mt.test_action(conn, SMFIF_CHGHDRS), "does not ask to change fields")
    want(not mt.test_action(conn, SMFIF_CHGBODY), "asks to change the body")
    want(mt.test_action(conn, SMFIF_ADDRCPT), "does not ask to add recipients, to redirect")
    want(mt.test_action(conn, SMFIF_DELRCPT), "does not ask to remove recipients")
    want(not mt.test_option(conn, SMFIP_NOHDRS), "declines the header")
    want(not mt.test_option(conn, SMFIP_NOBODY), "declines the body")
    want(not mt.test_option(conn, SMFIP_NOEOH), "declines the end of the header")
    mt.disconnect(conn)
end

function tests.marks_a_message_without_any_macro()
    mt.disconnect(marked_by(socket))
end

function tests.removes_eight_forged_copies()
    local conn = open()
    local fields = {{"From", "ada@example.net"}}
    for i = 1, 8 do
        table.insert(fields, {i % 2 == 0 and "X-Spam-Status" or "x-spam-status", "No, copy " .. i})
    end
    send(conn, "eom", fields)
    is_marked(conn)
    want(mt.eom_check(conn, MT_HDRDELETE, "X-Spam-Status") or
         mt.eom_check(conn, MT_HDRDELETE, "x-spam-status"), "forged fields stay")
    mt.disconnect(conn)
end

function tests.removes_nothing_where_nothing_is_forged()
    local conn = open()
    send(conn, "eom", plain)
    want(not mt.eom_check(conn, MT_HDRDELETE), "a field was removed")
    want(not mt.eom_check(conn, MT_HDRCHANGE), "a field was changed")
    mt.disconnect(conn)
end

function tests.marks_the_message_after_one_aborted_at_each_step()
    local conn = open()
    for _, step in ipairs(steps) do
        if step ~= "eom" then
            send(conn, step, {{"From", "x@example.net"}, {"X-Spam-Flag", "NO"}})
            done(mt.abort(conn), "abort at " .. step)
        end
        send(conn, "eom", plain)
        is_marked(conn)
        want(not mt.eom_check(conn, MT_HDRDELETE), "the aborted message left something at " .. step)
    end
    mt.disconnect(conn)
end

function tests.refuses_for_good_with_code_and_text()
    -- On the wire each percent sign is two: mail servers format the text once more.
    refuses(reject, SMFIR_REPLYCODE, "554", "5.7.0", "99.5%% spam")
end

function tests.refuses_for_now_with_code_and_text()
    refuses(tempfail, SMFIR_REPLYCODE, "451", "4.7.1", "Message deferred: it looks like spam")
end

function tests.discards_without_a_word()
    refuses(discard, SMFIR_DISCARD)
end

function tests.holds_with_the_reason_and_a_mark()
    local conn = marked_by(quarantine)
    want(mt.eom_check(conn, MT_QUARANTINE, "Looks like spam"), "not held")
    mt.disconnect(conn)
end

function tests.redirects_with_a_mark()
    local conn = marked_by(redirect)
    want(mt.eom_check(conn, MT_RCPTDELETE, "<bob@example.org>"), "the recipient stays")
    want(mt.eom_check(conn, MT_RCPTADD, "<junk@example.org>"), "no other recipient")
    mt.disconnect(conn)
end

function tests.puts_a_word_before_the_subject_with_a_mark()
    local conn = marked_by(subject)
    want(mt.eom_check(conn, MT_HDRCHANGE, "Subject", "[SPAM] Buy now"), "no word")
    mt.disconnect(conn)
end

function tests.knows_a_user_by_the_macro_alone()
    local conn = open(reject)
    mt.macro(conn, SMFIC_MAIL, "{auth_authen}", "ada", "i", "4F001")
    send(conn, "eom", plain)
    is_marked(conn)
    mt.disconnect(conn)
    conn = open(reject)
    mt.macro(conn, SMFIC_MAIL, "i", "4F002")
    send(conn, "eom", plain)
    is_refused(conn, SMFIR_REPLYCODE)
    mt.disconnect(conn)
end

function tests.lives_on_after_an_abrupt_end_at_each_step()
    for _, step in ipairs(steps) do
        local conn = open()
        send(conn, step, plain)
        mt.disconnect(conn, false)
    end
    mt.disconnect(marked_by(socket))
end

-- The program is silent about errors.
local failed = false
for name, test in pairs(tests) do
    local ok, problem = pcall(test)
    mt.echo(ok and "passed " .. name or "failed " .. name .. ": " .. tostring(problem))
    failed = failed or not ok
end
if failed then error("failed") end
