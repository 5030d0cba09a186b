#!/usr/bin/env python3
"""Measures how the time of the paper's network grows with the batch, the size of the images and the threads.

Usage: scripts/scaling.py PROGRAM [--mode infer|train] [--svg FILE] [--batches 1 2 ...] [--sizes 64 128 ...]
PROGRAM is build/release/bin/amdefect. Prints two Markdown tables; --svg also draws the time per image and multiply-add,
which stays level where the time grows no faster than the arithmetic.
"""
import argparse
import json
import subprocess


def gmacs(size, training):
    """Multiply-adds of one image in 1e9; a training step has two more convolutions each, the first layer one."""
    half = (size + 1) // 2
    quarter = (half + 1) // 2
    eighth = (quarter + 1) // 2
    first = 27 * 64 * half**2
    rest = 576 * 128 * quarter**2 + (1152 * 256 + 2 * 2304 * 256 + 2 * 256 * 60) * eighth**2
    return (2 * first + 3 * rest if training else first + rest) / 1e9


def median_ms(program, mode, batch, size, threads):
    work = batch * gmacs(size, mode == "train")
    steps = max(3, min(50, int(100 / work)))
    command = [program, "bench", "--mode", mode, "--batch", batch, "--size", size, "--threads", threads, "--steps", steps]
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    return json.loads(output)["median_ms"]


def table(title, rows):
    """rows: (batch, size, work in GMAC, ms with 1 thread, ms with 2 threads)."""
    print(f"\n{title}\n\n| batch | size | GMAC | 1 thread, ms | GFLOP/s | 2 threads, ms | GFLOP/s | 2 against 1 |")
    print("|---|---|---|---|---|---|---|---|")
    for batch, size, work, one, two in rows:
        rates = [2000 * work / ms for ms in (one, two)]
        print(f"| {batch} | {size} | {work:.2f} | {one:.2f} | {rates[0]:.0f} | {two:.2f} | {rates[1]:.0f} | {one / two:.2f}x |")


def svg(panels, path):
    """One panel per (title, values, [ms per GMAC with 1 thread], [with 2 threads]), on logarithmic horizontal axes."""
    width, height, top = 420, 260, 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * len(panels)}" height="{height + 80}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    highest = 1.15 * max(max(one + two) for _, _, one, two in panels)
    for i, (title, values, one, two) in enumerate(panels):
        left, right = i * width + 60, (i + 1) * width - 20
        xs = [left + (right - left) * (j + 0.5) / len(values) for j in range(len(values))]
        y = lambda value: top + height * (1 - value / highest)
        parts.append(f'<text x="{(left + right) / 2}" y="20" text-anchor="middle">{title}: ms per GMAC</text>')
        parts.append(f'<path d="M{left} {top}V{top + height}H{right}" fill="none" stroke="black"/>')
        parts += [f'<text x="{x:.0f}" y="{top + height + 18}" text-anchor="middle">{v}</text>' for x, v in zip(xs, values)]
        for k in range(5):
            tick = highest * k / 4
            parts.append(f'<text x="{left - 6}" y="{y(tick) + 4:.0f}" text-anchor="end">{tick:.1f}</text>')
        for label, colour, data in (("1 thread", "#1f77b4", one), ("2 threads", "#d62728", two)):
            points = " ".join(f"{x:.0f},{y(v):.1f}" for x, v in zip(xs, data))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<text x="{right}" y="{y(data[-1]) - 8:.0f}" text-anchor="end" fill="{colour}">{label}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>\n"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--mode", choices=["infer", "train"], default="infer")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--sizes", type=int, nargs="*", default=[64, 128, 256, 416, 512, 768, 1024])
    parser.add_argument("--svg")
    args = parser.parse_args()
    panels = []
    for title, values, cases in (("batch (416 x 416)", args.batches, [(b, 416) for b in args.batches]),
                                 ("size (batch 1)", args.sizes, [(1, s) for s in args.sizes])):
        rows = [(b, s, b * gmacs(s, args.mode == "train"),
                 *(median_ms(args.program, args.mode, b, s, threads) for threads in (1, 2))) for b, s in cases]
        table(f"{args.mode}, by {title}", rows)
        panels.append((title, values, [row[3] / row[2] for row in rows], [row[4] / row[2] for row in rows]))
    if args.svg:
        svg(panels, args.svg)


if __name__ == "__main__":
    main()
