#!/usr/bin/python3
"""build.py - modern legitimate mail, written for counting false positives; README says what it is.

    bench/accuracy/ham/build.py             the messages as an mbox (mboxrd) on standard output
    bench/accuracy/ham/build.py --count     how many there are, by language, kind and form
    bench/accuracy/ham/build.py --check     what is wrong with them; exit status 0 where all is well

Needs Python's standard library only. The same sources give the same bytes.
"""
import base64
import collections
import datetime
import email
import email.header
import email.policy
import email.utils
import glob
import hashlib
import html
import os
import quopri
import re
import sys
import textwrap

sys.dont_write_bytecode = True
from looks import LOOKS

HERE = os.path.dirname(os.path.abspath(__file__))
FORMS = ("text", "both", "html")
ENCODINGS = ("qp", "base64", "8bit")
ZONES = {"en": "+0000", "ru": "+0300", "tr": "+0300", "ar": "+0300", "ja": "+0900", "zh": "+0800"}
OURS = {"Subject", "From", "To", "Date", "Preheader", "Unsubscribe", "Attach", "Report"}
TO = ("mail@home.example.net", "inbox@post.example.org", "me@family.example.net", "post@box.example.org",
      "reader@letters.example.net", "office@studio.example.org")
# Addresses and links that belong to nobody: RFC 2606, RFC 6761.
NOBODY = re.compile(r"(^|\.)(example(\.(org|com|net))?|test|invalid)$")
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
                         "hgGAWjR9awAAAABJRU5ErkJggg==")


class Source:
    """One message as it is written: its first line, its fields, its body."""

    def __init__(self, where, block):
        head, _, self.body = block.partition("\n\n")
        first, *fields = head.split("\n")
        self.where = where
        self.language, self.kind, self.form, *rest = first.split()
        self.fields = dict(line.split(": ", 1) for line in fields)
        self.look = next((w for w in rest if w in LOOKS), "plain")
        self.encoding = next((w for w in rest if w in ENCODINGS), None)
        self.charset = next((w for w in rest if w not in LOOKS and w not in ENCODINGS), "utf-8")
        self.body = self.body.strip("\n") + "\n"
        self.id = hashlib.sha256(block.encode()).hexdigest()

    def pick(self, choices, salt):
        return choices[int(hashlib.sha256((salt + self.id).encode()).hexdigest(), 16) % len(choices)]


def sources():
    """All messages, in the order of the files' names."""
    found = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.txt"))):
        with open(path, encoding="utf-8") as f:
            blocks = re.split(r"^@@ ", f.read(), flags=re.M)[1:]
        for n, block in enumerate(blocks, 1):
            found.append(Source(f"{os.path.basename(path)} {n}", block))
    return found


# The markup of bodies of "both" and "html"; README has its table.

def blocks(body):
    """Pairs of what a paragraph is and its lines."""
    marks = (("# ", "h1"), ("## ", "h2"), ("- ", "item"), ("| ", "row"), ("> ", "quote"), ("~ ", "foot"))
    for paragraph in re.split(r"\n{2,}", body.strip("\n")):
        lines = paragraph.split("\n")
        if paragraph == "---":
            yield "rule", []
            continue
        special = re.fullmatch(r"(\[\[|\{\{)(.*?) \| (\S+)(\]\]|\}\})", paragraph)
        if special:
            yield ("button" if special[1] == "[[" else "image"), [special[2], special[3]]
            continue
        mark, what = next(((m, w) for m, w in marks if paragraph.startswith(m)), ("", "text"))
        yield what, [x[len(mark):] if x.startswith(mark) else x for x in lines]


def inline_html(text):
    text = html.escape(text, quote=False)
    text = re.sub(r"\[([^\]]+)\]\((\S+?)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\\(\n|$)", r"<br>\1", text)


def inline_text(text):
    text = re.sub(r"\[([^\]]+)\]\((\S+?)\)", r"\1 (\2)", text)
    return text.replace("**", "")


def cells(line):
    return [c.strip() for c in line.rstrip().removesuffix("|").split("|")]


