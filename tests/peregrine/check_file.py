#!/usr/bin/env python3
"""Reads a file of PeregrineWriter with h5py and compares it with what peregrine_h5py_test.cpp wrote.

Exit code 77: there is no h5py.
"""
import sys

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"check_file.py: {error}: python3-h5py is not installed", file=sys.stderr)
    sys.exit(77)

layer, y, x = np.meshgrid(np.arange(40), np.arange(70), np.arange(90), indexing="ij")
labels = (layer + (90 * y + x) // 50) % 3
with h5py.File(sys.argv[1]) as file:
    assert file.attrs["core/build_name"] == "made by amdefect"
    assert file.attrs["core/number_of_layers"] == 40
    assert file.attrs["material/layer_thickness/units"] == "mm"
    for channel in range(2):
        camera = file[f"slices/camera_data/visible/{channel}"]
        expected = (7 * layer + 3 * y + 5 * x + 50 * channel) % 256
        scale = 255 if camera.dtype == np.float32 else 1
        assert np.array_equal(np.rint(camera[...] * np.float32(scale)), expected), camera
    masks = file["slices/segmentation_results"]
    assert masks.attrs["class_names"] == "Powder,Printed,Debris"
    if isinstance(masks, h5py.Dataset):
        assert np.array_equal(masks[...], labels)
    else:
        for number in range(3):
            assert masks[str(number)].dtype == bool
            assert np.array_equal(masks[str(number)][...], labels == number)
    kind = "lzf" if "lzf" in sys.argv[1] else "gzip" if "gzip" in sys.argv[1] else None
    assert camera.compression == kind, camera.compression
    assert camera.chunks == (None if kind is None else (7, 30, 40)), camera.chunks
