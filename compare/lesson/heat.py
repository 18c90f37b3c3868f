"""Matrices as pictures: a diverging scale, blue below 0 and orange above, the fuller the larger.

The colours are half transparent where the numbers are small, so that the same picture stands on
light and on dark paper. Blue and orange are told apart with every common colour blindness.
"""

import base64
import math
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

BLUE, ORANGE = (47, 122, 196), (226, 121, 20)
SHADES = 24  # of each colour, in a picture
LEVELS = 8  # of each colour, in a table's cells

Array = npt.NDArray[Any]


class Scale(NamedTuple):
    """What the fullest colour stands for, and the power of ten that the cells are written in."""

    largest: float
    exponent: int

    @property
    def unit(self) -> float:
        return float(10.0**self.exponent)


def scale_of(*arrays: Array) -> Scale:
    """One scale for all of them. What is not finite has no colour."""
    numbers = np.concatenate([np.abs(array.astype(np.float64)).ravel() for array in arrays])
    finite = numbers[np.isfinite(numbers)]
    largest = float(finite.max()) if finite.size else 0.0
    if largest == 0:
        return Scale(0.0, 0)
    exponent = 3 * math.floor(math.log10(largest) / 3)
    return Scale(largest, 0 if exponent in (0, -3) and largest >= 0.1 else exponent)


def cell_text(value: float, scale: Scale) -> str:
    """The number in the scale's unit, with three decimals and a real minus sign."""
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    text = f"{value / scale.unit:.3f}"
    return text.replace("-", "−") if float(text) else "0" if value == 0 else "0.000"


def cell_class(value: float, scale: Scale) -> str:
    """n1 … n8 below 0, p1 … p8 above, nothing at 0 or where there is no number."""
    level = round(LEVELS * _share(value, scale))
    return f"{'n' if level < 0 else 'p'}{abs(level)}" if level else ""


def _share(value: float, scale: Scale) -> float:
    return value / scale.largest if scale.largest and math.isfinite(value) else 0.0


def picture(matrix: Array, scale: Scale) -> str:
    """The matrix as the address of a PNG, one pixel for each element."""
    values = np.nan_to_num(matrix.astype(np.float64), nan=0, posinf=0, neginf=0)
    shares = values / scale.largest if scale.largest else np.zeros_like(values)
    index = (np.rint(np.clip(shares, -1, 1) * SHADES) + SHADES).astype(np.uint8)
    return "data:image/png;base64," + base64.b64encode(_png(index)).decode("ascii")


def _png(index: npt.NDArray[np.uint8]) -> bytes:
    """A PNG (ISO/IEC 15948) of palette entries 0 … 2 SHADES, with their transparency."""
    height, width = index.shape
    palette = bytes(BLUE) * SHADES + bytes(BLUE) + bytes(ORANGE) * SHADES
    alphas = [round(255 * abs(k) / SHADES) for k in range(-SHADES, SHADES + 1)]
    rows = np.insert(index, 0, 0, axis=1)  # each row starts with its filter: none
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"tRNS", bytes(alphas)),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )
