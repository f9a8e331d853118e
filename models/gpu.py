#!/usr/bin/python3
"""gpu.py - what bolter-train finetune does for the default model, in PyTorch, where there is a GPU.

    models/gpu.py --base DIR --out DIR --train FILE... [option]...

A FILE holds JSON lines of "text" and "label" (ham, spam), as bolter-train prepare writes them; one that is named
twice is read twice. OUT becomes a model directory with float16 weights, from which bolter-train goes on: export,
calibrate, wide, predict. The options are those of bolter-train finetune, with the default model's values; texts
begin with the begin token, the head reads the mean, all weights train. Needs PyTorch, safetensors and
tokenizers. Products are in bfloat16, and the sums of a GPU depend on what else it does: two runs differ a
little.
"""
import argparse
import json
import math
import os
import random
import shutil
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers

LAYOUT = "Subject: {subject}\nFrom: {from_name} {from_domain}\n\n{body}"
FEWEST, MOST, STRETCH = 30, 500, 150  # of innocent words, in tokens; of them from one text
LABELS = ("ham", "spam")
LABEL = {"ham": 0, "spam": 1, "0": 0, "1": 1}


class Network(torch.nn.Module):
    """GPT-2 (Radford et al. 2019) with a head that reads the mean of the last norm's rows."""

    def __init__(self, base, config):
        super().__init__()
        self.config = config
        self.heads, self.layers = config["n_head"], config["n_layer"]
        self.eps = config["layer_norm_epsilon"]
        self.names = sorted(base)
        self.p = torch.nn.ParameterDict({n.replace(".", "/"): torch.nn.Parameter(base[n].float()) for n in base})

    def w(self, name):
        return self.p[name.replace(".", "/")]

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w(name + ".weight"), self.w(name + ".bias"), self.eps)

    def linear(self, x, name):
        w, b = (self.w(name + end).to(x.dtype) for end in (".weight", ".bias"))
        return torch.addmm(b, x.flatten(0, 1), w).view(*x.shape[:2], -1)

    def hidden(self, ids):
        B, T = ids.shape
        x = self.w("transformer.wte.weight")[ids] + self.w("transformer.wpe.weight")[:T]
        for i in range(self.layers):
            h = f"transformer.h.{i}."
            a = self.norm(x, h + "ln_1").bfloat16()
            qkv = self.linear(a, h + "attn.c_attn").chunk(3, -1)
            q, k, v = (z.view(B, T, self.heads, -1).transpose(1, 2) for z in qkv)
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, -1)
            x = x + self.linear(a, h + "attn.c_proj").float()
            a = F.gelu(self.linear(self.norm(x, h + "ln_2").bfloat16(), h + "mlp.c_fc"), approximate="tanh")
            x = x + self.linear(a, h + "mlp.c_proj").float()
        return self.norm(x, "transformer.ln_f")

    def read(self, hidden, lengths):
        """Logits of the mean over each text's own tokens."""
        inside = torch.arange(hidden.shape[1], device=hidden.device) < lengths[:, None]
        mean = (hidden * inside[..., None]).sum(1) / lengths[:, None]
        return mean @ self.w("score.weight").T

    def next_token_loss(self, hidden, ids, rows):
        b, t = rows
        logits = hidden[b, t].bfloat16() @ self.w("transformer.wte.weight").bfloat16().T
        return F.cross_entropy(logits.float(), ids[b, t + 1])


def config_of(o):
    with open(f"{o.base}/config.json") as f:
        return json.load(f)


def network(o):
    """The base model with a head of random weights."""
    torch.manual_seed(o.seed)
    config, base = config_of(o), load_file(f"{o.base}/model.safetensors")
    base = {k if k.startswith("transformer.") else "transformer." + k: v
            for k, v in base.items() if k != "lm_head.weight"}
    base["score.weight"] = torch.randn(2, config["n_embd"]) * 0.02
    return Network(base, config).cuda()


