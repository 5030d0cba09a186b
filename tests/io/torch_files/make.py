#!/usr/bin/python3
"""Writes the files of this folder once more with the installed PyTorch (Debian: python3-torch)."""
import argparse
import collections
import os
import pathlib
import zipfile

import numpy
import torch

here = pathlib.Path(__file__).resolve().parent
torch.manual_seed(1)
state = collections.OrderedDict()
state["conv.weight"] = torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2) / 8
state["conv.bias"] = torch.nn.Parameter(torch.tensor([0.5, -1.5]))
state["half"] = torch.tensor([1.5, -2.0], dtype=torch.float16)
state["brain"] = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
state["double"] = torch.tensor([[1.0, 1e-9]], dtype=torch.float64)
state["count"] = torch.tensor(7)
state["empty"] = torch.zeros(0, 3)
shared = torch.arange(6, dtype=torch.float32)
state["head"], state["tail"] = shared[:2], shared[2:]

torch.save(state, here / "state.pth")
torch.save(state, here / "state_old.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "state_dict": dict(state), "optimizer": {"lr": [0.1, None, True]}}, here / "checkpoint.pth")
optimizer = {"momentum": [torch.zeros(3, dtype=torch.float64), torch.zeros(2, dtype=torch.cfloat)], "step": torch.tensor(1)}
torch.save({"optimizer": optimizer, "state_dict": state}, here / "checkpoint_old.pth",
           _use_new_zipfile_serialization=False)
numbers = torch.arange(24, dtype=torch.float32)
strided = {"transposed": numbers[:6].reshape(2, 3).t(), "permuted": numbers.reshape(2, 3, 4).permute(2, 0, 1)[1:],
           "channels_last": numbers.reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
           "every_other": numbers[1::2].half()[::3], "expanded": numbers[5:6].expand(2, 3)}
torch.save(strided, here / "strided.pth")
torch.save({name: tensor.contiguous() for name, tensor in strided.items()}, here / "contiguous.pth")
torch.save({"x": torch.zeros(2).expand(10**5, 10**4, 2)}, here / "too_large.pth")
torch.save(torch.zeros(2), here / "tensor.pth")
torch.save({"x": torch.zeros(1, 1, 1, 1, 1, 1, 1)}, here / "seven_dimensions.pth")


class Attack:
    """A pickle that runs a command when Python reads it."""

    def __reduce__(self):
        return os.system, ("touch attacked",)


torch.save({"x": Attack()}, here / "attack.pth")
torch.save({"x": torch.zeros(2), "y": Attack()}, here / "attack_inside.pth")
dictionary = collections.defaultdict(dict, {"a": {"b": 1}})
beside = {"epoch": 3, "best": torch.tensor(3.0), "random": torch.get_rng_state()[:8], "attack": Attack(),
          "arguments": argparse.Namespace(rate=0.1), "accuracy": numpy.float64(0.5), "array": numpy.arange(3),
          "default": dictionary, "set": {1, 2}, "bytes": b"abc", "large": 10**30, "model_ema": {"x": torch.zeros(2)}}
torch.save({**beside, "model": state}, here / "beside.pth")
torch.save({**beside, "net": state}, here / "beside_protocol_4.pth", pickle_protocol=4)
torch.save(torch.nn.Linear(1, 1), here / "module.pth")
torch.save(torch.nn.Linear(1, 1), here / "module_old.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "model": torch.nn.Linear(1, 1), "a": 1, "b": 1, "c": 1, "d": 1}, here / "module_inside.pth")
torch.jit.script(torch.nn.Linear(1, 1)).save(str(here / "script.pt"))
torch.save({"x": torch.zeros(2)}, here / "protocol_1.pth", pickle_protocol=1)

for order in ("little\n", "big"):  # newer versions of PyTorch write it, without an end of the line
    with zipfile.ZipFile(here / "state.pth") as old, zipfile.ZipFile(here / f"{order.strip()}.pth", "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
        new.writestr(zipfile.ZipInfo("state/byteorder"), order)
