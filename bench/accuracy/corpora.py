"""corpora.py - what bolter-train reads the public corpora from, below a folder that holds them by name."""


def sms(c):
    return ["--data", f"{c}/sms-spam-collection/SMSSpamCollection"]


def spamassassin(c):
    names = {"ham": ("easy-ham-1", "easy-ham-2", "hard-ham-1"), "spam": ("spam-1", "spam-2")}
    return [x for label in names for name in names[label]
            for x in (f"--{label}", f"{c}/spamassassin/{name}.mbox.gz")]


def enron(c):
    return [x for n in range(1, 7) for x in ("--data", f"{c}/enron/enron{n}.tsv.gz")]


def split(c, corpus):
    """Which text is in which part."""
    return ["--split", f"{c}/splits/{corpus}.tsv"]
