#!/usr/bin/python3
"""few_shot.py - a base model fine-tuned on a few texts, on a GPU (models/gpu.py); prints JSON lines.

    bench/accuracy/few_shot.py --base DIR --train FILE --test FILE [--sizes 16,64,256] [--seeds N] [option]...

As bolter-train protocol few-shot: so many texts in all, in the proportions of FILE's labels, several draws of
each; F1 of spam at 0.5 among at most --max-test texts. The options of models/gpu.py hold, too.
"""
import argparse
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models"))
import gpu


def quotas(rows, n):
    """How many ham and spam: shares rounded down, the rest to the larger remainder."""
    spam = n * sum(label for _, label in rows) / len(rows)
    many = int(spam) + (spam % 1 > 0.5)
    return [n - many, many]


def draw(rows, n, seed):
    left, out = quotas(rows, n), []
    for i in random.Random(1000 * n + seed).sample(range(len(rows)), len(rows)):
        label = rows[i][1]
        if left[label] > 0:
            left[label] -= 1
            out.append(rows[i])
    return out


def f1(odds, labels):
    found = [label for x, label in zip(odds, labels) if x > 0]
    right = sum(found)
    return 2 * right / max(1, len(found) + sum(labels))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu.add_options(p)
    p.add_argument("--test", required=True)
    p.add_argument("--sizes", default="16,64,256")
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--min-steps", type=int, default=40)
    p.add_argument("--max-test", type=int, default=1000)
    o = p.parse_args()
    reader = gpu.Reader(o)
    rows, test = reader.texts(o.train), reader.texts([o.test])
    test = random.Random(1).sample(test, min(o.max_test, len(test)))
    epochs = o.epochs
    for n in map(int, o.sizes.split(",")):
        for o.seed in range(1, o.seeds + 1):
            some = draw(rows, n, o.seed)
            o.epochs = max(epochs, o.min_steps / -(-n // o.batch))
            net = gpu.network(o)
            gpu.train(net, some, reader, o)
            odds = gpu.odds(net, [reader.cut(ids) for ids, _ in test])
            print(json.dumps({"texts": n, "seed": o.seed, "f1": f1(odds, [label for _, label in test])}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