def batch_of(seqs):
    longest = -(-max(map(len, seqs)) // 32) * 32
    ids = torch.zeros(len(seqs), longest, dtype=torch.long)
    for i, s in enumerate(seqs):
        ids[i, :len(s)] = torch.tensor(s)
    return ids.cuda(non_blocking=True), torch.tensor([len(s) for s in seqs]).cuda(non_blocking=True)


# ---- Texts ----

class Reader:
    """Tokens of texts, as the model's card says."""

    def __init__(self, o):
        t = Tokenizer(models.BPE.from_file(f"{o.base}/vocab.json", f"{o.base}/merges.txt"))
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.t, self.o = t, o
        self.begin, self.line = config_of(o)["bos_token_id"], t.encode("\n").ids[0]

    def texts(self, paths):
        out = {}
        for path in dict.fromkeys(paths):
            with open(path) as f:
                rows = [json.loads(line) for line in f]
            ids = [e.ids for e in self.t.encode_batch([r["text"] for r in rows])]
            out[path] = [([self.begin] + x, LABEL[r["label"]]) for x, r in zip(ids, rows)]
        return [x for path in paths for x in out[path]]

    def cut(self, ids):
        n, tail = self.o.max_tokens, self.o.tail_tokens
        return ids if len(ids) <= n else ids[:n - tail] + ids[-tail:]

    def window(self, ids, rng):
        """The lead of a long text and a slice from behind it (libcore/ckpt/window.c)."""
        n = self.o.max_tokens - 1
        lead = 1 + n // 8
        size = n + 1 - lead
        at = rng.randrange(lead, len(ids) - size + 1)
        return ids[:lead] + ids[at:at + size]


class Disguise:
    """Innocent words put into spam (trainer/disguise.h)."""

    def __init__(self, rows, reader, share):
        self.share, self.reader = share, reader
        self.innocent = [ids for ids, label in rows if label == 0]

    def words(self, n, rng):
        out = []
        while len(out) < n:
            s = self.reader.cut(rng.choice(self.innocent))
            at = rng.randrange(len(s) - STRETCH) if len(s) > STRETCH else 0
            out += s[at:at + STRETCH]
        return out

    def body(self, ids):
        line = self.reader.line
        return next((i + 2 for i in range(len(ids) - 1) if ids[i] == line == ids[i + 1]), 1)

    def put(self, ids, label, rng):
        if rng.random() >= (self.share if label else 0.3 * self.share):
            return ids
        gap, words = [self.reader.line] * 2, self.words(rng.randrange(FEWEST, MOST), rng)
        if rng.random() < 0.5:
            return ids + gap + words
        at = self.body(ids)
        return ids[:at] + words + gap + ids[at:]


# ---- Training ----

def scale_of(name, layers, decay):
    layer = int(name.split(".")[2]) + 1 if ".h." in name else 0 if "wte" in name or "wpe" in name else layers
    return decay ** max(layers - layer, 0)


def optimizer(net, o):
    groups = {}
    for name in net.names:
        p = net.w(name)
        key = scale_of(name, net.layers, o.layer_decay), o.weight_decay if p.dim() > 1 else 0.0
        groups.setdefault(key, []).append(p)
    return torch.optim.AdamW([{"params": p, "lr": o.lr * s, "scale": s, "weight_decay": d}
                              for (s, d), p in groups.items()], betas=(0.9, 0.999), eps=1e-8, fused=True)


def rate(step, steps, warmup):
    """Linear warm-up, then a cosine to nothing; step counts from 1."""
    if step <= warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - 1 - warmup) / (steps - warmup)))


def guessed(seqs, step, every):
    """Every so many tokens, another each step: the sequences and places from which the next one is predicted."""
    at = [(s, i) for s, x in enumerate(seqs) for i in range(len(x) - 1) if (i + s + step - 1) % every == 0]
    return torch.tensor(at).cuda().T


def losses(net, seqs, labels, step, o):
    ids, lengths = batch_of(seqs)
    hidden = net.hidden(ids)
    loss = F.cross_entropy(net.read(hidden, lengths), torch.tensor(labels, device="cuda"))
    return loss, net.next_token_loss(hidden, ids, guessed(seqs, step, o.lm_every)) if o.lm_loss else 0 * loss


class Course:
    """Mean losses, told now and then."""

    def __init__(self, steps):
        self.steps, self.began, self.sums = steps, time.time(), []

    def add(self, step, *some):
        self.sums.append(torch.stack(some).detach())
        if step % 400 == 0 or step == self.steps:
            loss, lm = torch.stack(self.sums).mean(0).tolist()
            print(f"step {step} of {self.steps}: loss {loss:.4f}, next token {lm:.4f}, "
                  f"{time.time() - self.began:.0f} s", file=sys.stderr, flush=True)
            self.sums = []


