#!/usr/bin/python3
"""default.py - what a model reaches on test parts and on mail that we wrote, and against attacks; prints CSV.

    bench/accuracy/default.py --bolter-train PATH --model DIR --corpora DIR [--attacks]

CORPORA holds sms-spam-collection, spamassassin, enron, multilingual, modern-html-ham, modern-ham,
modern-phishing and splits. Without --attacks: the measures of bolter-train evaluate at the model's threshold. With it: recall
of SpamAssassin's test spam with innocent words in it (attacks.py), at the model's threshold and at those
that 1 % and 0.1 % of the clean test ham reach.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import attacks
import corpora
from program import run

INTERVALS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "fpr", "recall_fpr_01", "recall_fpr_1",
             "auc")
COUNTS = ("n", "spam", "ham", "tp", "fp", "tn", "fn")

out = csv.writer(sys.stdout, lineterminator="\n")


def spamassassin(o):
    return [*corpora.split(o.corpora, "spamassassin"), *corpora.spamassassin(o.corpora)]


def parts(o):
    """Names, and what evaluate is told to read."""
    c = o.corpora
    yield "sms", [*corpora.split(c, "sms-spam-collection"), *corpora.sms(c)]
    yield "spamassassin", spamassassin(o)
    yield "enron", [*corpora.split(c, "enron"), *corpora.enron(c)]
    for name in ("tr-sms", "id-sms", "th-sms", "ru-telegram", "zh-sms-ham-only"):
        yield name, [*corpora.split(c, name), "--data", f"{c}/multilingual/{name}.tsv.gz"]
    html = [*corpora.split(c, "modern-html-ham"), "--ham", f"{c}/modern-html-ham/modern-html-ham.mbox.gz"]
    yield "modern-html-ham", html
    yield "the same without senders", ["--part", "all", "--data", without_senders(o, html)]
    yield "modern-ham", ["--part", "all", "--ham", f"{c}/modern-ham/usrp-users.mbox.gz"]
    yield "modern-phishing", ["--part", "all", "--spam", f"{c}/modern-phishing/phishing-2022-2023.mbox.gz"]
    yield "own modern ham", ["--part", "all", "--ham", written_ham(o)]


def without_senders(o, told):
    """The test part of a corpus of mail, its line From left out."""
    run(o, "prepare", "-o", f"{o.work}/bare", "--force", "--format", "jsonl", "--duplicates", "keep",
        "--near-duplicates", "keep", "--layout", "Subject: {subject}\n\n{body}", *told)
    return f"{o.work}/bare/test.jsonl"


def written_ham(o):
    """The messages in the folder ham."""
    path = os.path.join(o.work, "ham.mbox")
    with open(path, "wb") as f:
        subprocess.run([sys.executable, os.path.join(HERE, "ham", "build.py")], check=True, stdout=f)
    return path


def head(o, what):
    model = next(line.split()[-1] for line in run(o, "inspect", "model", "-m", o.model).splitlines()
                 if line.startswith("model id"))
    print(f"# bench/accuracy/default.py{what}, {time.strftime('%d %B %Y')}: model {model}, "
          f"{run(o, '--version').splitlines()[0]}; scored as by bolter.")


def number(x):
    return "" if x is None else f"{x:.6f}".rstrip("0").rstrip(".")


def measures(o):
    head(o, "")
    print("# Test parts; modern-ham, modern-phishing and own modern ham whole. Intervals: 95 %. Empty: not defined.")
    out.writerow(["part", *COUNTS, "threshold", *(n + e for n in INTERVALS for e in ("", "_low", "_high")), "loss",
                  "brier"])
    for name, told in parts(o):
        part = [] if "--part" in told else ["--part", "test"]
        r = json.loads(run(o, "evaluate", "-m", o.model, "--json", "--precision", "auto", *part, *told))
        row = [name, *(r[k] for k in COUNTS), number(r["threshold"])]
        for k in INTERVALS:
            row += [number(x) for x in (r.get(k) or [None] * 3)]
        out.writerow([*row, *(number((r.get(k) or [None])[0]) for k in ("loss", "brier"))])
        sys.stdout.flush()


def scores(o, *told):
    """Label and score of each text."""
    said = run(o, "predict", "-m", o.model, "--precision", "auto", *told)
    return [(label, float(score)) for _, label, score in (line.split("\t")[:3] for line in said.splitlines())]


def cut_at(ham, share):
    """The threshold that at most so much of the ham is above."""
    return sorted(ham)[-1 - int(share * len(ham))]


def attack_spam(o):
    """By kind of attack, an mbox of the attacked test spam."""
    with open(f"{o.corpora}/splits/spamassassin.tsv") as f:
        test = {i for i, _, part, *_ in (line.rstrip("\n").split("\t") for line in f) if part == "test"}
    run(o, "prepare", "-o", f"{o.work}/parts", "--force", "--format", "jsonl", *spamassassin(o))
    with open(f"{o.work}/parts/train.jsonl") as f:
        words = attacks.Words(r["text"] for r in map(json.loads, f) if r["label"] == "ham")
    spam = [m for name in ("spam-1", "spam-2")
            for i, m in enumerate(attacks.read_mbox(f"{o.corpora}/spamassassin/{name}.mbox.gz"))
            if f"{name}/{i}" in test]
    made = {kind: f"{o.work}/{kind}.mbox" for kind in attacks.KINDS}
    for kind, path in made.items():
        attacks.write_mbox(path, [attacks.attacked(m, kind, words.some()) for m in spam])
    return made


def against_attacks(o):
    clean = scores(o, "--part", "test", *spamassassin(o))
    ham = sorted(score for label, score in clean if label == "ham")
    with open(f"{o.model}/bolter.json") as f:
        own = json.load(f)["spam_threshold"]
    reached = {"the model's threshold": lambda score: score >= own}
    for share in (0.01, 0.001):
        cut = ham[-1 - int(share * len(ham))]
        reached[f"FPR <= {100 * share:g} %"] = lambda score, cut=cut: score > cut
    found = {"clean": [score for label, score in clean if label == "spam"]}
    for kind, path in attack_spam(o).items():
        found[kind] = [score for _, score in scores(o, "--spam", path)]
    head(o, " --attacks")
    out.writerow(["attack", "n", *(f"recall at {name}" for name in reached)])
    for kind, of_kind in found.items():
        out.writerow([kind, len(of_kind), *(f"{sum(map(f, of_kind)) / len(of_kind):.4f}" for f in reached.values())])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--corpora", required=True)
    p.add_argument("--attacks", action="store_true")
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as o.work:
        return against_attacks(o) if o.attacks else measures(o)


if __name__ == "__main__":
    sys.exit(main())