def html_block(look, what, lines):
    if what in ("item", "row"):
        if what == "item":
            inner = "".join(f"<li>{inline_html(x)}</li>\n" for x in lines)
        else:
            rows = ("".join(look["cell"].format(inline_html(c)) for c in cells(x)) for x in lines)
            inner = "".join(f"<tr>{x}</tr>\n" for x in rows)
        return look["list" if what == "item" else "table"].format(inner)
    if what in ("button", "image"):
        return look[what].format(html.escape(lines[0]), html.escape(lines[1]))
    return look[what].format(inline_html("\n".join(lines)))


def as_html(s):
    look = LOOKS[s.look]
    body = "\n".join(html_block(look, what, lines) for what, lines in blocks(s.body))
    hidden = ""
    if "Preheader" in s.fields:
        words_before = html.escape(s.fields["Preheader"])
        hidden = f'<div style="display:none;max-height:0;overflow:hidden">{words_before}</div>\n'
    page = look["page"].replace("LANGUAGE", s.language).replace("CHARSET", s.charset)
    if s.language == "ar":
        page = page.replace("<body", '<body dir="rtl"')
    return page.replace("SUBJECT", html.escape(s.fields["Subject"])).replace("BODY", hidden + body)


def wrapped(text, before="", after=None):
    """Lines that end in a backslash end there; the others flow."""
    out = []
    for line in re.split(r"\\\n", text):
        out += textwrap.wrap(line.replace("\n", " "), 76, initial_indent=before, break_on_hyphens=False,
                             subsequent_indent=before if after is None else after, break_long_words=False)
    return "\n".join(out)


def text_block(what, lines):
    text = inline_text("\n".join(lines))
    if what == "rule":
        return "-" * 40
    if what == "button":
        return f"{lines[0]}: {lines[1]}"
    if what == "image":
        return f"[{lines[0]}]"
    if what == "item":
        return "\n".join(wrapped(x, "* ", "  ") for x in text.split("\n"))
    if what == "row":
        return "\n".join("  ".join(c for c in cells(x) if c) for x in text.split("\n"))
    if what == "quote":
        return "\n".join("> " + x for x in text.split("\n"))
    if what == "h1":
        return text.upper() if text.isascii() else text
    return wrapped(text)


def as_text(s):
    if s.form == "text":
        return s.body
    return "\n\n".join(text_block(what, lines) for what, lines in blocks(s.body)) + "\n"


# The message: bytes, put together part by part.

