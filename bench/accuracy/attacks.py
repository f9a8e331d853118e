"""attacks.py - spam with innocent words, as its senders write it to get past filters that count words.

Each attacked copy of a mail holds 500 words of ham, in stretches of 150 from ham that was trained on:
  append   behind the text
  prepend  before it
  hidden   before it, in a block of HTML that no reader shows
  control  none: the mail is only encoded as the others are
"""
import email
import gzip
import html
import random
import re

KINDS = ("control", "append", "prepend", "hidden")
WORDS, STRETCH = 500, 150


def read_mbox(path):
    """The messages of a gzipped mboxrd, as bytes."""
    messages, lines = [], None
    with gzip.open(path, "rb") as f:
        for line in f:
            if line.startswith(b"From "):
                lines = []
                messages.append(lines)
            elif lines is not None:
                lines.append(line[1:] if re.match(rb">+From ", line) else line)
    return [b"".join(m) for m in messages]


def write_mbox(path, messages):
    with open(path, "wb") as f:
        for m in messages:
            quoted = re.sub(rb"^(>*From )", rb">\1", m, flags=re.M)
            f.write(b"From somebody Thu Jan  1 00:00:00 1970\n" + quoted.rstrip(b"\n") + b"\n\n")


class Words:
    """Stretches of ham."""

    def __init__(self, texts, seed=11):
        bodies = (t.split("\n\n", 1)[-1].split() for t in texts)
        self.texts = [b for b in bodies if len(b) > 60]
        self.random = random.Random(seed)

    def some(self):
        out = []
        while len(out) < WORDS:
            t = self.random.choice(self.texts)
            at = self.random.randrange(max(1, len(t) - STRETCH))
            out += t[at:at + STRETCH]
        return "\n".join(" ".join(out[i:min(i + 12, WORDS)]) for i in range(0, WORDS, 12))


def text_of(part):
    raw = part.get_payload(decode=True) or b""
    for charset in (part.get_content_charset(), "utf-8"):
        try:
            return raw.decode(charset or "utf-8")
        except (LookupError, UnicodeDecodeError):
            pass
    return raw.decode("latin-1")


def attacked(raw, kind, words):
    """A copy of a mail; one without text stays as it is."""
    mail = email.message_from_bytes(raw)
    part = next((p for p in mail.walk() if p.get_content_type() in ("text/plain", "text/html")
                 and not p.is_multipart()), None)
    if part is None:
        return raw
    text, is_html = text_of(part), part.get_content_type() == "text/html"
    block = f"<p>\n{html.escape(words)}\n</p>\n" if is_html else words + "\n\n"
    if kind == "hidden":
        block = f'<div style="display:none;font-size:0;color:#ffffff">\n{html.escape(words)}\n</div>\n'
        text = block + text if is_html else f"<html><body>\n{block}<pre>\n{html.escape(text)}\n</pre></body></html>\n"
        is_html = True
    elif kind == "append":
        text += "\n\n" + block
    elif kind == "prepend":
        text = block + text
    for name in ("Content-Type", "Content-Transfer-Encoding"):
        del part[name]
    part["Content-Type"] = f'text/{"html" if is_html else "plain"}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(text.encode("utf-8", "replace").decode("ascii", "surrogateescape"))
    return mail.as_bytes()
