"""An exact batch on both sides, compared bit by bit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.agreement.step import autograd_values, manual_step, step_values
from compare.bounds.exact import ExactBatch
from compare.bounds.quantities import QUANTITIES, Values


@dataclass(frozen=True)
class ExactQuantity:
    """One quantity on both sides, bit by bit. `at` is its first element that differs, if any,
    and the values are those there.
    """

    name: str
    identical: bool
    at: tuple[int, ...] = ()
    manual: float = math.nan
    autograd: float = math.nan
    mismatch: str = ""


@dataclass(frozen=True)
class ExactComparison:
    batch: ExactBatch
    quantities: tuple[ExactQuantity, ...]

    @property
    def agree(self) -> bool:
        return self.first_difference is None

    @property
    def first_difference(self) -> ExactQuantity | None:
        return next((q for q in self.quantities if not q.identical), None)


def compare_exactly(batch: ExactBatch, device: str = "cpu") -> ExactComparison:
    """One step of the batch by hand and by autograd, compared bit by bit."""
    autograd = autograd_values(batch.problem, device)
    return compare_bits(batch, step_values(*manual_step(batch.problem)), autograd)


def compare_bits(batch: ExactBatch, manual: Values, autograd: Values) -> ExactComparison:
    """All twelve quantities; the two zeros, +0 and -0, count as the same number."""
    sides = zip(QUANTITIES, manual, autograd, strict=True)
    return ExactComparison(batch, tuple(_judge(*side) for side in sides))


def _judge(name: str, manual: npt.NDArray[Any], autograd: npt.NDArray[Any]) -> ExactQuantity:
    if (manual.shape, manual.dtype) != (autograd.shape, autograd.dtype):
        by_hand, by_autograd = (f"{a.dtype} {a.shape}" for a in (manual, autograd))
        mismatch = f"{by_hand} by hand, {by_autograd} by autograd"
        return ExactQuantity(name, False, mismatch=mismatch)
    differ = manual != autograd  # true of NaN, on either side
    if not differ.any():
        return ExactQuantity(name, True)
    at = tuple(int(i) for i in np.unravel_index(np.argmax(differ), differ.shape))
    return ExactQuantity(name, False, at, float(manual[at]), float(autograd[at]))
