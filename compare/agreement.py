"""The comparison itself: one record for each quantity, and whether all of them agree."""

from dataclasses import dataclass
from traceback import extract_tb

import numpy as np
import numpy.typing as npt

from compare.bridge import to_torch, to_values
from compare.problem import Problem
from compare.rounding import Bounds, Mask, error_bounds
from compare.values import Values
from manual import Backward, Forward, backward, forward
from torch_ref import step


@dataclass(frozen=True)
class Quantity:
    """One quantity on both sides. The numbers are those at `at`: the element that differs most,
    among those that differ too much if there are any.
    """

    name: str
    shape: tuple[int, ...]
    max_abs_diff: float
    at: tuple[int, ...]
    manual: float
    autograd: float
    allowed: float
    ok: bool
    scale: float  # largest |value| that autograd has for this quantity
    mismatch: str = ""  # what else is wrong: the shape or the dtype

    @property
    def used(self) -> float:
        """The share of the allowance that the difference takes."""
        if self.max_abs_diff == 0:
            return 0.0
        return self.max_abs_diff / self.allowed if self.allowed else np.inf

    @property
    def width(self) -> float:
        """The allowance beside the values themselves: near 1, agreement says little."""
        return self.allowed / self.scale if self.scale else 0.0


@dataclass(frozen=True)
class Comparison:
    """The twelve quantities of one step on both sides."""

    quantities: tuple[Quantity, ...]
    kinks: int  # hidden values within rounding of 0 that the two sides masked differently

    @property
    def agree(self) -> bool:
        return self.first_difference is None

    @property
    def first_difference(self) -> Quantity | None:
        return next((q for q in self.quantities if not q.ok), None)

    @property
    def tightest(self) -> Quantity:
        """The quantity that used most of its allowance."""
        return max(self.quantities, key=lambda q: q.used)


def compare(problem: Problem, device: str = "cpu") -> Comparison:
    """Run one step of `problem` by hand and by autograd, and compare all that they computed."""
    fwd, bwd = manual_step(problem)
    model, X, y = to_torch(problem, device)
    return compare_steps(problem, fwd, bwd, to_values(step(model, X, y, problem.reg)))


class ManualPassError(Exception):
    """A line of manual/ raised an error on a problem that was found to be good."""


def manual_step(problem: Problem) -> tuple[Forward, Backward]:
    """Forward and backward by hand. Raises ManualPassError if a line of theirs does."""
    try:
        fwd = forward(problem.params, problem.X, problem.y, problem.reg)
        return fwd, backward(problem.params, problem.X, problem.reg, fwd)
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError) as error:
        *_, frame = (f for f in extract_tb(error.__traceback__) if "numpy" not in f.filename)
        raise ManualPassError(
            f"DIFFER: {frame.filename}, line {frame.lineno}: {frame.line}\n"
            f"raised {type(error).__name__}: {error}"
        ) from error


def compare_steps(problem: Problem, fwd: Forward, bwd: Backward, autograd: Values) -> Comparison:
    """A manual step against autograd's: each element within what rounding may do to it."""
    bounds = error_bounds(problem)
    manual = step_values(fwd, bwd)
    kinks = masked_differently(manual.a1, autograd.a1, bounds)
    if kinks.any():
        # Which side of 0 such a z1 rounds to is nobody's bug, but the gradients jump there:
        # take the manual step back through the ReLU with autograd's choice.
        a1 = np.where(kinks, autograd.a1, fwd.a1)
        again = backward(problem.params, problem.X, problem.reg, fwd._replace(a1=a1))
        manual = manual._replace(dz1=again.dz1, dW1=again.dW1, db1=again.db1)
    return Comparison(compare_values(manual, autograd, bounds.error), int(kinks.sum()))


def step_values(fwd: Forward, bwd: Backward) -> Values:
    return Values(fwd.z1, fwd.a1, fwd.z2, fwd.P, np.asarray(fwd.loss), *bwd)


def compare_values(manual: Values, autograd: Values, error: Values) -> tuple[Quantity, ...]:
    """One record for each quantity; two correct sides differ by at most 2 `error`."""
    return tuple(
        compare_quantity(name, *sides)
        for name, *sides in zip(Values._fields, manual, autograd, error, strict=True)
    )


def compare_quantity(
    name: str,
    manual: npt.NDArray[np.floating],
    autograd: npt.NDArray[np.floating],
    error: npt.NDArray[np.float64],
) -> Quantity:
    """Judge one quantity. NaN or infinity on either side is never agreement."""
    mismatch = _mismatch(manual, autograd)
    if mismatch:
        nan = np.nan
        return Quantity(name, autograd.shape, nan, (), nan, nan, nan, False, nan, mismatch)
    with np.errstate(all="ignore"):
        difference = abs(manual.astype(np.float64) - autograd)  # inf - inf is NaN
    allowed = 2 * error
    bad = ~((difference <= allowed) & np.isfinite(allowed))  # so that NaN is bad
    worst = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(np.argmax(np.where(bad, worst, -1) if bad.any() else worst), worst.shape)
    return Quantity(
        name=name,
        shape=autograd.shape,
        max_abs_diff=float(difference[at]),
        at=tuple(int(i) for i in at),
        manual=float(manual[at]),
        autograd=float(autograd[at]),
        allowed=float(allowed[at]),
        ok=not bad.any(),
        scale=float(abs(autograd).max()),
    )


def _mismatch(manual: npt.NDArray[np.floating], autograd: npt.NDArray[np.floating]) -> str:
    if manual.shape != autograd.shape:
        return f"shape {manual.shape} by hand, {autograd.shape} by autograd"
    if manual.dtype != autograd.dtype:
        return f"{manual.dtype} by hand, {autograd.dtype} by autograd"
    return ""


def masked_differently(
    manual: npt.NDArray[np.floating], autograd: npt.NDArray[np.floating], bounds: Bounds
) -> Mask:
    if manual.shape != autograd.shape:
        return np.zeros(1, bool)
    differ: Mask = ((manual > 0) != (autograd > 0)) & bounds.unsure
    return differ
