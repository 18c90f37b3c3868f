"""The comparison itself: one record for each quantity, and whether all of them agree."""

from dataclasses import dataclass, replace
from traceback import extract_tb
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.bridge import to_torch, to_values
from compare.problem import Problem
from compare.rounding import Bounds, Mask, error_bounds
from compare.values import Values
from manual import Backward, Forward, Params, backward, forward
from manual.batches import pairwise, rows_per_block
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
    """Run one step of `problem` by hand and by autograd, and compare all that they computed.

    The manual side and the bounds take a long batch in the blocks of `manual.loss_and_gradients`:
    beyond autograd's own values this needs the memory of a few of them.
    """
    autograd = autograd_values(problem, device)
    N, rows = len(problem.X), rows_per_block(problem.params)
    if rows >= N:
        return compare_steps(problem, *manual_step(problem), autograd)
    by_row: list[tuple[Quantity, ...]] = []
    shares: list[tuple[Any, Params]] = []  # of the loss and the gradients
    errors: list[list[npt.NDArray[np.float64]]] = []
    kinks = 0
    for start in range(0, N, rows):
        block, there = problem.rows(start, start + rows), _rows(autograd, start, start + rows)
        manual, error, kinked = _reconciled(block, *manual_step(block, N), there.a1, N)
        kinks += kinked
        judged = compare_values(manual, there, error)
        by_row.append(tuple(_shifted(q, start) for q in judged if q.name in BY_ROW))
        gradients = Params(manual.dW1, manual.db1, manual.dW2, manual.db2)
        shares.append((manual.loss[()], gradients))
        errors.append([getattr(error, name) for name in SUMMED])
    loss, gradients = pairwise(iter(shares))
    manual_sums = (np.asarray(loss), *gradients)
    found = {
        name: compare_quantity(name, value, getattr(autograd, name), np.sum(error, axis=0))
        for name, value, *error in zip(SUMMED, manual_sums, *errors, strict=True)
    }
    for blocks in zip(*by_row, strict=True):
        worst = max(blocks, key=lambda q: (not q.ok, _size(q.max_abs_diff)))
        whole = getattr(autograd, worst.name)
        found[worst.name] = replace(worst, shape=whole.shape, scale=max(q.scale for q in blocks))
    return Comparison(tuple(found[name] for name in Values._fields), kinks)


def summed_errors(problem: Problem) -> dict[str, npt.NDArray[np.float64]]:
    """The bounds on the loss and the gradients alone, block by block."""
    N, rows = len(problem.X), rows_per_block(problem.params)
    blocks = (problem.rows(start, start + rows) for start in range(0, N, rows))
    errors = (error_bounds(block, N).error for block in blocks)
    shares = ([getattr(error, name) for name in SUMMED] for error in errors)
    return {name: np.sum(share, axis=0) for name, *share in zip(SUMMED, *shares, strict=True)}


# The quantities that have a row for each sample, and those that are sums over the samples.
BY_ROW = ("z1", "a1", "z2", "P", "dz2", "da1", "dz1")
SUMMED = ("loss", "dW1", "db1", "dW2", "db2")


def autograd_values(problem: Problem, device: str = "cpu") -> Values:
    model, X, y = to_torch(problem, device)
    return to_values(step(model, X, y, problem.reg))


def _rows(values: Values, start: int, stop: int) -> Values:
    return values._replace(**{name: getattr(values, name)[start:stop] for name in BY_ROW})


def _shifted(q: Quantity, rows: int) -> Quantity:
    return replace(q, at=(q.at[0] + rows, *q.at[1:])) if q.at else q


def _size(difference: float) -> float:
    return np.inf if np.isnan(difference) else difference


class ManualPassError(Exception):
    """A line of manual/ raised an error on a problem that was found to be good."""


def manual_step(problem: Problem, N: int | None = None) -> tuple[Forward, Backward]:
    """Forward and backward by hand; with N, of a block of a batch of that length. Raises
    ManualPassError if a line of theirs raises anything.
    """
    try:
        fwd = forward(problem.params, problem.X, problem.y, problem.reg, N)
        return fwd, backward(problem.params, problem.X, problem.reg, fwd, N)
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError) as error:
        *_, frame = (f for f in extract_tb(error.__traceback__) if "numpy" not in f.filename)
        raise ManualPassError(
            f"DIFFER: {frame.filename}, line {frame.lineno}: {frame.line}\n"
            f"raised {type(error).__name__}: {error}"
        ) from error


def compare_steps(problem: Problem, fwd: Forward, bwd: Backward, autograd: Values) -> Comparison:
    """A manual step against autograd's: each element within what rounding may do to it."""
    manual, error, kinks = _reconciled(problem, fwd, bwd, autograd.a1)
    return Comparison(compare_values(manual, autograd, error), kinks)


def _reconciled(
    problem: Problem,
    fwd: Forward,
    bwd: Backward,
    autograd_a1: npt.NDArray[np.floating],
    N: int | None = None,
) -> tuple[Values, Values, int]:
    """The manual values, their bounds, and in how many hidden values they follow autograd."""
    bounds = error_bounds(problem, N)
    manual = step_values(fwd, bwd)
    kinks = masked_differently(manual.a1, autograd_a1, bounds)
    if kinks.any():
        # Which side of 0 such a z1 rounds to is nobody's bug, but the gradients jump there:
        # take the manual step back through the ReLU with autograd's choice.
        a1 = np.where(kinks, autograd_a1, fwd.a1)
        again = backward(problem.params, problem.X, problem.reg, fwd._replace(a1=a1), N)
        manual = manual._replace(dz1=again.dz1, dW1=again.dW1, db1=again.db1)
    return manual, bounds.error, int(kinks.sum())


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
