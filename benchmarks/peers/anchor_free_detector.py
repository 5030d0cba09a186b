#!/usr/bin/python3
"""Times the network of anchor-free-n or anchor-free-s in PyTorch on the CPU, or writes it as ONNX (Debian: python3-torch).

Prints one JSON line like `amdefect bench --model anchor-free-n`. The network is the same but pads 1 on every side, and the
targets of the loss are given instead of assigned: both are less work than ours.
"""
import torch
from torch import nn
from torch.nn import functional as F

import torch_timing

MODELS = {
    "anchor-free-n": dict(stem=16, widths=(32, 64, 128), blocks=(1, 1, 1), pyramid=32, head_convs=1, levels=4),
    "anchor-free-s": dict(stem=24, widths=(48, 96, 192), blocks=(1, 2, 2), pyramid=48, head_convs=1, levels=4),
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


def make_loss(levels):
    """Qualities of places and boxes at 90 of them, as if the objects had been assigned."""
    def make(network, images):
        with torch.no_grad():
            scores = network(images[:1])[:levels]
        qualities = [(torch.rand_like(y) > 0.99).float() for y in scores]
        places = torch.randint(0, scores[0][0, 0].numel(), (10 * 9,))
        truth = 8 * torch.rand(len(images), len(places), 4) + 1

        def loss(outputs):
            score_loss = sum(quality_focal(y, q.expand_as(y)) for y, q in zip(outputs, qualities))
            distances = 4 * F.softplus(outputs[levels].flatten(2)[:, :, places].transpose(1, 2))
            return score_loss + 2 * giou_loss(distances.flatten(0, 1), truth.flatten(0, 1))

        return loss

    return make


def main():
    parser = torch_timing.option_parser(__doc__, batch=16, size=256)
    parser.add_argument("--model", choices=list(MODELS), default="anchor-free-n")
    options = parser.parse_args()
    model = MODELS[options.model]
    torch_timing.run(options.model, lambda: Dense(**model), make_loss(model["levels"]), options)


if __name__ == "__main__":
    main()