def shown(reader, disguise, ids, label, rng):
    """What an epoch shows of a text: a window of some that are too long, else its beginning and end."""
    if len(ids) > reader.o.max_tokens and rng.random() < reader.o.windows:
        return reader.window(ids, rng)
    return reader.cut(disguise.put(ids, label, rng))


def train(net, rows, reader, o):
    """The number of steps."""
    rng, opt, disguise = random.Random(o.seed), optimizer(net, o), Disguise(rows, reader, o.disguise)
    per = -(-len(rows) // o.batch)
    steps = math.ceil(o.epochs * per)
    course = Course(steps)
    for step in range(1, steps + 1):
        at = (step - 1) % per * o.batch
        if at == 0:
            order = rng.sample(range(len(rows)), len(rows))
        some = [rows[i] for i in order[at:at + o.batch]]
        seqs = [shown(reader, disguise, ids, label, rng) for ids, label in some]
        loss, lm = losses(net, seqs, [label for _, label in some], step, o)
        (loss + o.lm_loss * lm).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for g in opt.param_groups:
            g["lr"] = o.lr * g["scale"] * rate(step, steps, int(o.warmup * steps))
        opt.step()
        opt.zero_grad()
        course.add(step, loss, lm)
    return steps


@torch.no_grad()
def odds(net, seqs):
    """Log-odds of spam."""
    out = []
    for at in range(0, len(seqs), 256):
        ids, lengths = batch_of(seqs[at:at + 256])
        logits = net.read(net.hidden(ids), lengths)
        out += (logits[:, 1] - logits[:, 0]).tolist()
    return out


def save(net, o, steps, n):
    os.makedirs(o.out, exist_ok=True)
    save_file({k: net.w(k).detach().half().contiguous() for k in net.names}, f"{o.out}/model.safetensors")
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(f"{o.base}/{name}", o.out)
    config = {**net.config, "architectures": ["GPT2ForSequenceClassification"], "id2label": {"0": "ham", "1": "spam"},
              "label2id": {"ham": 0, "spam": 1}, "problem_type": "single_label_classification",
              "pad_token_id": net.config["eos_token_id"]}
    card = {"v": 1, "text_version": 1, "labels": list(LABELS), "position": "mean", "bos": True,
            "max_tokens": o.max_tokens, "tail_tokens": o.tail_tokens, "temperature": 1.0, "spam_threshold": 0.5,
            "unsure_threshold": 0.5, "text_layout": LAYOUT,
            "provenance": {"program": "PyTorch " + torch.__version__, "trainable": "all", "epochs": o.epochs,
                           "lr": o.lr, "batch": o.batch, "seed": o.seed, "steps": steps, "train": n}}
    for name, j in (("config.json", config), ("bolter.json", card)):
        with open(f"{o.out}/{name}", "w") as f:
            json.dump(j, f, indent=2)


def add_options(p):
    p.add_argument("--base", required=True)
    p.add_argument("--train", action="append", required=True)
    p.add_argument("--validation", action="append", help="not read")
    p.add_argument("--max-tokens", type=int, default=256)
    p.add_argument("--tail-tokens", type=int, default=64)
    p.add_argument("--epochs", type=float, default=1)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--lr", type=float, default=4e-4)
    p.add_argument("--warmup", type=float, default=0.06)
    p.add_argument("--weight-decay", type=float, default=0.05)
    p.add_argument("--layer-decay", type=float, default=0.85)
    p.add_argument("--lm-loss", type=float, default=0.5)
    p.add_argument("--lm-every", type=int, default=4)
    p.add_argument("--disguise", type=float, default=0.4)
    p.add_argument("--windows", type=float, default=0.25)
    p.add_argument("--seed", type=int, default=123)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(p)
    p.add_argument("--out", required=True)
    o = p.parse_args()
    torch.set_num_threads(1)
    reader = Reader(o)
    net = network(o)
    rows = reader.texts(o.train)
    print(f"{len(rows)} texts", file=sys.stderr, flush=True)
    steps = train(net, rows, reader, o)
    save(net, o, steps, len(rows))


if __name__ == "__main__":
    sys.exit(main())
