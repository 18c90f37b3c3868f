"""The twelve quantities that the comparison is about, in the order of the computation: their names
stand here, and nowhere else.
"""

from typing import Any, NamedTuple

import numpy.typing as npt

from manual import Params


class Values(NamedTuple):
    """One array for each quantity: its value, or a bound on its error. `loss` has shape ()."""

    z1: npt.NDArray[Any]  # (N, H)
    a1: npt.NDArray[Any]  # (N, H)
    z2: npt.NDArray[Any]  # (N, C)
    P: npt.NDArray[Any]  # (N, C)
    loss: npt.NDArray[Any]  # ()
    dz2: npt.NDArray[Any]  # (N, C)
    dW2: npt.NDArray[Any]  # (H, C)
    db2: npt.NDArray[Any]  # (1, C)
    da1: npt.NDArray[Any]  # (N, H)
    dz1: npt.NDArray[Any]  # (N, H)
    dW1: npt.NDArray[Any]  # (D, H)
    db1: npt.NDArray[Any]  # (1, H)


QUANTITIES = Values._fields
GRADIENTS = tuple(f"d{parameter}" for parameter in Params._fields)  # as Params has them
SUMMED = ("loss", *GRADIENTS)  # sums over the samples
BY_ROW = tuple(name for name in QUANTITIES if name not in SUMMED)  # a row for each sample
