#!/usr/bin/python3
"""Times the network of dense-n or dense-s in PyTorch on the CPU, or writes it as ONNX (Debian: python3-torch).

Prints one JSON line like `amdefect bench --model dense-n`. The network is that of
include/amdefect/detection/dense/dense_network.hpp but pads 1 on every side, and the targets of the loss are given
instead of assigned: both are less work than ours. Compare with ../shared/peers/compare.py.
"""
import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F

MODELS = {
    "dense-n": dict(stem=16, widths=(32, 64, 128), blocks=(1, 1, 1), pyramid=32, head_convs=1, levels=4),
    "dense-s": dict(stem=24, widths=(48, 96, 192), blocks=(1, 2, 2), pyramid=48, head_convs=1, levels=4),
}


def conv(cin, cout, kernel=3, stride=1, relu=True):
    layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *[nn.ReLU()] * relu)


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.branch = nn.Sequential(conv(width, width), conv(width, width, relu=False))

    def forward(self, x):
        return F.relu(x + self.branch(x))


class Dense(nn.Module):
    def __init__(self, stem, widths, blocks, pyramid, head_convs, levels, classes=1):
        super().__init__()
        self.stem = conv(3, stem, stride=2)
        self.stages, last = nn.ModuleList(), stem
        for width, count in zip(widths, blocks):
            self.stages.append(nn.Sequential(conv(last, width, stride=2), *[Residual(width) for _ in range(count)]))
            last = width
        self.lateral = nn.ModuleList(conv(width, pyramid, 1, relu=False) for width in widths)
        self.halved = nn.ModuleList(conv(pyramid, pyramid, stride=2) for _ in range(levels - len(widths)))

        def head(outputs):
            return nn.Sequential(*[conv(pyramid, pyramid) for _ in range(head_convs)], nn.Conv2d(pyramid, outputs, 1))

        self.scores = nn.ModuleList(head(classes) for _ in range(levels))
        self.boxes = nn.ModuleList(head(4) for _ in range(levels))

    def forward(self, x):
        x, levels = self.stem(x), []
        for stage, lateral in zip(self.stages, self.lateral):
            x = stage(x)
            levels.append(lateral(x))
        for halved in self.halved:
            levels.append(halved(levels[-1]))
        for i in range(len(levels) - 2, -1, -1):
            levels[i] = levels[i] + F.interpolate(levels[i + 1], scale_factor=2, mode="nearest")
        return [head(x) for heads in (self.scores, self.boxes) for head, x in zip(heads, levels)]


def quality_focal(logits, quality):
    return ((torch.sigmoid(logits) - quality) ** 2 *
            F.binary_cross_entropy_with_logits(logits, quality, reduction="none")).sum()


def giou_loss(distances, truth):
    """1 - GIoU of boxes around a common place, both given as distances of the four edges: [places, 4]."""
    area, true_area = ((d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3]) for d in (distances, truth))
    low, high = torch.minimum(distances, truth), torch.maximum(distances, truth)
    overlap, hull = ((d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3]) for d in (low, high))
    union = area + true_area - overlap
    return (1 - overlap / union + (hull - union) / hull).sum()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", choices=list(MODELS), default="dense-n")
    p.add_argument("--mode", choices=["train", "infer"], default="train")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--size", type=int, default=256)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--steps", type=int, default=5)
    p.add_argument("--channels-last", action="store_true")
    p.add_argument("--onnx", help="write the network to this file instead")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    net = Dense(**MODELS[a.model])
    if a.onnx:
        torch.onnx.export(net.eval(), torch.rand(1, 3, a.size, a.size), a.onnx, opset_version=13, input_names=["image"])
        return
    layout = torch.channels_last if a.channels_last else torch.contiguous_format
    net = net.to(memory_format=layout)
    x = torch.rand(a.batch, 3, a.size, a.size).to(memory_format=layout)
    adam = torch.optim.Adam(net.parameters(), 1e-4)
    levels = MODELS[a.model]["levels"]
    qualities = [(torch.rand_like(y) > 0.99).float() for y in net(x[:1])[:levels]]
    places = torch.randint(0, (a.size // 4) ** 2, (10 * 9,))
    truth = 8 * torch.rand(a.batch, len(places), 4) + 1

    def train():
        adam.zero_grad()
        outputs = net(x)
        loss = sum(quality_focal(y, q.expand_as(y)) for y, q in zip(outputs, qualities))
        distances = 4 * F.softplus(outputs[levels].flatten(2)[:, :, places].transpose(1, 2))
        (loss + 2 * giou_loss(distances.flatten(0, 1), truth.flatten(0, 1))).backward()
        adam.step()

    def infer():
        with torch.no_grad():
            net(x)

    if a.mode == "infer":
        net.eval()
    step = train if a.mode == "train" else infer
    for _ in range(2):
        step()
    ms = []
    for _ in range(a.steps):
        start = time.perf_counter()
        step()
        ms.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"peer": "pytorch " + torch.__version__, "model": a.model, "mode": a.mode, "batch": a.batch,
                      "size": a.size, "threads": a.threads, "ms": [round(v, 2) for v in ms],
                      "median_ms": round(sorted(ms)[len(ms) // 2], 2),
                      "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
