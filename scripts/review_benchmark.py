#!/usr/bin/python3
"""Measures how well `amdefect review` finds mistakes in annotations, by mistakes that were planted (docs/review.md).

usage: review_benchmark.py plant ANNOTATIONS PLANTED TRUTH [--share 0.1] [--seed 0]
       review_benchmark.py measure TRUTH SUGGESTIONS

`plant` reads a COCO file and writes one with mistakes in that share of its boxes, as many of each kind, and the list
of them. `measure` compares that list with the suggestions.json of `amdefect review` on the planted file: of the first
N suggestions, as many as there are mistakes, the share that is right, and the share of the mistakes that is found.
A suggestion is right if it is about the annotation with the mistake (of two that are the same object, about either), or
about the place of a box that is missing (IoU from 0.5), and names its kind.
"""
import argparse
import json
import pathlib
import random

KINDS = ["missing", "spurious", "class", "box", "duplicate"]


def iou(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def moved(rng, box, image, least, most):
    """The box with its edges moved, within the image, so that it overlaps the old one by an IoU from least to most."""
    x, y, w, h = box
    for _ in range(1000):
        reach = rng.uniform(0.02, 0.6)
        x1, y1 = x + rng.uniform(-reach, reach) * w, y + rng.uniform(-reach, reach) * h
        x2, y2 = x + w + rng.uniform(-reach, reach) * w, y + h + rng.uniform(-reach, reach) * h
        x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, image["width"]), min(y2, image["height"])
        new = [round(x1), round(y1), round(x2) - round(x1), round(y2) - round(y1)]
        if new[2] > 1 and new[3] > 1 and least <= iou(new, box) <= most:
            return new
    return None


def elsewhere(rng, size, image, boxes):
    """A box of that size in a place of the image that overlaps no box by more than a tenth."""
    w, h = size
    for _ in range(1000):
        if w > image["width"] or h > image["height"]:
            return None
        new = [round(rng.uniform(0, image["width"] - w)), round(rng.uniform(0, image["height"] - h)), w, h]
        if all(iou(new, box) < 0.1 for box in boxes):
            return new
    return None


def plant(a):
    rng = random.Random(a.seed)
    data = json.loads(a.annotations.read_text())
    images = {image["id"]: image for image in data["images"]}
    clean = [dict(annotation) for annotation in data["annotations"] if not annotation.get("iscrowd")]
    categories = sorted({annotation["category_id"] for annotation in clean})
    boxes = {i: [x["bbox"] for x in clean if x["image_id"] == i] for i in images}
    entries = {annotation["id"]: annotation for annotation in data["annotations"]}
    victims = rng.sample(sorted(entry["id"] for entry in clean), round(a.share * len(clean)))
    truth, next_id = [], max(entries) + 1

    def add(image, category, box):
        nonlocal next_id
        entry = {"id": next_id, "image_id": image, "category_id": category, "bbox": box, "area": box[2] * box[3],
                 "iscrowd": 0}
        entries[next_id], next_id = entry, next_id + 1
        return entry["id"]

    for i, victim in enumerate(victims):
        entry, kind = entries[victim], KINDS[i % len(KINDS)]
        if kind == "class" and len(categories) == 1:
            kind = "missing"
        image, box = entry["image_id"], entry["bbox"]
        if kind == "missing":
            del entries[victim]
            truth.append({"kind": kind, "image_id": image, "bbox": box, "annotations": []})
            continue
        if kind == "class":
            entry["category_id"] = rng.choice([c for c in categories if c != entry["category_id"]])
            ids = [victim]
        elif kind == "spurious":  # of the size and class of some box, in some image
            image = rng.choice(sorted(images))
            new = elsewhere(rng, box[2:], images[image], boxes[image])
            ids = [add(image, entry["category_id"], new)] if new else []
        elif kind == "box":
            new = moved(rng, box, images[image], 0.4, 0.65)
            ids = [victim] if new else []
            if new:
                entry.update(bbox=new, area=new[2] * new[3])
        else:
            new = moved(rng, box, images[image], 0.75, 0.95)
            ids = [victim, add(image, entry["category_id"], new)] if new else []
        if ids:
            truth.append({"kind": kind, "image_id": image, "bbox": new if kind != "class" else box, "annotations": ids})
    data["annotations"] = list(entries.values())
    a.planted.write_text(json.dumps(data))
    a.truth.write_text(json.dumps(truth, indent=1))
    print(f"{len(truth)} mistakes among {len(data['annotations'])} boxes of {len(images)} images")


def is_about(suggestion, mistake):
    if suggestion["image_id"] != mistake["image_id"]:
        return False
    if mistake["kind"] == "missing":
        return suggestion["kind"] == "missing" and iou(suggestion["bbox"], mistake["bbox"]) >= 0.5
    return suggestion.get("annotation", {}).get("id") in mistake["annotations"]


def measure(a):
    truth = json.loads(a.truth.read_text())
    suggestions = json.loads(a.suggestions.read_text())["suggestions"]
    found, place = [], 0  # the kinds of the mistakes that are found, in order; None for a wrong suggestion
    left = list(truth)
    for suggestion in suggestions[: len(truth)]:
        mistake = next((m for m in left if is_about(suggestion, m)), None)
        place += mistake is not None
        right = mistake is not None and mistake["kind"] == suggestion["kind"]
        found.append(mistake["kind"] if right else None)
        if mistake is not None:
            left.remove(mistake)
    right = sum(kind is not None for kind in found)
    print(f"{len(truth)} mistakes; of the first {len(found)} suggestions {right} are right ({right / len(truth):.3f}), "
          f"{place} are about a mistake ({place / len(truth):.3f})")
    for kind in KINDS:
        planted = sum(mistake["kind"] == kind for mistake in truth)
        suggested = sum(s["kind"] == kind for s in suggestions[: len(truth)])
        print(f"  {kind:10} planted {planted:3}, suggested {suggested:3}, right {found.count(kind):3}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(required=True)
    c = commands.add_parser("plant")
    for name in ("annotations", "planted", "truth"):
        c.add_argument(name, type=pathlib.Path)
    c.add_argument("--share", type=float, default=0.1)
    c.add_argument("--seed", type=int, default=0)
    c.set_defaults(run=plant)
    c = commands.add_parser("measure")
    for name in ("truth", "suggestions"):
        c.add_argument(name, type=pathlib.Path)
    c.set_defaults(run=measure)
    a = p.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
