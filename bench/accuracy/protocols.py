#!/usr/bin/python3
"""protocols.py - one recipe, trained anew on each public corpus and measured on its test part; prints CSV.

    bench/accuracy/protocols.py --bolter-train PATH --base DIR --corpora DIR --out DIR [--gpu] [--only P1,P3]
                                [--seeds N]

  P1  the balanced SMS collection of the book, five seeds; P2, all of it
  P3  the SpamAssassin corpus, as raw mail; P4, Enron-Spam
  P5  each of these two models on the other's test part, less what both corpora have
  P6  a few texts alone: the network, mean over corpora and draws
  P7  P3 again, its spam with innocent words in it (attacks.py)

CORPORA holds sms-spam-collection, spamassassin, enron and splits. OUT keeps models and predictions; what is
there is not made again, and an interrupted training goes on. "both" is the model as it is used, "network" its
transformer alone. "apart" leaves out test texts that share 80 % of their runs of four words with one of the
training part. Decisions at 0.5. It takes hours; with --gpu, where the network is trained by models/gpu.py,
minutes.
"""
import argparse
import csv
import json
import os
import re
import subprocess
import sys
import time
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
GPU, FEW = f"{HERE}/../../models/gpu.py", f"{HERE}/few_shot.py"
sys.path.insert(0, HERE)
import corpora
import default
from program import run

RECIPE = ("--begin --max-tokens 256 --tail-tokens 64 --position mean --lm-loss 0.5 --disguise 40% "
          "--precision bfloat16 --wide").split()
FEW_RECIPE = "--epochs 3 --min-steps 120".split()
EPOCHS = {"P1": 10, "P2": 10, "P3": 6, "P4": 2}
MEASURES = ("accuracy", "recall_fpr_01", "recall_fpr_1", "auc", "fpr")
MODELS = {"both": [], "network": ["--no-wide"]}
SIZES = ("16", "64", "256")

out = csv.writer(sys.stdout, lineterminator="\n")


def told(o, name):
    """What finetune and predict are told to read for a protocol."""
    c = o.corpora
    if name == "P1":
        return [x for part in ("train", "validation", "test") for x in (f"--{part}", f"{o.out}/book/{part}.csv")]
    if name == "P2":
        return [*corpora.split(c, "sms-spam-collection"), *corpora.sms(c)]
    if name == "P3":
        return [*corpora.split(c, "spamassassin"), *corpora.spamassassin(c)]
    return [*corpora.split(c, "enron"), *corpora.enron(c)]


def parts(o, name):
    """A folder of the protocol's texts as JSON lines."""
    folder = f"{o.out}/texts-{name}"
    if not os.path.exists(f"{folder}/test.jsonl"):
        run(o, "prepare", "-o", folder, "--force", "--format", "jsonl", "--ids", "--duplicates", "keep",
            "--near-duplicates", "keep", *told(o, name))
    return folder


def train(o, name, seed, made):
    how = ["--epochs", str(EPOCHS[name]), "--seed", str(seed)]
    if o.gpu:
        subprocess.run([sys.executable, GPU, "--base", o.base, "--out", made, "--train",
                        f"{parts(o, name)}/train.jsonl", *how], check=True)
        run(o, "wide", "-m", made, *told(o, name))
    else:
        resume = ["--resume"] if os.path.exists(f"{made}.run") else []
        run(o, "finetune", "-m", o.base, "-o", made, *RECIPE, *how, *resume, *told(o, name))


def model(o, name, seed=1):
    """The protocol's model, trained where it is missing."""
    made = f"{o.out}/{name}-{seed}"
    if name == "P1" and not os.path.exists(f"{o.out}/book/test.csv"):
        run(o, "prepare", "--book", f"{o.corpora}/sms-spam-collection/SMSSpamCollection", "-o", f"{o.out}/book")
    if not os.path.exists(f"{made}/bolter.json"):
        train(o, name, seed, made)
    return made


def scored(o, kept, made, *what):
    """Lines of id, label and score, which are kept in a file."""
    if not os.path.exists(kept):
        lines = run(o, "predict", "-m", made, *what)
        with open(kept, "w") as f:
            f.write(lines)
    with open(kept) as f:
        return [line.rstrip("\n").split("\t")[:3] for line in f]


def predictions(o, made, of, options):
    """Those of a test part."""
    return scored(o, f"{made}.{of}{''.join(options)}.tsv", made, *options, "--part", "test", *told(o, of))


def measure(o, protocol, seed, which, lines, only=MEASURES):
    path = f"{o.out}/measured.tsv"
    with open(path, "w") as f:
        f.writelines("\t".join(line) + "\n" for line in lines)
    r = json.loads(run(o, "evaluate", "--predictions", path, "--threshold", "0.5", "--json"))
    out.writerow([protocol, seed, which, r["n"],
                  *(f"{x:.6f}" if k in only and x is not None else "" for k in MEASURES for x in r[k])])
    sys.stdout.flush()


# ---- Near-duplicates ----

