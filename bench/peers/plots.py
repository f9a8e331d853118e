#!/usr/bin/python3
"""plots.py - the pictures of bench/README from peers.csv: plots.py peers.csv DIR writes kernels.svg and peers.svg.

Only what python3 itself has; the same file gives the same bytes.
"""
import csv
import os
import sys
from xml.sax.saxutils import escape

INK, FAINT, OURS, PEER = "#24292f", "#d0d7de", "#1f6feb", "#9aa4af"
OURSELVES = ("bolter", "one")  # rows that compare two ways of ours


class Picture:
    def __init__(self, width, height, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                      f'viewBox="0 0 {width} {height}">', f"<title>{escape(title)}</title>",
                      f'<rect width="{width}" height="{height}" fill="#ffffff"/>']

    def text(self, x, y, what, size=12, anchor="start", colour=INK, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="{size}" '
                          f'text-anchor="{anchor}" fill="{colour}"{weight}>{escape(what)}</text>')

    def bar(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" '
                          f'rx="2" fill="{colour}"/>')

    def line(self, x1, y1, x2, y2, colour=FAINT, dash=""):
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dash}/>')

    def write(self, path):
        with open(path, "w") as f:
            f.write("\n".join(self.parts) + "\n</svg>\n")


def rows_of(path):
    with open(path) as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def kernels(rows, path):
    """Bars of the share of the peak, a group for each number of rows, a panel for each number format."""
    found = {}
    for r in rows:
        if r["what"] == "kernels" and r["case"].startswith("avx512"):
            _, precision, m, *_, where = r["case"].split()
            found[precision, int(m[2:]), where] = float(r["ratio"])
    if not found:
        return
    p = Picture(760, 270, "Share of the core's measured peak")
    p.text(20, 26, "Products of packed weights: share of this core's measured peak", 15, bold=True)
    sizes = sorted({m for _, m, _ in found})
    for column, precision in enumerate(("float32", "bfloat16", "int8")):
        left, bottom, high = 44 + 240 * column, 215, 150
        p.text(left + 100, 54, precision, 13, "middle", bold=True)
        for share in (0, 0.25, 0.5, 0.75, 1):
            y = bottom - high * share
            p.line(left, y, left + 200, y)
            if column == 0:
                p.text(left - 6, y + 4, f"{100 * share:.0f} %", 10, "end")
        for group, m in enumerate(sizes):
            x = left + 6 + 50 * group
            for i, (where, colour) in enumerate((("cache", OURS), ("memory", "#79b8ff"))):
                share = found[precision, m, where]
                p.bar(x + 18 * i, bottom - high * share, 16, high * share, colour)
            p.text(x + 17, bottom + 15, f"{m}", 11, "middle")
    p.text(464, 248, "rows of a product (mean of eight shapes)", 11, "middle")
    for x, colour, what in ((44, OURS, "weights in cache"), (164, "#79b8ff", "weights from memory")):
        p.bar(x, 239, 10, 10, colour)
        p.text(x + 14, 248, what, 11)
    p.write(path)


def label(r):
    peer = r["peer_name"]
    return f'{r["case"]} against {peer.split()[0] if peer.startswith("onnx") else peer}'


def peers(rows, path):
    """A bar for each ratio to another program, on a scale of doublings; kernels have a picture of their own."""
    shown = [r for r in rows if r["what"] != "kernels" and r["peer_name"] not in OURSELVES]
    if not shown:
        return
    left, step, unit = 372, 24, 44
    p = Picture(760, 70 + step * len(shown), "Ratios to peers")
    p.text(20, 26, "How many times faster (or smaller) than the peer, one core", 15, bold=True)
    zero = left + 4 * unit

    def at(ratio):
        """Where a ratio lies, between 1/16 and 16."""
        power = 0.0
        while ratio >= 2:
            ratio, power = ratio / 2, power + 1
        while ratio < 1:
            ratio, power = ratio * 2, power - 1
        return zero + unit * (power + ratio - 1)

    bottom = 50 + step * len(shown)
    for power in range(-4, 5):
        x = zero + unit * power
        p.line(x, 44, x, bottom, INK if power == 0 else FAINT)
        p.text(x, bottom + 14, f"{2 ** power}x" if power >= 0 else f"1/{2 ** -power}", 10, "middle")
    for i, r in enumerate(shown):
        y, ratio = 50 + step * i, float(r["ratio"])
        x = max(min(at(ratio), zero + 4 * unit), zero - 4 * unit)
        p.text(left - 8, y + 12, label(r), 11, "end")
        p.bar(min(x, zero), y + 2, abs(x - zero), 13, OURS if ratio >= 1 else PEER)
        p.text(max(x, zero) + 6, y + 13, f"{ratio:.2f}", 10)
    p.write(path)


def main():
    rows = rows_of(sys.argv[1])
    kernels(rows, os.path.join(sys.argv[2], "kernels.svg"))
    peers(rows, os.path.join(sys.argv[2], "peers.svg"))


if __name__ == "__main__":
    main()
