#!/usr/bin/python3
"""Times the paper's network in PyTorch on the CPU, or writes it as ONNX (Debian: python3-torch).

Prints one JSON line like `amdefect bench --model paper`. The network is that of
examples/defect_detector/paper_network.hpp but pads 1 on every side, which is less work for PyTorch than the padding of
TensorFlow.
"""
import torch
from torch import nn

import torch_timing

PARAMETERS = 1_631_512  # that are trained; 896 more are moving statistics


class Head(nn.Module):
    """A hundred slots of `width` numbers from what a map is like on average."""

    def __init__(self, width, activation):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 15 * width, 1),
                                  activation)
        self.dense = nn.Linear(15 * width, 100 * width)

    def forward(self, x):
        return self.dense(self.maps(x).mean((2, 3)))


class PaperNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        layers, width = [], 3
        for wider in (64, 128, 256):
            layers += [nn.Conv2d(width, wider, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(wider)]
            width = wider
        self.backbone = nn.Sequential(*layers)
        self.classes, self.boxes = Head(4, nn.Sigmoid()), Head(4, nn.Identity())
        assert sum(p.numel() for p in self.parameters()) == PARAMETERS

    def forward(self, x):
        x = self.backbone(x)
        return self.classes(x), self.boxes(x)


def make_loss(network, images):
    classes = (torch.rand(len(images), 400) < 0.02).float()
    boxes = torch.rand(len(images), 400)
    cross_entropy, squared_error = nn.BCEWithLogitsLoss(), nn.MSELoss()
    return lambda outputs: cross_entropy(outputs[0], classes) + squared_error(outputs[1], boxes)


if __name__ == "__main__":
    torch_timing.run("paper", PaperNetwork, make_loss, torch_timing.option_parser(__doc__, 8, 416).parse_args())