def runs_of_words(text):
    words = re.findall(r"\w+", text.lower())
    return {hash(tuple(words[i:i + 4])) for i in range(max(1, len(words) - 3))}


def texts(o, name, part):
    with open(f"{parts(o, name)}/{part}.jsonl") as f:
        return {r["id"]: runs_of_words(r["text"]) for r in map(json.loads, f)}


def seen_before(o, name):
    """Ids of the test texts that are nearly one of the training part."""
    train, having = list(texts(o, name, "train").values()), {}
    for i, runs in enumerate(train):
        for x in runs:
            having.setdefault(x, []).append(i)
    near = set()
    for key, runs in texts(o, name, "test").items():
        shared = {}
        for i in (i for x in runs for i in having.get(x, ())):
            shared[i] = shared.get(i, 0) + 1
        if any(n >= 0.8 * (len(runs) + len(train[i]) - n) for i, n in shared.items()):
            near.add(key)
    return near


# ---- The protocols ----

def of_a_corpus(o, name):
    near = set() if name == "P1" else seen_before(o, name)
    for seed in range(1, (o.seeds if name == "P1" else 1) + 1):
        for which, options in MODELS.items():
            lines = predictions(o, model(o, name, seed), name, options)
            measure(o, name, seed, which, lines)
            if near:
                measure(o, f"{name} apart", seed, which, [x for x in lines if x[0] not in near])


def cross(o, _):
    with open(f"{o.corpora}/splits/overlap-spamassassin-enron.tsv") as f:
        common = {line.split("\t")[1] for line in f if not line.startswith("#")}
    for trained, tested in (("P3", "P4"), ("P4", "P3")):
        for which, options in MODELS.items():
            lines = predictions(o, model(o, trained), tested, options)
            measure(o, f"P5 {trained} on {tested}", 1, which, [x for x in lines if x[0] not in common])


def few_runs(o, name):
    """JSON lines of fine-tunings on a few texts."""
    how = ["--sizes", ",".join(SIZES), "--seeds", str(o.seeds), "--max-test", "1000"]
    if o.gpu:
        texts_of = parts(o, name)
        return subprocess.run([sys.executable, FEW, "--base", o.base, "--train", f"{texts_of}/train.jsonl", "--test",
                               f"{texts_of}/test.jsonl", "--disguise", "0", *FEW_RECIPE, *how], check=True, stdout=subprocess.PIPE,
                              text=True).stdout
    alone = [x for x in RECIPE if x not in ("--wide", "--disguise", "40%")]
    return run(o, "protocol", "few-shot", "-m", o.base, "--json", *FEW_RECIPE, *alone, *how, *told(o, name))


def few_shot(o, _):
    for name in ("P2", "P3", "P4"):
        path = f"{o.out}/P6-{name}.jsonl"
        if not os.path.exists(path):
            lines = few_runs(o, name)
            with open(path, "w") as f:
                f.write(lines)
        with open(path) as f:
            found = [json.loads(line) for line in f]
        for size in SIZES:
            f1 = [r["f1"] for r in found if r["texts"] == int(size)]
            print(f"# P6, {name}'s corpus, {size} texts: F1 " + " ".join(f"{x:.3f}" for x in f1) +
                  f", mean {sum(f1) / len(f1):.3f}")


def attacked(o, _):
    """The clean ham beside attacked spam, so that a share of that ham sets the threshold."""
    made = model(o, "P3")
    for kind, path in default.attack_spam(SimpleNamespace(**vars(o), work=o.out)).items():
        for which, options in MODELS.items():
            ham = [x for x in predictions(o, made, "P3", options) if x[1] == "ham"]
            spam = scored(o, f"{made}.{kind}{''.join(options)}.tsv", made, *options, "--spam", path)
            measure(o, f"P7 {kind}", 1, which, ham + spam, ("recall_fpr_01", "recall_fpr_1"))


PROTOCOLS = {"P1": of_a_corpus, "P2": of_a_corpus, "P3": of_a_corpus, "P4": of_a_corpus, "P5": cross, "P6": few_shot,
             "P7": attacked}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--corpora", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--gpu", action="store_true", help="train with PyTorch")
    p.add_argument("--only", default=",".join(PROTOCOLS))
    p.add_argument("--seeds", type=int, default=5, help="of P1 and P6")
    o = p.parse_args()
    os.makedirs(o.out, exist_ok=True)
    print(f"# bench/accuracy/protocols.py --only {o.only}, {time.strftime('%d %B %Y')}: "
          f"{run(o, '--version').splitlines()[0]}; {'models/gpu.py (--windows 0.25), then wide' if o.gpu else 'finetune'}; "
          f"recipe: {' '.join(RECIPE)}, epochs {EPOCHS}; few texts: {' '.join(FEW_RECIPE)}")
    out.writerow(["protocol", "seed", "model", "n", *(k + e for k in MEASURES for e in ("", "_low", "_high"))])
    for name in o.only.split(","):
        PROTOCOLS[name](o, name)


if __name__ == "__main__":
    sys.exit(main())
