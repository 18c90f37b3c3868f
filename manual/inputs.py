"""What the network accepts, and the one line that says what was wrong with anything else."""

import math
from numbers import Real
from typing import Any

import numpy as np

NAMES = ("X", "W1", "b1", "W2", "b2")
LARGEST = {char: float(np.finfo(char).max) for char in "fd"}
DTYPES = (np.dtype(np.float64), np.dtype(np.float32))
SHORT = 10_000  # numbers; for a longer dot product OpenBLAS wakes its threads


def check_inputs(params: Any, X: Any, y: Any, reg: Any) -> None:
    """Raise ValueError, naming the argument, what was expected and what came, unless

    X (N, D), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C) are finite and of one dtype, float32 or
    float64; y (N,) holds whole numbers from 0 to C - 1; reg is a finite number >= 0.
    """
    check_forms(params, X, y, reg)
    for name, array in zip(NAMES, (X, *params), strict=True):
        check_finite(name, array)
    _check_range(y, params[2].shape[1])


def check_forms(params: Any, X: Any, y: Any, reg: Any) -> None:
    """The same but for what takes a look at every number of X and y."""
    if getattr(params, "_fields", None) != NAMES[1:]:
        raise ValueError(f"params: expected a Params, got {type(params).__name__}")
    dtype = X.dtype if type(X) is np.ndarray and X.dtype in DTYPES else None
    for name, array in zip(NAMES, (X, *params), strict=True):
        if type(array) is not np.ndarray or array.dtype is not dtype:
            _check_floats(name, array, X)
    _check_shapes(X, *params)
    _check_labels(y, len(X))
    _check_reg(reg, X.dtype)


def _check_floats(name: str, array: Any, X: Any) -> None:
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name}: expected a NumPy array, got {type(array).__name__}")
    if array.dtype.char not in LARGEST:
        raise ValueError(f"{name}: expected float32 or float64, got {array.dtype}")
    if array.dtype.char != X.dtype.char:
        raise ValueError(f"{name}: expected {X.dtype} like X, got {array.dtype}")


def _check_shapes(X: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> None:
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"X: expected (N, D), N >= 1 samples of D >= 1 features, got {X.shape}")
    D = X.shape[1]
    if W1.ndim != 2 or W1.shape[0] != D or W1.size == 0:
        raise ValueError(f"W1: expected ({D}, H), a row for each of X's features, got {W1.shape}")
    H = W1.shape[1]
    if b1.shape != (1, H):
        raise ValueError(f"b1: expected (1, {H}), a row as wide as W1, got {b1.shape}")
    if W2.ndim != 2 or W2.shape[0] != H or W2.size == 0:
        raise ValueError(f"W2: expected ({H}, C), a row for each hidden unit, got {W2.shape}")
    C = W2.shape[1]
    if b2.shape != (1, C):
        raise ValueError(f"b2: expected (1, {C}), a row as wide as W2, got {b2.shape}")


def check_finite(name: str, array: Any) -> None:
    """Raise ValueError at the first NaN or infinity in `array`."""
    if array.size <= SHORT:
        flat = array.ravel(order="K")
        if math.isfinite(np.vdot(flat, flat)):  # where a square overflows, vdot warns of nothing
            return
    finite = np.isfinite(array)
    if not finite.all():
        at = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name}: expected finite numbers, got {array[at]} at {list(at)}")


def _check_labels(y: Any, N: int) -> None:
    if not isinstance(y, np.ndarray):
        raise ValueError(f"y: expected a NumPy array, got {type(y).__name__}")
    if y.shape != (N,):
        raise ValueError(f"y: expected ({N},), a label for each row of X, got {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"y: expected integer labels, got {y.dtype}{_first_fraction(y)}")


def _check_range(y: Any, C: int) -> None:
    # A label of -1 would pick the last class, silently, wherever it is used as an index.
    if np.maximum.reduce(y) >= C or np.minimum.reduce(y) < 0:  # y.max() costs twice as much
        row = int(np.argmax((y < 0) | (y >= C)))
        raise ValueError(f"y: expected labels from 0 to {C - 1}, got {y[row]} at row {row}")


def _first_fraction(y: Any) -> str:
    fractional = y % 1 != 0 if y.dtype.kind == "f" else np.zeros(1, bool)
    row = int(np.argmax(fractional))
    return f" ({y[row]} at row {row})" if fractional[row] else ""


def _check_reg(reg: Any, dtype: Any) -> None:
    # Comparing is exact for a whole number too large for float(); NaN fits nowhere.
    real = type(reg) is float or isinstance(reg, Real)  # the second alone takes far longer
    if not (real and 0 <= reg <= LARGEST[dtype.char]):
        raise ValueError(f"reg: expected a finite {dtype} number >= 0, got {reg!r}")
