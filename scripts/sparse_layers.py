#!/usr/bin/env python3
"""Writes a large Peregrine file that takes little room: sparse_layers.py FILE LAYERS SIZE.

Two cameras that are stored without chunks, of which every 50th layer is written, and masks of one class in LZF.
For the measurements of docs/peregrine.md; needs python3-h5py.
"""
import sys

import h5py
import numpy as np

path, layers, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shape = (layers, size, size)
rng = np.random.default_rng(1)
with h5py.File(path, "w") as file:
    file.attrs["core/build_name"] = f"sparse, {layers} layers"
    cameras = [file.create_dataset(f"slices/camera_data/visible/{i}", shape, np.uint8) for i in range(2)]
    masks = file.create_group("slices/segmentation_results")
    masks.attrs["class_names"] = "Debris"
    debris = masks.create_dataset("0", shape, bool, chunks=(35, 89, 89), compression="lzf")
    for layer in range(0, layers, 50):
        picture = rng.integers(90, 130, (size, size), np.uint8)
        for _ in range(6):
            y, x = rng.integers(0, size - 30, 2)
            picture[y : y + 24, x : x + 24] = 20
            debris[layer, y : y + 24, x : x + 24] = True
        for camera in cameras:
            camera[layer] = picture
