"""Arrays and plain data, from one process to another by way of a file.

A record is a line of JSON and the bytes of its arrays. The reader believes nothing: it may be the
file of a process that went wrong. It asks for sizes before it reads, and raises ValueError.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

LONGEST = 2**22  # bytes of a record's line
DTYPES = {"<f8", "<f4", "<f2", "<i8", "|b1"}

Arrays = Mapping[str, npt.NDArray[Any]]

# Taken now: a learner's file may put other functions in their place.
_dumps, _pack = json.dumps, struct.pack


def pack(data: Mapping[str, Any], arrays: Arrays) -> bytes:
    """A record. The arrays have one of the DTYPES."""
    head = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    line = _dumps({"data": data, "arrays": head}).encode("ascii")
    return b"".join([_pack("<Q", len(line)), line, *(array.tobytes() for array in arrays.values())])


def unpack(file: BinaryIO, most: int) -> Iterator[tuple[dict[str, Any], Arrays]]:
    """The records of a file whose arrays have `most` bytes altogether. A record that was cut off
    ends it: whoever wrote it was stopped.
    """
    while len(size := file.read(8)) == 8:
        (length,) = struct.unpack("<Q", size)
        if length > LONGEST:
            raise ValueError(f"a line of {length} bytes")
        line = file.read(length)
        if len(line) < length:
            return
        record = json.loads(line)
        arrays = {}
        for name, dtype, shape in record["arrays"]:
            bytes_needed = _size(dtype, shape)
            most -= bytes_needed
            if most < 0:
                raise ValueError(f"{name}: too many numbers, of shape {tuple(shape)}")
            content = bytearray(file.read(bytes_needed))
            if len(content) < bytes_needed:
                return
            arrays[str(name)] = np.frombuffer(content, dtype).reshape(shape)
        yield record["data"], arrays


def _size(dtype: Any, shape: Any) -> int:
    if dtype not in DTYPES or not isinstance(shape, list) or len(shape) > 32:
        raise ValueError(f"an array of {dtype!r}")
    size = int(dtype[2])
    for length in shape:
        if not isinstance(length, int) or length < 0:
            raise ValueError(f"an array of shape {shape}")
        size *= length
    return size
