#!/usr/bin/python3
"""Writes the reference cases of this folder once more (Debian: python3-torch). See README.md."""
import argparse
import pathlib

import torch

from layer_cases import layer_cases
from loss_cases import loss_cases
from network_cases import full_network_cases, network_cases
from optimizer_cases import optimizer_cases


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=here, help="folder for the cases (default: this one)")
    parser.add_argument("--full-network", action="store_true",
                        help="write only the large cases of the network, 21 MB, which are not in the repository")
    parser.add_argument("--models", type=int, metavar="SEED", help="write only published networks with random weights, "
                        "0.6 GB, which are not in the repository (Debian: python3-torchvision)")
    options = parser.parse_args()
    if (options.full_network or options.models is not None) and options.output.resolve() == here:
        parser.error("the large cases belong elsewhere: give --output")
    chosen = (layer_cases, loss_cases, optimizer_cases, network_cases)
    if options.full_network:
        chosen = (full_network_cases,)
    if options.models is not None:
        from model_cases import model_cases
        chosen = (lambda: model_cases(options.models),)
    torch.set_num_threads(1)  # sums of several threads may differ in the last digit
    options.output.mkdir(parents=True, exist_ok=True)
    written = {}
    for cases in chosen:
        for case in cases():
            file = case.file or case.name
            if file in written:
                raise SystemExit(f"generate.py: two cases are called {file}")
            written[file] = case.op
            case.write(options.output)
    print(f"{len(written)} cases of {len(set(written.values()))} ops in {options.output}")


if __name__ == "__main__":
    main()
