"""message_torch.py - as message.c, for PyTorch: message_torch.py LAYERS WIDTH HEADS

GPT-2 with a head and random weights in float32, one thread. Needs python3-torch.
"""
import statistics
import sys
import time

import torch
from torch import nn

VOCAB, CONTEXT = 16384, 1024


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        mask = torch.triu(torch.ones(CONTEXT, CONTEXT), 1).bool()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in self.qkv(x).split(C, 2))
        a = (q @ k.transpose(2, 3)).masked_fill(self.mask[:T, :T], float("-inf"))
        a = torch.softmax(a / (C // self.heads) ** 0.5, -1)
        return self.out((a @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Network(nn.Module):
    def __init__(self, layers, width, heads):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCAB, width), nn.Embedding(CONTEXT, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 2)

    def forward(self, ids):
        x = self.blocks(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])))
        return self.head(self.norm(x[:, -1]))


def answer(network, tokens, times):
    ids = torch.randint(0, VOCAB, (1, tokens))
    wall, cpu = [], []
    for _ in range(times):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        network(ids)
        cpu.append(1e3 * (time.process_time() - cpu_before))
        wall.append(1e3 * (time.perf_counter() - wall_before))
    return f"{statistics.median(wall):.4f} {statistics.median(cpu):.4f}"


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network = Network(*map(int, sys.argv[1:4])).eval()
    with torch.inference_mode():
        for line in sys.stdin:
            print(answer(network, *map(int, line.split())), flush=True)


if __name__ == "__main__":
    main()
