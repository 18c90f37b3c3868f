"""A batch and one set of initial weights, and what may be asked of their sizes."""

import math
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from manual import Params
from manual.inputs import check_inputs
from manual.network import Array, Labels

DTYPES: dict[str, np.dtype[np.floating[Any]]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
}
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Problem:
    """What both sides are given. Raises ValueError for whatever `manual.forward` would refuse."""

    X: Array  # (N, D)
    y: Labels  # (N,)
    params: Params
    reg: float
    seed: int = 0  # of the weights, and of X and y where these were made
    source: str = "random"  # or the file that X and y came from
    classes: tuple[str, ...] = ()  # their names in the file; y counts them in this order

    def __post_init__(self) -> None:
        check_inputs(self.params, self.X, self.y, self.reg)
        # PyTorch reads no array that runs backwards in memory or has another machine's byte order.
        object.__setattr__(self, "X", _plain(self.X))
        object.__setattr__(self, "y", _plain(self.y))
        object.__setattr__(self, "params", Params(*map(_plain, self.params)))

    @property
    def dtype(self) -> str:
        return str(self.X.dtype)

    def rows(self, start: int, stop: int) -> "Problem":
        """The data of some rows alone, without the penalty: reg is 0."""
        return replace(self, X=self.X[start:stop], y=self.y[start:stop], reg=0.0)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """N samples, D features, H hidden units, C classes."""
        (N, D), (H, C) = self.X.shape, self.params.W2.shape
        return N, D, H, C


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, or a copy where it is not in this machine's byte order and forward in memory."""
    if array.dtype.isnative and all(stride >= 0 for stride in array.strides):
        return array
    return array.astype(array.dtype.newbyteorder("="), order="C")


def check_problem(problem: object) -> None:
    """Raise ValueError for anything but a Problem."""
    if not isinstance(problem, Problem):
        raise ValueError(f"problem: expected a Problem, got {type(problem).__name__}")


def check_whole(name: str, value: int, least: int, most: int | None = None) -> None:
    """Raise ValueError unless `value` is a whole number from `least` to `most`."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        span = f">= {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: expected a whole number {span}, got {value!r}")


def check_seconds(name: str, value: Any, at_least_0: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number above 0, or 0 where that is one, too."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0 or (value == 0 and not at_least_0):
        sign = ">=" if at_least_0 else ">"
        finite = "" if not number or math.isfinite(value) else "a finite number of "
        got = f"{value:g}" if number else repr(value)
        raise ValueError(f"{name}: expected {finite}seconds {sign} 0, got {got}")


def dtype_named(name: str) -> np.dtype[np.floating[Any]]:
    """float32 or float64. Raises ValueError for another name."""
    if name not in DTYPES:
        raise ValueError(f"dtype: expected {' or '.join(DTYPES)}, got {name!r}")
    return DTYPES[name]
