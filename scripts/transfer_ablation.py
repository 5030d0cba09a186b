#!/usr/bin/python3
"""Measures what a trained model is worth as the start of another: trains on few generated pictures of metal surfaces,
from scratch and from the given models, for the same number of steps (docs/transfer.md; Debian: python3-numpy
python3-pil).

usage: transfer_ablation.py PROGRAM FOLDER [--start "NAME: OPTIONS OF TRAIN" ...] [--svg FILE]

PROGRAM is build/release/bin/amdefect. Results are appended to FOLDER/results.jsonl, and runs that stand there are not
done again: an interrupted measurement goes on, another start adds to the table, and `--images` without a number only
prints it. A draw is a choice of training images, the same for all starts, and a seed; the validation images are those
of all runs, and are looked at once, at the end. `--data` measures it on pictures of one's own instead.
"""
import argparse
import csv
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

MOST_IMAGES, MOST_DRAWS = 200, 3
COLOURS = ["#444444", "#d62728", "#1f77b4", "#2ca02c", "#9467bd"]


def generate(folder):
    """All pictures, from which the training images of every run are taken."""
    if not (folder / "valid" / "_annotations.coco.json").exists():
        script = pathlib.Path(__file__).parent / "surface_defects.py"
        subprocess.run([sys.executable, script, folder, "--train", str(MOST_IMAGES * MOST_DRAWS), "--valid", "360",
                        "--test", "0"], check=True)
        shutil.rmtree(folder / "test")
    return folder


def choose(pictures, folder, images, draw, shuffled):
    """A data set of so many training images; those of different draws have none in common."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "train").mkdir(parents=True)
    shutil.copytree(pictures / "valid", folder / "valid")
    data = json.loads((pictures / "train" / "_annotations.coco.json").read_text())
    if shuffled:  # neighbours of a data set are often pieces of one picture
        random.Random(0).shuffle(data["images"])
    data["images"] = data["images"][draw * MOST_IMAGES:][:images]
    ids = {image["id"] for image in data["images"]}
    data["annotations"] = [a for a in data["annotations"] if a["image_id"] in ids]
    files = {file.name: file for file in (pictures / "train").rglob("*")}  # in a folder of their own, often
    for image in data["images"]:
        shutil.copy(files[pathlib.Path(image["file_name"]).name], folder / "train" / image["file_name"])
    (folder / "train" / "_annotations.coco.json").write_text(json.dumps(data))


def run(a, name, options, images, draw):
    data, output = a.folder / "data", a.folder / "run"
    choose(a.data or generate(a.folder / "pictures"), data, images, draw, shuffled=bool(a.data))
    subprocess.run([str(word) for word in (
        a.program, "train", data, "--output_dir", output, "--overwrite", "--threads", a.threads, "--seed", draw,
        "--epochs", a.epochs, "--eval_interval", a.epochs, *options)], check=True, stdout=subprocess.DEVNULL)
    last = list(csv.DictReader((output / "training_log.csv").open()))[-1]
    shutil.rmtree(output)
    return {"start": name, "options": options, "images": images, "draw": draw, "epochs": a.epochs,
            "loss": float(last["loss"]), "ap50": float(last["mAP50"])}


def table(points):
    """points: {start: {images: [AP50 of each draw]}}; mean, and lowest and highest of the draws."""
    sizes = sorted({images for values in points.values() for images in values})
    print("\n| start | " + " | ".join(f"{images} images" for images in sizes) + " |\n|---" + "|---" * len(sizes) + "|")
    for start, values in points.items():
        cells = [f"{statistics.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" if (v := values.get(n)) else "" for n in sizes]
        print(f"| {start} | " + " | ".join(cells) + " |")


def svg(points, path):
    """The means as lines over the number of training images, every draw as a dot."""
    sizes = sorted({images for values in points.values() for images in values})
    left, right, top, bottom = 60, 460, 30, 270
    x = lambda n: left + (right - left) * (sizes.index(n) + 0.5) / len(sizes)
    y = lambda ap: bottom - (bottom - top) * ap
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="black"/>',
             f'<text x="{left}" y="18" text-anchor="middle">AP50</text>',
             f'<text x="{(left + right) / 2}" y="{bottom + 38}" text-anchor="middle">training images</text>']
    parts += [f'<text x="{x(n):.0f}" y="{bottom + 18}" text-anchor="middle">{n}</text>' for n in sizes]
    parts += [f'<text x="{left - 6}" y="{y(k / 5) + 4:.0f}" text-anchor="end">{k / 5}</text>' for k in range(6)]
    for i, (start, values) in enumerate(points.items()):
        colour = COLOURS[i % len(COLOURS)]
        means = {n: statistics.mean(v) for n, v in sorted(values.items())}
        line = " ".join(f"{x(n):.0f},{y(mean):.1f}" for n, mean in means.items())
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(n):.0f}" cy="{y(ap):.1f}" r="3" fill="{colour}" fill-opacity="0.5"/>'
                  for n, v in values.items() for ap in v]
        parts.append(f'<text x="{right + 8}" y="{top + 12 + 18 * i}" fill="{colour}">{start}</text>')
    path.write_text("\n".join(parts + ["</svg>"]) + "\n", encoding="utf-8")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program", type=pathlib.Path)
    p.add_argument("folder", type=pathlib.Path, help="of pictures, runs and results")
    p.add_argument("--data", type=pathlib.Path, help=f"a COCO data set of at least {MOST_IMAGES * MOST_DRAWS} training images")
    p.add_argument("--start", action="append", metavar="NAME: OPTIONS", help='default: "from scratch", "lpbf: --pretrained lpbf"')
    p.add_argument("--images", type=int, nargs="*", default=[10, 50, 200], help=f"at most {MOST_IMAGES}")
    p.add_argument("--draws", type=int, nargs="*", default=list(range(MOST_DRAWS)), help=f"of 0 to {MOST_DRAWS - 1}")
    p.add_argument("--epochs", type=int, default=16, help="of 512 pictures: 32 steps of 16")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--svg", type=pathlib.Path, help="also draw the table")
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    results = a.folder / "results.jsonl"
    done = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    keys = ("start", "images", "draw", "epochs")
    for start in a.start if a.start is not None else ["from scratch: --pretrained false", "lpbf: --pretrained lpbf"]:
        name, _, options = start.partition(":")
        for images in a.images:
            for draw in a.draws:
                if (name, images, draw, a.epochs) in {tuple(r[k] for k in keys) for r in done}:
                    continue
                done.append(run(a, name, options.split(), images, draw))
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[-1]) + "\n")
                print(done[-1], flush=True)
    points = {}
    for r in done:
        if r["epochs"] == a.epochs:
            points.setdefault(r["start"], {}).setdefault(r["images"], []).append(r["ap50"])
    table(points)
    if a.svg:
        svg(points, a.svg)


if __name__ == "__main__":
    main()
