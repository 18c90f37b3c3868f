"""The comparison itself: one record for each quantity, and whether all of them agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.agreement.bridge import choose_device
from compare.agreement.kinks import on_autograds_side
from compare.agreement.quantity import Quantity, compare_quantity, mismatched
from compare.agreement.step import autograd_values, manual_shares, manual_sums, step_values
from compare.agreement.words import HEADER, quantities_text, quantity_row, verdict_text
from compare.bounds.long_batch import added_by, block_bounds, summed_bounds
from compare.bounds.quantities import BY_ROW, QUANTITIES, SUMMED, Values
from compare.problems.problem import Problem, check_problem
from compare.problems.varied import varied_problems
from compare.text import html_table
from manual import backward
from manual.batches import Share, Sum, total

Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """The twelve quantities of one step on both sides; and the loss and the four gradients that
    `manual.loss_and_gradients` returned for the same problem.
    """

    quantities: tuple[Quantity, ...]
    returned: tuple[Quantity, ...]
    kinks: int  # hidden values within rounding of 0 that the two sides masked differently

    @property
    def agree(self) -> bool:
        return self.first_difference is None and self.first_returned is None

    @property
    def first_difference(self) -> Quantity | None:
        return next((q for q in self.quantities if not q.ok), None)

    @property
    def first_returned(self) -> Quantity | None:
        """The first of the returned values that differs."""
        return next((q for q in self.returned if not q.ok), None)

    @property
    def tightest(self) -> Quantity:
        """The quantity that used most of its allowed difference."""
        return max(self.quantities, key=lambda q: q.used)

    @property
    def verdict(self) -> str:
        return verdict_text(self.first_difference, self.first_returned)

    @property
    def table(self) -> str:
        text = quantities_text(self.quantities, self.kinks)
        if self.first_returned is None:
            text += "\nmanual.loss_and_gradients returns this loss and these gradients."
        return text

    def __str__(self) -> str:
        return f"{self.table}\n\n{self.verdict}"

    def __repr__(self) -> str:
        return f"<Comparison: {self.verdict}>"

    def _repr_html_(self) -> str:
        table = html_table(HEADER, map(quantity_row, self.quantities))
        return f"{table}<p>{escape(self.verdict)}</p>"


def against_autograd(problem: Problem, device: str = "cpu") -> Comparison:
    """Run one step of `problem` by hand and by autograd, and compare all that they computed.

    By hand: the very blocks of rows that `manual.loss_and_gradients` adds up, step by step, and
    what it returns. Beyond autograd's own values this needs the memory of a few blocks. Raises
    ValueError for a device that PyTorch does not have here, and ManualPassError if a manual line
    raises an error.
    """
    check_problem(problem)
    choose_device(device, problem.dtype)
    autograd = autograd_values(problem, device)
    return compare_shares(problem, manual_shares(problem), autograd, manual_sums(problem))


def on_varied_problems(seed: int, dtype: str, device: str = "cpu") -> dict[str, Comparison]:
    """The same for small problems of other sizes and magnitudes, by their names."""
    problems = varied_problems(seed, dtype)
    return {name: against_autograd(problem, device) for name, problem in problems.items()}


def compare_shares(
    problem: Problem, blocks: Iterable[Share], autograd: Values, returned: Sum | None = None
) -> Comparison:
    """The manual pass of some blocks of rows, which should make up the batch, against autograd's
    pass of the whole: each element within what rounding may do to it. `returned` is what was handed
    out as the loss and the gradients, if not the sum of these blocks.
    """
    found = [_compare_block(problem, share, autograd) for share in blocks]
    kinks = sum(block.kinks for block in found)
    own = _arrays(total(block.own for block in found))
    reconciled = _arrays(total(block.reconciled for block in found))
    there = [getattr(autograd, name) for name in SUMMED]
    error = summed_bounds(problem, (block.error for block in found))
    summed = map(compare_quantity, SUMMED, reconciled, there, error)
    by_key = {q.key: q for q in (*_worst_rows(found, autograd), *summed)}
    # Where the two sides mask a unit differently, the manual blocks are what can be compared with.
    expected = own if kinks else there
    handed_out = own if returned is None else _arrays(returned)
    judged = tuple(map(compare_quantity, SUMMED, handed_out, expected, error))
    return Comparison(tuple(by_key[name] for name in QUANTITIES), judged, kinks)


class _Block(NamedTuple):
    """A block of rows, compared: what has a row for each sample; and its part of the sums."""

    rows: int
    by_row: tuple[Quantity, ...]
    own: Sum
    reconciled: Sum  # on autograd's side of each kink
    error: list[Float64s]  # what the data of these rows adds to E for the sums
    kinks: int


def _compare_block(problem: Problem, share: Share, autograd: Values) -> _Block:
    start, stop = share.rows.start, share.rows.stop
    bounds = block_bounds(problem, start, stop)
    there = {name: getattr(autograd, name)[share.rows] for name in BY_ROW}
    fwd, kinks = on_autograds_side(share.fwd, there["a1"], bounds.unsure)
    bwd = share.bwd
    if kinks:
        bwd = backward(problem.params, problem.X[share.rows], share.reg, fwd, len(problem.X))
    by_hand = step_values(share.fwd, bwd)
    by_row = (
        compare_quantity(name, getattr(by_hand, name), there[name], getattr(bounds.error, name))
        for name in BY_ROW
    )
    return _Block(
        rows=stop - start,
        by_row=tuple(replace(q, at=(q.at[0] + start, *q.at[1:])) if q.at else q for q in by_row),
        own=share.sums,
        reconciled=(share.fwd.loss, bwd.gradients),
        error=added_by(bounds),
        kinks=kinks,
    )


def _worst_rows(blocks: Sequence[_Block], autograd: Values) -> list[Quantity]:
    """For each quantity that has a row for each sample, the record of the block that is worst."""
    rows = sum(block.rows for block in blocks)
    if rows != len(autograd.z1):
        why = f"{rows} rows in the blocks by hand, {len(autograd.z1)} by autograd"
        return [mismatched(name, getattr(autograd, name), why) for name in BY_ROW]
    found = []
    for here in zip(*(block.by_row for block in blocks), strict=True):
        worst = max(here, key=lambda q: (not q.ok, _size(q.max_abs_diff)))
        shape = getattr(autograd, worst.key).shape
        found.append(replace(worst, shape=shape, scale=max(q.scale for q in here)))
    return found


def _size(difference: float) -> float:
    return np.inf if np.isnan(difference) else difference


def _arrays(sums: Sum) -> list[npt.NDArray[Any]]:
    loss, gradients = sums
    return [np.asarray(loss), *gradients]