def leaf(content_type, data, encoding, *more):
    """A part that is no multipart; encoding is qp, base64, 8bit or 7bit."""
    if encoding == "qp":
        data = quopri.encodestring(data)
    elif encoding == "base64":
        data = base64.encodebytes(data)
    name = {"qp": "quoted-printable"}.get(encoding, encoding)
    lines = [f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {name}", *more]
    return "\n".join(lines).encode() + b"\n\n" + data


def several(s, subtype, parts, *parameters):
    boundary = "=_" + hashlib.sha256((subtype + s.id).encode()).hexdigest()[:24]
    head = "; ".join([f"Content-Type: multipart/{subtype}", *parameters, f'boundary="{boundary}"'])
    body = b"".join(b"--" + boundary.encode() + b"\n" + p.rstrip(b"\n") + b"\n\n" for p in parts)
    return head.encode() + b"\n\n" + body + b"--" + boundary.encode() + b"--\n"


def words(s, subtype, text):
    """A text part in the charset and the encoding that the source names, or the plainest that do."""
    data, charset, encoding = text.encode(s.charset), s.charset, s.encoding
    if not encoding:
        latin = sum(c > "\u024f" and c.isalpha() for c in text) * 4 < len(text)
        encoding = "qp" if latin else "base64"
        if data.isascii() and max(map(len, data.split(b"\n"))) < 900:
            encoding = "7bit"
            charset = charset if charset == "iso-2022-jp" else "us-ascii"
    return leaf(f"text/{subtype}; charset={charset}", data, encoding)


def calendar(s):
    now = moment(s).astimezone(datetime.timezone.utc)
    begin = now + datetime.timedelta(days=3)
    stamp = "%Y%m%dT%H%M%SZ"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//calendar//EN", "METHOD:REQUEST",
             "BEGIN:VEVENT", f"UID:{s.id[:20]}@example.org", f"DTSTAMP:{now.strftime(stamp)}",
             f"DTSTART:{begin.strftime(stamp)}", f"SUMMARY:{s.fields['Subject']}", "END:VEVENT",
             "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def attachment(s, name):
    """A small file whose kind its name's end tells."""
    kind = name.rsplit(".", 1)[1]
    more = f'Content-Disposition: attachment; filename="{name}"'
    if kind == "ics":
        return leaf("text/calendar; method=REQUEST; charset=utf-8", calendar(s), "base64", more)
    if kind == "png":
        return leaf(f'image/png; name="{name}"', PIXEL, "base64", more)
    page = f"%PDF-1.4\n% placeholder {s.id}\ntrailer << /Root 1 0 R >>\n%%EOF\n".encode()
    return leaf(f'application/pdf; name="{name}"', page, "base64", more)


def report(s, text):
    """A delivery status notification; the field names the recipient and the status."""
    recipient, status = s.fields["Report"].split()
    action = {"5": "failed", "4": "delayed", "2": "delivered"}[status[0]]
    machine = (f"Reporting-MTA: dns; mx1.example.net\n\nFinal-Recipient: rfc822; {recipient}\n"
               f"Action: {action}\nStatus: {status}\n")
    return several(s, "report", [text, leaf("message/delivery-status", machine.encode(), "7bit")],
                   "report-type=delivery-status")


def content(s):
    parts = []
    if s.form != "html":
        parts.append(words(s, "plain", as_text(s)))
    if s.form != "text":
        parts.append(words(s, "html", as_html(s)))
    part = several(s, "alternative", parts) if len(parts) == 2 else parts[0]
    if "Report" in s.fields:
        return report(s, part)
    if "Attach" in s.fields:
        return several(s, "mixed", [part] + [attachment(s, n) for n in s.fields["Attach"].split()])
    return part


def moment(s):
    date = s.fields["Date"]
    if not re.search(r"[+-]\d{4}$", date):
        date += " " + ZONES.get(s.language, "+0100")
    return datetime.datetime.strptime(date, "%Y-%m-%d %H:%M %z")


def encoded(value, charset):
    if value.isascii():
        return value
    return email.header.Header(value, charset, maxlinelen=72).encode(linesep="\n")


def mailbox_field(value, charset):
    """NAME <ADDRESS>; the name may be in any script, or hold signs that ask for quotes."""
    found = re.fullmatch(r"(.*?) <(\S+)>", value)
    if not found:
        return value
    name = found[1]
    if name.isascii() and re.search(r"[^\w .'-]", name):
        name = f'"{name}"'
    return f"{encoded(name, charset)} <{found[2]}>"


def message(s):
    """The whole message, without the line before it in an mbox."""
    when = email.utils.format_datetime(moment(s))
    sender = re.search(r"[^\s<>]+@([^\s<>]+)", s.fields["From"])
    to = s.fields.get("To", s.pick(TO, "to"))
    fields = [("Return-Path", f"<{'' if 'Report' in s.fields else sender[0]}>"),
              ("Received", f"from out{int(s.id[:2], 16) % 9}.{sender[1]} ([192.0.2.{int(s.id[2:4], 16)}])\n"
                           f"\tby mx1.example.net with ESMTPS id {s.id[4:14].upper()};\n\t{when}"),
              ("Date", when), ("From", mailbox_field(s.fields["From"], s.charset)),
              ("To", mailbox_field(to, s.charset)), ("Subject", encoded(s.fields["Subject"], s.charset)),
              ("Message-ID", f"<{s.id[14:38]}@{sender[1]}>")]
    fields += [(k, encoded(v, s.charset)) for k, v in s.fields.items() if k not in OURS]
    if "Unsubscribe" in s.fields:
        fields += [("List-Unsubscribe", f"<{s.fields['Unsubscribe']}>"),
                   ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    fields.append(("MIME-Version", "1.0"))
    return "".join(f"{k}: {v}\n" for k, v in fields).encode("ascii") + content(s)


def mbox(all_sources):
    for s in all_sources:
        sender = re.search(r"[^\s<>]+@[^\s<>]+", s.fields["From"])[0]
        when = moment(s).astimezone(datetime.timezone.utc).strftime("%a %b %e %H:%M:%S %Y")
        body = re.sub(rb"^(>*From )", rb">\1", message(s).replace(b"\r\n", b"\n"), flags=re.M)
        yield f"From {sender} {when}\n".encode() + body.rstrip(b"\n") + b"\n\n"


# Checks.

def tokens(text):
    """Words; in scripts without spaces, characters."""
    return re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_]+", text.lower())


def shingles(text):
    t = tokens(text)
    return {tuple(t[i:i + 5]) for i in range(max(1, len(t) - 4))}


def sentences(s):
    """Sentences of eight words and more, without footers and signatures."""
    body = re.split(r"^-- $", s.body, flags=re.M)[0]
    body = "\n".join(x for x in body.split("\n") if not x.startswith("~ "))
    for x in re.split(r"(?<=[.!?:])\s|[。!?؟]|\n\n|\n(?=[-|#])", body):
        t = tokens(x)
        if len(t) >= 8:
            yield tuple(t)


def parsed_text(data):
    """The text of a message as a program that receives it finds it."""
    m = email.message_from_bytes(data, policy=email.policy.default)
    if any(p.defects for p in m.walk()):
        return None
    part = m.get_body(("plain", "html"))
    text = part.get_content() if part else ""
    if part and part.get_content_subtype() == "html":
        text = html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", text, flags=re.S))
    return " ".join(text.split())


def wrong_with(s):
    """What is wrong with one message."""
    block = " ".join([*s.fields.values(), s.body])
    hosts = re.findall(r"(?:\w@(?=[\w-]+\.)|https?://|www\.)([\w.-]*\w)", block)
    for host in hosts:
        if not NOBODY.search(host.lower()):
            yield f"{host} may belong to somebody"
    if s.form not in FORMS:
        yield f"form {s.form}"
    if not 2024 <= moment(s).year <= 2026:
        yield "a year outside of 2024 to 2026"
    data = message(s)
    if max(map(len, data.split(b"\n"))) > 998:
        yield "a line of more than 998 bytes"
    text = parsed_text(data)
    if text is None:
        yield "does not parse"
    elif not text:
        yield "no text"
    elif s.form == "text" and text != " ".join(s.body.split()):
        yield "the text is not that of the source"


def likeness(all_sources):
    """Pairs of messages, how many of their shingles are in both (Jaccard), likest first."""
    sets = [shingles(s.fields["Subject"] + "\n" + s.body) for s in all_sources]
    found = []
    for i, a in enumerate(sets):
        for j in range(i):
            common = len(a & sets[j])
            share = common / (len(a) + len(sets[j]) - common)
            found.append((share, all_sources[j].where, all_sources[i].where))
    return sorted(found, reverse=True)


def check(all_sources):
    wrong = [f"{s.where}: {x}" for s in all_sources for x in wrong_with(s)]
    pairs = likeness(all_sources)
    wrong += [f"{a} and {b} are alike: {x:.2f}" for x, a, b in pairs if x >= 0.3]
    seen = {}
    for s in all_sources:
        for sentence in set(sentences(s)):
            if sentence in seen:
                wrong.append(f"{s.where} and {seen[sentence]} share: {' '.join(sentence)}")
            seen[sentence] = s.where
    for x in wrong:
        print(x)
    share, a, b = pairs[0]
    print(f"{len(all_sources)} messages; likest pair {share:.3f} ({a}, {b})")
    return 1 if wrong else 0


def count(all_sources):
    for what in ("language", "kind", "form"):
        for name, n in collections.Counter(getattr(s, what) for s in all_sources).most_common():
            print(f"{what}\t{name}\t{n}")
    print(f"all\t\t{len(all_sources)}")


def main():
    if sys.argv[1:] == ["--count"]:
        count(sources())
    elif sys.argv[1:] == ["--check"]:
        return check(sources())
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        sys.stdout.buffer.writelines(mbox(sources()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
