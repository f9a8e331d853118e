#!/usr/bin/python3
"""pretrain.py - what a small model gains from pretraining on texts like those that it is to tell apart; prints CSV.

    bench/pretrain.py --bolter-train PATH --corpora DIR --out DIR [--steps N] [--seeds N]

CORPORA holds sms-spam-collection, spamassassin, enron, imdb and splits. A tokenizer of 8,192 tokens and a
language model of 5.4 million parameters (4 blocks, 256 wide, 512 positions) learn from the training parts.
Then the model is fine-tuned on the SMS and on the SpamAssassin corpus, and so is one of the same shape with
random weights, with several seeds. Printed is what they reach on the test parts. What is in OUT already is
not made again, and a run that was interrupted goes on; OUT/lm is the language model, with the course of its loss and samples of what it writes.
"""
import argparse
import csv
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "accuracy"))
import corpora
from program import run

MEASURES = ("accuracy", "recall_fpr_01", "recall_fpr_1", "auc")
# Random weights bear, and need, a higher rate.
BEGINNINGS = {"pretrained": ["--lr", "4e-4"], "random": ["--random-init", "--lr", "1e-3"]}


def resumed(model):
    return ["--resume"] if os.path.exists(f"{model}.run") else []


def sources(c):
    """What each corpus is read from."""
    return {"sms-spam-collection": corpora.sms(c), "spamassassin": corpora.spamassassin(c), "enron": corpora.enron(c),
            "imdb": ["--data", f"{c}/imdb/train.tsv.gz"]}


def texts(o, corpus, part):
    return f"{o.out}/parts/{corpus}/{part}.jsonl"


def make_parts(o):
    for corpus, told in sources(o.corpora).items():
        if not os.path.exists(texts(o, corpus, "test")):
            run(o, "prepare", "-o", f"{o.out}/parts/{corpus}", "--force", "--format", "jsonl", "--ids", "--duplicates",
                "keep", "--near-duplicates", "keep", *corpora.split(o.corpora, corpus), *told)


def pretrain(o):
    train = [texts(o, corpus, "train") for corpus in sources(o.corpora)]
    if not os.path.exists(f"{o.out}/tokens/vocab.json"):
        run(o, "tokenizer", "train", "-o", f"{o.out}/tokens", "--vocab-size", "8192",
            *(x for path in train for x in ("--train", path)))
    if not os.path.exists(f"{o.out}/lm/config.json"):
        run(o, "pretrain", "--vocab", f"{o.out}/tokens", "-o", f"{o.out}/lm", "--layers", "4", "--width", "256",
            "--heads", "4", "--context", "512", "--steps", str(o.steps), "-b", "16", "--lr", "1e-3",
            "-j", str(o.threads), "--precision", "bfloat16", "--validation-share", "1%", "--eval-every", "250", "--sample", "Subject: ",
            *resumed(f"{o.out}/lm"), *train)


def fine_tuned(o, corpus, beginning, seed):
    """The model's directory."""
    model = f"{o.out}/{corpus}-{beginning}-{seed}"
    if not os.path.exists(f"{model}/config.json"):
        run(o, "finetune", "-m", f"{o.out}/lm", "-o", model, "--train", texts(o, corpus, "train"), "--validation",
            texts(o, corpus, "validation"), "--begin", "--max-tokens", "256", "--tail-tokens", "64", "--position",
            "mean", "--layer-decay", "1", "--precision", "bfloat16", "--epochs", "4", "--seed", str(seed),
            *resumed(model), *BEGINNINGS[beginning])
    return model


def measure(o, out, corpus, beginning, seed):
    r = json.loads(run(o, "evaluate", "-m", fine_tuned(o, corpus, beginning, seed), "--part", "all", "--threshold",
                       "0.5", "--json", "--data", texts(o, corpus, "test")))
    out.writerow([corpus, beginning, seed, r["n"], *("" if x is None else f"{x:.6f}" for k in MEASURES for x in r[k])])
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--corpora", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--steps", type=int, default=2000, help="of pretraining, 16 passages of 512 tokens each")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--threads", type=int, default=0, help="of pretraining; 0: all processors")
    o = p.parse_args()
    os.makedirs(f"{o.out}/parts", exist_ok=True)
    make_parts(o)
    pretrain(o)
    out = csv.writer(sys.stdout, lineterminator="\n")
    print(f"# bench/pretrain.py --steps {o.steps}, {time.strftime('%d %B %Y')}: {run(o, '--version').splitlines()[0]}; "
          "test parts, decided at 0.5, intervals of 95 %.")
    out.writerow(["corpus", "weights", "seed", "n", *(k + e for k in MEASURES for e in ("", "_low", "_high"))])
    for corpus in ("sms-spam-collection", "spamassassin"):
        for beginning in BEGINNINGS:
            for seed in range(1, o.seeds + 1):
                measure(o, out, corpus, beginning, seed)


if __name__ == "__main__":
    sys.exit(main())
