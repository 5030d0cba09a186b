#!/usr/bin/env python3
"""Writes small Peregrine files with h5py, an implementation of HDF5's filters that is not ours: make_files.py FOLDER.

The pictures follow a formula, which peregrine_h5py_test.cpp knows, too. Exit code 77: there is no h5py.
"""
import sys

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"make_files.py: {error}: python3-h5py is not installed", file=sys.stderr)
    sys.exit(77)

LAYERS, HEIGHT, WIDTH = 40, 70, 90
CLASSES = ["Powder", "Printed", "Recoater Streaking", "Spatter"]


def picture(channel):
    layer, y, x = np.meshgrid(np.arange(LAYERS), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return ((7 * layer + 3 * y + 5 * x + 50 * channel) % 256).astype(np.uint8)


def labels():
    """0 outside; a square of class 1; a streak of 3 rows (2) that moves down with the layers; spatter (3) in layer 20."""
    classes = np.zeros((LAYERS, HEIGHT, WIDTH), np.uint8)
    classes[:, 10:60, 20:80] = 1
    for layer in range(LAYERS):
        classes[layer, 12 + layer : 15 + layer, 25:75] = 2
    classes[20, 5:9, 3:8] = 3
    return classes


def attributes(file, names=CLASSES):
    file.attrs["core/build_name"] = "made by h5py"
    file.attrs["core/number_of_layers"] = LAYERS
    file.attrs["material/layer_thickness"] = 50.0
    file.attrs["material/layer_thickness/units"] = "um"
    file.attrs["printer/x_real_dimension"] = 250.0
    file.attrs["printer/y_real_dimension"] = 200.0
    file.attrs["printer/x_camera_dimension"] = WIDTH
    file.attrs["printer/y_camera_dimension"] = HEIGHT
    file["temporal/oxygen"] = np.linspace(0, 1, LAYERS)
    file["scans/0"] = np.zeros((4, 5))
    if names:
        file.require_group("slices/segmentation_results").attrs["class_names"] = ", ".join(names)


def whole(folder, name, camera_type, **storage):
    """Masks of booleans for each class, two cameras."""
    with h5py.File(f"{folder}/{name}.h5", "w") as file:
        attributes(file)
        for channel in range(2):
            data = picture(channel)
            if camera_type == np.float32:
                data = (data / 255).astype(np.float32)
            file.create_dataset(f"slices/camera_data/visible/{channel}", data=data.astype(camera_type), **storage)
        for number in range(len(CLASSES)):
            file.create_dataset(f"slices/segmentation_results/{number}", data=labels() == number, **storage)
        file.create_dataset("slices/part_ids", data=(labels() > 0).astype(np.uint32), **storage)


def main(folder):
    rng = np.random.default_rng(0)
    whole(folder, "lzf", np.uint8, compression="lzf", chunks=True)
    whole(folder, "gzip", np.uint8, compression="gzip", chunks=True)
    whole(folder, "shuffled", np.float32, compression="lzf", shuffle=True, chunks=True)
    whole(folder, "floats", np.float32, compression="lzf", chunks=True)
    whole(folder, "contiguous", np.uint8)
    whole(folder, "odd_chunks", np.uint8, compression="lzf", chunks=(7, 11, 13))
    with h5py.File(f"{folder}/categorical.h5", "w") as file:
        attributes(file, None)
        file.create_dataset("slices/camera_data/NIR/0", data=picture(0).astype(np.uint16) * 16, chunks=True)
        file.create_dataset("slices/segmentation_results", data=labels(), compression="lzf")
        file["slices/segmentation_results"].attrs["class_names"] = np.array(CLASSES, dtype=h5py.string_dtype())
    # A camera of 16 bits with a quarter of the pixels, before the one whose pixels the masks have.
    with h5py.File(f"{folder}/sizes.h5", "w") as file:
        attributes(file)
        file.create_dataset("slices/camera_data/NIR/0", data=picture(0)[:, ::2, ::2].astype(np.uint16) * 200, chunks=True)
        file.create_dataset("slices/camera_data/visible/0", data=picture(0), chunks=True)
        for number in range(len(CLASSES)):
            file.create_dataset(f"slices/segmentation_results/{number}", data=labels() == number, chunks=True)
    # LZF gives up on noise: h5py then stores the chunk as it is, and its filter mask says so. Nothing else is written.
    with h5py.File(f"{folder}/sparse.h5", "w") as file:
        attributes(file, CLASSES[:1])
        shape = (LAYERS, HEIGHT, WIDTH)
        camera = file.create_dataset("slices/camera_data/visible/0", shape, np.uint8, compression="lzf",
                                     chunks=(8, 35, 45), fillvalue=9)
        camera[8:16, 35:70, 45:90] = rng.integers(0, 256, (8, 35, 45), np.uint8)
        file.create_dataset("slices/segmentation_results/0", shape, bool, compression="lzf", chunks=(8, 35, 45))
        file["expected"] = camera[...]
    with h5py.File(f"{folder}/ids_only.h5", "w") as file:
        file["slices/part_ids"] = labels().astype(np.int64)


main(sys.argv[1])
