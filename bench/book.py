#!/usr/bin/python3
"""book.py - chapter 6's fine-tuning job of "Build a Large Language Model (From Scratch)", here and in PyTorch.

Both train a GPT-2 of 124 million random parameters on the balanced SMS split: last block, final norm and
head, batches of 8, 5 epochs, an evaluation every 50 steps. PyTorch pads to 120 tokens, as the book does;
bolter-train runs once so (--book) and once as it would by itself, without padding. One thread each.
Processor seconds count, so that a shared machine disturbs less. PyTorch's seconds are those of the 650
steps and 367 evaluation batches of the whole job, from medians of a few of each. After that, a step that
trains all layers: the second epoch of a short run here, a median of a few steps there.

    bench/book.py --bolter-train PATH --vocab DIR --data DIR [--rounds N]

DIR of --vocab has GPT-2's vocab.json and merges.txt (tests/fetch-gpt2-vocab), that of --data train.csv,
validation.csv and test.csv ("bolter-train prepare --book"). Needs python3-torch and python3-numpy. Prints CSV.
"""
import argparse
import csv
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy

LAYERS, WIDTH, HEADS, VOCAB, CONTEXT = 12, 768, 12, 50257, 1024
NO_DOUBT = {"spam_threshold": 0.999999999, "unsure_threshold": 0.999999999}  # that int8 would look at twice
BATCH, LENGTH, STEPS, EVALUATIONS = 8, 120, 650, 367


def shapes(head=0):
    """Names and shapes of GPT-2's tensors as Hugging Face keeps them; head: labels of a classifier."""
    yield "wte.weight", (VOCAB, WIDTH)
    yield "wpe.weight", (CONTEXT, WIDTH)
    for i in range(LAYERS):
        for name, n_in, n_out in (("attn.c_attn", WIDTH, 3 * WIDTH), ("attn.c_proj", WIDTH, WIDTH),
                                  ("mlp.c_fc", WIDTH, 4 * WIDTH), ("mlp.c_proj", 4 * WIDTH, WIDTH)):
            yield f"h.{i}.{name}.weight", (n_in, n_out)
            yield f"h.{i}.{name}.bias", (n_out,)
        for name in ("ln_1", "ln_2"):
            yield f"h.{i}.{name}.weight", (WIDTH,)
            yield f"h.{i}.{name}.bias", (WIDTH,)
    yield "ln_f.weight", (WIDTH,)
    yield "ln_f.bias", (WIDTH,)
    if head:
        yield "score.weight", (head, WIDTH)


def values(name, shape, random):
    """Random weights as GPT-2 begins with them."""
    if len(shape) == 2:
        return random.standard_normal(shape, dtype=numpy.float32) * numpy.float32(0.02)
    gain = ".ln_" in "." + name and name.endswith(".weight")
    return numpy.full(shape, 1 if gain else 0, dtype=numpy.float32)


def write_base(folder, vocab, head=0):
    """A model directory of random weights."""
    header, at = {}, 0
    for name, shape in shapes(head):
        size = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64)
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        random = numpy.random.default_rng(1)
        for name, shape in shapes(head):
            f.write(values(name, shape, random).tobytes())
    config = {"model_type": "gpt2", "n_positions": CONTEXT, "vocab_size": VOCAB, "n_embd": WIDTH,
              "n_layer": LAYERS, "n_head": HEADS, "layer_norm_epsilon": 1e-5, "bos_token_id": VOCAB - 1,
              "eos_token_id": VOCAB - 1}
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f)
    if head:
        with open(os.path.join(folder, "bolter.json"), "w") as f:
            json.dump({"v": 1, "labels": ["ham", "spam"], **NO_DOUBT}, f)
    for name in ("vocab.json", "merges.txt"):
        os.symlink(os.path.abspath(os.path.join(vocab, name)), os.path.join(folder, name))


