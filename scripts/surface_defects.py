#!/usr/bin/python3
"""Writes a COCO data set of generated grey pictures of metal surfaces, 200 x 200 pixels, with six kinds of defects of
the sizes of the NEU surface defect database: up to the whole picture (Debian: python3-numpy python3-pil).

usage: surface_defects.py FOLDER [--train 1440] [--valid 180] [--test 180] [--seed 0]
It serves to try the detector's defaults on something other than small dark pores (docs/detector.md).
"""
import argparse
import json
import pathlib

import numpy as np
from PIL import Image, ImageDraw

SIDE = 200
KINDS = ["crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches"]
MOST = [3, 4, 3, 2, 3, 3]  # objects in a picture


def blur(a, sigma):
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(a, [(reach, reach) if i == axis else (0, 0) for i in (0, 1)], mode="reflect")
        a = np.apply_along_axis(lambda line: np.convolve(line, kernel, "valid"), axis, padded)
    return a


class Painter:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def noise(self, sigma, deviation):
        n = blur(self.rng.normal(size=(SIDE, SIDE)), sigma)
        return deviation * n / n.std()

    def surface(self):
        u = self.rng.uniform
        return u(70, 190) + self.noise(u(0.7, 2), u(4, 12)) + self.noise(30, u(3, 15))

    def box(self, kind):
        u = self.rng.uniform
        if kind in (0, 3, 4):
            w, h = u(60, 195), u(60, 195)
        elif kind == 1:
            w, h = u(10, 30), u(30, 140)
        elif kind == 2:
            w, h = u(30, 100), u(30, 100)
        else:
            w, h = u(6, 20), u(60, 190)
            if u() < 0.3:
                w, h = h, w
        return u(0, SIDE - w), u(0, SIDE - h), w, h

    def paint(self, image, kind, box):
        """The surface with a defect of that kind in the box."""
        u, (x, y, w, h) = self.rng.uniform, box
        rows, columns = np.mgrid[:SIDE, :SIDE]
        across, down = (columns - x - w / 2) / (w / 2), (rows - y - h / 2) / (h / 2)
        distance = np.clip((np.maximum(abs(across), abs(down)) - 1) * max(w, h) / 8, -50, 50)
        inside = 1 / (1 + np.exp(distance))
        sign = self.rng.choice([-1, 1])
        if kind == 0:
            return image - inside * np.where(abs(self.noise(1.5, 1)) < 0.12, u(12, 30), 0)
        if kind == 1:
            return image - u(20, 60) * blur(inside * (self.noise(3, 1) > -0.3), 1.2)
        if kind == 2:
            edge = np.clip((across**2 + down**2 - 1 + self.noise(6, 0.3)) * 8, -50, 50)
            return image + sign * u(20, 50) / (1 + np.exp(edge))
        if kind == 3:
            return image - inside * blur((self.noise(1.2, 1) > 1.9) * 1.0, 0.8) * u(50, 110)
        if kind == 4:
            marks, depth = self.noise(3, 1) + self.noise(1, 0.5), u(15, 35)
            return image + inside * np.where(marks > 0.9, depth, np.where(marks < -0.9, -depth, 0))
        line = Image.new("L", (SIDE, SIDE))
        left, right = (x + 2, x + w - 2) if u() < 0.5 else (x + w - 2, x + 2)
        ImageDraw.Draw(line).line((left, y + 2, right, y + h - 2), fill=255, width=int(self.rng.integers(1, 4)))
        return image + sign * u(20, 70) * blur(np.asarray(line) / 255.0, 0.7)

    def picture(self, kind):
        image, boxes = self.surface(), []
        for _ in range(self.rng.integers(1, MOST[kind] + 1)):
            x, y, w, h = self.box(kind)
            if any(min(x + w, b[0] + b[2]) > max(x, b[0]) and min(y + h, b[1] + b[3]) > max(y, b[1]) for b in boxes):
                continue
            image = self.paint(image, kind, (x, y, w, h))
            boxes.append([round(v) for v in (x, y, w, h)])
        return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)), boxes


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=pathlib.Path)
    for split, count in (("train", 1440), ("valid", 180), ("test", 180)):
        p.add_argument("--" + split, type=int, default=count)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    painter = Painter(a.seed)
    for split in ("train", "valid", "test"):
        folder = a.folder / split
        folder.mkdir(parents=True, exist_ok=True)
        images, annotations = [], []
        for i in range(getattr(a, split)):
            kind = i % len(KINDS)
            picture, boxes = painter.picture(kind)
            images.append({"id": i + 1, "file_name": f"{KINDS[kind]}_{i}.jpg", "width": SIDE, "height": SIDE})
            picture.save(folder / images[-1]["file_name"], quality=90)
            for box in boxes:
                annotations.append({"id": len(annotations) + 1, "image_id": i + 1, "category_id": kind + 1, "bbox": box,
                                    "area": box[2] * box[3], "iscrowd": 0})
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(KINDS)]
        text = json.dumps({"images": images, "annotations": annotations, "categories": categories})
        (folder / "_annotations.coco.json").write_text(text)


if __name__ == "__main__":
    main()
