#!/usr/bin/python3
"""generate.py - tokens per processor second of a GPT-2 of 124 million random weights, here and in PyTorch.

Both continue 16 tokens greedily, keep keys and values, and run on one thread; PyTorch's model is the plain
one of the book "Build a Large Language Model (From Scratch)" with a cache, in float32 and in bfloat16.
Processor seconds count, so that a shared machine disturbs less; loading is not among them.

    bench/generate.py --bolter-train PATH --vocab DIR [--tokens N] [--rounds N]

DIR has GPT-2's vocab.json and merges.txt (tests/fetch-gpt2-vocab). Needs python3-torch and python3-numpy.
Prints CSV.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import book

PROMPT = 16


def torch_rate(dtype, n_tokens):
    """Tokens per processor second and peak MiB; called in a process of its own."""
    import torch
    from torch import nn
    torch.set_num_threads(1)
    torch.manual_seed(1)
    width, heads = book.WIDTH, book.HEADS
    kind = getattr(torch, dtype)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.keys = torch.zeros(heads, book.CONTEXT, width // heads, dtype=kind)
            self.values = torch.zeros(heads, book.CONTEXT, width // heads, dtype=kind)

        def forward(self, x, at):
            n = x.shape[0]
            q, k, v = (t.view(n, heads, width // heads).transpose(0, 1) for t in self.qkv(x).split(width, 1))
            self.keys[:, at:at + n], self.values[:, at:at + n] = k, v
            a = q @ self.keys[:, :at + n].transpose(1, 2) / (width // heads) ** 0.5
            if n > 1:
                a = a.masked_fill(torch.triu(torch.ones(n, at + n), at + 1).bool(), float("-inf"))
            return self.out((torch.softmax(a, -1) @ self.values[:, :at + n]).transpose(0, 1).reshape(n, width))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention = Attention()
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                     nn.Linear(4 * width, width))

        def forward(self, x, at):
            x = x + self.attention(self.norm1(x), at)
            return x + self.mlp(self.norm2(x))

    tokens, positions = nn.Embedding(book.VOCAB, width), nn.Embedding(book.CONTEXT, width)
    blocks, norm = nn.ModuleList(Block() for _ in range(book.LAYERS)), nn.LayerNorm(width)
    for part in (tokens, positions, blocks, norm):
        part.to(kind)

    def step(ids, at):
        x = tokens(ids) + positions(torch.arange(at, at + len(ids)))
        for block in blocks:
            x = block(x, at)
        return torch.nn.functional.linear(norm(x[-1:]), tokens.weight).argmax().view(1)

    with torch.no_grad():
        ids = step(torch.arange(PROMPT), 0)
        begin = time.process_time()
        for i in range(n_tokens):
            ids = step(ids, PROMPT + i)
    print(n_tokens / (time.process_time() - begin), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
          torch.__version__)


def ask_torch(dtype, n_tokens):
    """torch_rate() at its fair best, see book.py."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    with open("/proc/cpuinfo") as f:
        if "avx512f" in f.read():
            env["ATEN_CPU_CAPABILITY"] = "avx512"
    said = subprocess.run([sys.executable, __file__, "--torch", dtype, str(n_tokens)], env=env, check=True,
                          capture_output=True)
    rate, mib, version = said.stdout.split()
    return float(rate), float(mib), version.decode()


def seconds_of(command):
    """Processor seconds, peak MiB and the output of a run."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command}: failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


def bolter_rate(program, base, precision, n_tokens):
    """Tokens per processor second and peak MiB: a run with the tokens less one with a single token."""
    command = [program, "generate", "-m", base, "--precision", precision, "--json", "--prompt", "!" + " a" * (PROMPT - 1)]
    short, _, said = seconds_of([*command, "-n", "1"])
    first = json.loads(said)
    long, mib, said = seconds_of([*command, "-n", str(n_tokens + 1)])
    got = json.loads(said)
    if first["prompt_tokens"] != PROMPT or len(got["ids"]) != n_tokens + 1:
        sys.exit(f"{first['prompt_tokens']} tokens of prompt, {len(got['ids'])} tokens")
    return n_tokens / (long - short), mib


def main():
    if sys.argv[1:2] == ["--torch"]:
        return torch_rate(sys.argv[2], int(sys.argv[3]))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bolter-train", required=True)
    p.add_argument("--vocab", required=True)
    p.add_argument("--tokens", type=int, default=200)
    p.add_argument("--rounds", type=int, default=3)
    o = p.parse_args()
    print("round,what,tokens_a_processor_second,peak_mib,ratio")
    with tempfile.TemporaryDirectory() as base:
        book.write_base(base, o.vocab)
        for n in range(1, o.rounds + 1):
            peer, mib, version = ask_torch("float32", o.tokens)
            print(f"{n},PyTorch {version} float32,{peer:.1f},{mib:.0f},1", flush=True)
            rate, mib, _ = ask_torch("bfloat16", min(o.tokens, 10))
            print(f"{n},PyTorch {version} bfloat16,{rate:.1f},{mib:.0f},{rate / peer:.2f}", flush=True)
            for precision in ("float32", "bfloat16", "int8"):
                rate, mib = bolter_rate(o.bolter_train, base, precision, o.tokens)
                print(f"{n},bolter-train generate {precision},{rate:.1f},{mib:.0f},{rate / peer:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
