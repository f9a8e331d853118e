#!/usr/bin/python3
"""stream.py - a user's first weeks (P8): each mail is scored, and its label learned at once; prints CSV.

    bench/accuracy/stream.py --bolter-train PATH --base DIR --corpora DIR

The SpamAssassin corpus without its duplicates (5,663 mails), by bolter-train protocol stream --wide:

  date      in the order of the topmost Received field, measured from mail 1,001 on
  shuffled  the first 2,000 of a random order, three seeds and their mean

CORPORA holds spamassassin and splits. The base model gives a tokenizer and a layout, and no verdict. above is
(1-ROCA)%, with bootstrap intervals as of bolter-train evaluate, and from_N the same of the stretch that
begins with mail N.
"""
import argparse
import csv
import json
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpora
from program import run

BEGINS = (1, 101, 201, 501, 1001, 2001)
MEASURES = ("accuracy", "recall_fpr_01", "recall_fpr_1", "above")

out = csv.writer(sys.stdout, lineterminator="\n")


def ids(c):
    with open(f"{c}/splits/spamassassin.tsv") as f:
        rows = [line.split("\t") for line in f if not line.startswith("#")]
    return [r[0] for r in rows if r[2] in ("train", "validation", "test")]


def above(auc):
    return None if auc is None else 100 * (1 - auc)


def stream(o, order, *options):
    """Measures of the messages of this order: name to [value, low, high], and stretches to a value."""
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as f:
        f.writelines(x + "\n" for x in order)
        f.flush()
        lines = run(o, "protocol", "stream", "-m", o.base, "--wide", "--json", "--order", f.name, *options,
                    *corpora.spamassassin(o.corpora))
    r = json.loads(lines.splitlines()[-1])
    value, low, high = r["auc"]
    r["above"] = [above(value), above(high), above(low)]
    r["stretches"] = {s["from"] + 1: above(s["auc"]) for s in r["stretches"]}
    return r


def row(name, seed, r):
    cells = [x for k in MEASURES for x in r[k]] + [r["stretches"].get(b) for b in BEGINS]
    out.writerow([name, seed, r["n"], *("" if x is None else f"{x:.4f}" for x in cells)])
    sys.stdout.flush()


def mean(xs):
    return None if None in xs else sum(xs) / len(xs)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--corpora", required=True)
    o = p.parse_args()
    print(f"# bench/accuracy/stream.py, {time.strftime('%d %B %Y')}: {run(o, '--version').splitlines()[0]}, "
          "protocol stream --wide")
    out.writerow(["stream", "seed", "n", *(k + e for k in MEASURES for e in ("", "_low", "_high")),
                  *(f"from_{b}" for b in BEGINS)])
    every = ids(o.corpora)
    row("date", "", stream(o, every, "--by-date", "--warm", "1000"))
    found = []
    for seed in (1, 2, 3):
        order = list(every)
        random.Random(seed).shuffle(order)
        found.append(stream(o, order[:2000]))
        row("shuffled", seed, found[-1])
    whole = {k: [mean([r[k][0] for r in found]), None, None] for k in MEASURES}
    whole["stretches"] = {b: mean([r["stretches"].get(b) for r in found]) for b in BEGINS}
    row("shuffled", "mean", {**whole, "n": 2000})


if __name__ == "__main__":
    sys.exit(main())