def run_bolter(program, base, data, out, extra, parts=("train", "validation", "test")):
    """Processor seconds and peak MiB of a run."""
    command = [program, "finetune", "-m", base, "-o", out, "--book", "-j", "1", *extra]
    if "test" in parts:
        command.append("--final-test")
    for part in parts:
        command += ["--" + part, os.path.join(data, part + ".csv")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(said.decode())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def step_of_bolter(program, base, data, out, extra):
    """Processor seconds of a step that trains all layers without padding, and peak MiB."""
    few = os.path.join(data, "test.csv")
    with open(few) as f:
        steps = sum(1 for _ in csv.DictReader(f)) // BATCH
    how = ["--train", few, "--trainable", "all", "--pad-to", "0", "--eval-every", "1000", "--eval-batches", "1"]
    once, _ = run_bolter(program, base, data, out + "1", [*how, *extra, "--epochs", "1"], ["validation"])
    twice, mib = run_bolter(program, base, data, out + "2", [*how, *extra, "--epochs", "2"], ["validation"])
    return (twice - once) / steps, mib


def run_torch(all_layers):
    """The same in this process, from medians; called in a process of its own."""
    import torch
    from torch import nn
    import torch.nn.functional as F
    torch.set_num_threads(1)
    torch.manual_seed(1)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            mask = torch.triu(torch.ones(CONTEXT, CONTEXT), 1).bool()
            self.register_buffer("mask", mask, persistent=False)

        def forward(self, x):
            B, T, C = x.shape
            q, k, v = (t.view(B, T, HEADS, C // HEADS).transpose(1, 2)
                       for t in self.qkv(x).split(C, 2))
            a = (q @ k.transpose(2, 3)).masked_fill(self.mask[:T, :T], float("-inf"))
            a = torch.softmax(a / (C // HEADS) ** 0.5, -1)
            return self.out((a @ v).transpose(1, 2).reshape(B, T, C))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.attention = Attention()
            self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"),
                                     nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    tokens, positions = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
    blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
    norm, head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2)
    frozen = [] if all_layers else [*tokens.parameters(), *positions.parameters(), *blocks[:-1].parameters()]
    for p in frozen:
        p.requires_grad = False
    every = [m.parameters() for m in (tokens, positions, blocks, norm, head)]
    trained = [p for m in every for p in m if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=5e-5, weight_decay=0.1)
    x, y = torch.randint(0, VOCAB, (BATCH, LENGTH)), torch.randint(0, 2, (BATCH,))

    def logits():
        return head(norm(blocks(tokens(x) + positions(torch.arange(LENGTH)))))[:, -1, :]

    def step():
        optimiser.zero_grad()
        F.cross_entropy(logits(), y).backward()
        optimiser.step()

    def evaluation():
        with torch.no_grad():
            logits().argmax(-1)

    def seconds(what, n):
        what()
        spent = []
        for _ in range(n):
            begin = time.process_time()
            what()
            spent.append(time.process_time() - begin)
        return statistics.median(spent)

    spent = seconds(step, 5)
    if not all_layers:
        spent = STEPS * spent + EVALUATIONS * seconds(evaluation, 5)
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, torch.__version__)


def ask_torch(what):
    """run_torch() at its fair best: AVX-512 where the processor has it, OpenBLAS choosing its kernels."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    with open("/proc/cpuinfo") as f:
        if "avx512f" in f.read():
            env["ATEN_CPU_CAPABILITY"] = "avx512"
    said = subprocess.run([sys.executable, __file__, what], env=env, check=True, capture_output=True)
    spent, mib, version = said.stdout.split()
    return float(spent), float(mib), version.decode()


def whole_job(o, n):
    """The job in PyTorch, and here as the book has it and without padding."""
    peer, mib, version = ask_torch("--torch")
    print(f"{n},PyTorch {version} padded,{peer:.1f},{mib:.0f},1", flush=True)
    unpadded = ["--pad-to", "0"]
    for what, extra in (("--book", []), ("without padding", unpadded),
                        ("without padding, trunk in bfloat16", [*unpadded, "--trunk-precision", "bfloat16"]),
                        ("without padding, trunk in int8", [*unpadded, "--trunk-precision", "int8"])):
        with tempfile.TemporaryDirectory() as work:
            write_base(work, o.vocab)
            spent, mib = run_bolter(o.bolter_train, work, o.data, os.path.join(work, "out"), extra)
        print(f'{n},"bolter-train {what}",{spent:.1f},{mib:.0f},{peer / spent:.1f}', flush=True)


def all_layers(o, n):
    """One step that trains all layers."""
    peer, mib, version = ask_torch("--torch-all")
    print(f'{n},"PyTorch {version}, a step of all layers",{peer:.2f},{mib:.0f},1', flush=True)
    for what, extra in (("float32", []), ("bfloat16", ["--precision", "bfloat16"])):
        with tempfile.TemporaryDirectory() as work:
            write_base(work, o.vocab)
            spent, mib = step_of_bolter(o.bolter_train, work, o.data, os.path.join(work, "out"), extra)
        print(f'{n},"bolter-train, a step of all layers, {what}",{spent:.2f},{mib:.0f},{peer / spent:.1f}', flush=True)


def main():
    if sys.argv[1:] in (["--torch"], ["--torch-all"]):
        return run_torch(sys.argv[1] == "--torch-all")
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--vocab", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--rounds", type=int, default=3)
    o = p.parse_args()
    print("round,what,processor_seconds,peak_mib,ratio")
    for n in range(1, o.rounds + 1):
        whole_job(o, n)
        all_layers(o, n)
    return 0


if __name__ == "__main__":
    sys.exit(main())
