"""A reference case, and how it is written as a safetensors file that tests/reference_check reads."""
import dataclasses
import json
import struct
import zlib

import numpy

DTYPES = {"float64": "F64", "float32": "F32", "int32": "I32"}


@dataclasses.dataclass
class Case:
    """What goes in, what has to come out, and the gradients of what went in (named d + the input's name)."""
    name: str
    op: str
    attributes: dict
    inputs: dict
    outputs: dict
    grads: dict = dataclasses.field(default_factory=dict)
    file: str = ""  # where several files make up a case

    def metadata(self):
        texts = {"op": self.op, "case": self.name, "outputs": ",".join(self.outputs), "grads": ",".join(self.grads)}
        return texts | {key: str(value) for key, value in self.attributes.items()}

    def write(self, folder):
        write_safetensors(folder / f"{self.file or self.name}.safetensors", self.inputs | self.outputs | self.grads,
                          self.metadata())


def write_safetensors(path, tensors, metadata):
    """What float32 can hold is stored so. Wide types come first, so that every tensor is aligned to its elements."""
    arrays = {name: narrowed(numpy.ascontiguousarray(array)) for name, array in tensors.items()}
    header, end = {"__metadata__": metadata}, 0
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for name, array in ordered:
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, array in ordered:
            file.write(array.astype(array.dtype.newbyteorder("<")).tobytes())


def narrowed(array):
    narrow = array.astype(numpy.float32)
    return narrow if array.dtype == numpy.float64 and numpy.array_equal(narrow, array) else array


def float32_exact(values):
    """The nearest numbers that float32 can hold, as float64: both precisions then start from the same data."""
    return numpy.asarray(values).astype(numpy.float32).astype(numpy.float64)


class Draw:
    """Random inputs of one case. The seed is the case's name, so that a new case does not change the others.

    NumPy promises that the numbers of RandomState stay the same in all versions.
    """

    def __init__(self, name):
        self._random = numpy.random.RandomState(zlib.crc32(name.encode()))

    def normal(self, *shape, mean=0.0, deviation=1.0):
        return float32_exact(mean + deviation * self._random.standard_normal(shape))

    def uniform(self, *shape, low=0.0, high=1.0):
        return float32_exact(self._random.uniform(low, high, shape))

    def integers(self, *shape, low=0, high):
        """From low to high - 1."""
        return self._random.randint(low, high, shape)

    def chance(self, *shape, of):
        return (self._random.uniform(size=shape) < of).astype(numpy.float64)
