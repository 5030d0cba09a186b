#!/usr/bin/python3
"""Times a classifier of torchvision on the CPU, or writes it as ONNX (Debian: python3-torchvision).

Prints one JSON line like `amdefect bench --model NAME`.
"""
import torch
import torchvision
from torch import nn

import torch_timing


def make_loss(_, images):
    classes = torch.randint(1000, (len(images),))
    cross_entropy = nn.CrossEntropyLoss()
    return lambda logits: cross_entropy(logits, classes)


if __name__ == "__main__":
    parser = torch_timing.option_parser(__doc__, 8, 224)
    parser.add_argument("--model", default="resnet50",
                        choices=["mobilenet_v2", "efficientnet_b0", "resnet18", "resnet50", "vit_b_16"])
    options = parser.parse_args()
    torch_timing.run(options.model, getattr(torchvision.models, options.model), make_loss, options)
