"""One quantity on both sides, and whether they agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Quantity:
    """One quantity on both sides. The numbers are those at `at`: the element that differs most,
    among those that differ too much if there are any.
    """

    key: str  # which quantity it is, however it is displayed; "" where that is not known
    name: str  # as it is displayed
    shape: tuple[int, ...]
    max_abs_diff: float
    at: tuple[int, ...]
    manual: float
    autograd: float
    allowed: float
    ok: bool
    scale: float  # largest |value| that autograd has for this quantity
    dtype: str
    mismatch: str = ""  # what else is wrong: the shape or the dtype

    @property
    def used(self) -> float:
        """The share of the allowed difference that the difference takes."""
        if self.max_abs_diff == 0:
            return 0.0
        return self.max_abs_diff / self.allowed if self.allowed else np.inf

    @property
    def width(self) -> float:
        """The allowed difference beside the values themselves: near 1, agreement says little."""
        return self.allowed / self.scale if self.scale else 0.0


def compare_quantity(
    key: str,
    manual: npt.NDArray[np.floating],
    autograd: npt.NDArray[np.floating],
    error: npt.NDArray[np.float64],
    name: str | None = None,
) -> Quantity:
    """Judge one quantity; two correct sides differ by at most 2 `error`. NaN or infinity on either
    side is never agreement. It is displayed as `name`, if that is not its key.
    """
    name = key if name is None else name
    mismatch = _mismatch(manual, autograd)
    if mismatch:
        return mismatched(key, autograd, mismatch, name=name)
    with np.errstate(all="ignore"):
        difference = abs(manual.astype(np.float64) - autograd)  # inf - inf is NaN
    allowed = 2 * error
    bad = ~((difference <= allowed) & np.isfinite(allowed))  # so that NaN is bad
    worst = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(np.argmax(np.where(bad, worst, -1) if bad.any() else worst), worst.shape)
    return Quantity(
        key=key,
        name=name,
        shape=autograd.shape,
        max_abs_diff=float(difference[at]),
        at=tuple(int(i) for i in at),
        manual=float(manual[at]),
        autograd=float(autograd[at]),
        allowed=float(allowed[at]),
        ok=not bad.any(),
        scale=float(abs(autograd).max()),
        dtype=str(autograd.dtype),
    )


def mismatched(
    key: str, autograd: npt.NDArray[Any], why: str, ok: bool = False, name: str | None = None
) -> Quantity:
    """A quantity whose numbers cannot be compared, and why."""
    nan, name = np.nan, key if name is None else name
    return Quantity(
        key, name, autograd.shape, nan, (), nan, nan, nan, ok, nan, str(autograd.dtype), why
    )


def _mismatch(manual: npt.NDArray[np.floating], autograd: npt.NDArray[np.floating]) -> str:
    if manual.shape != autograd.shape:
        return f"shape {manual.shape} by hand, {autograd.shape} by autograd"
    if manual.dtype != autograd.dtype:
        return f"{manual.dtype} by hand, {autograd.dtype} by autograd"
    return ""
