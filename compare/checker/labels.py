"""Labels that a loop takes for samples whose labels they are not."""

from collections.abc import Sequence

import numpy as np

from compare.checker.cases import Array
from compare.checker.flow import Flow, Spot, spot
from compare.checker.seen import Seen
from compare.checker.trace import Binding
from compare.problems.problem import Problem


def labels_of_others(problem: Problem, flow: Flow, made: Seen) -> Binding | None:
    """The statement of a loop that takes labels for some samples of X which are those of others."""
    X, y = problem.X, problem.y
    runs: dict[Spot, list[Seen]] = {}
    for seen in flow.singles:
        if seen.binding.call == made.binding.call:
            runs.setdefault(spot(seen), []).append(seen)
    rows = [[_rows_of(s.value, X) for s in group] for group in runs.values()]
    for label in flow.operands(made):
        labels = runs.get(spot(label), [])
        if all(_is_part(s.value, y) and s.binding.value.dtype.kind in "iu" for s in labels):
            for group in rows:
                if _are_others(labels, group, y):
                    return label.binding
    return None


def _are_others(labels: Sequence[Seen], rows: Sequence[Array | None], y: Array) -> bool:
    """Taken as often as some samples, as many, and not the labels of these."""
    if len(labels) != len(rows):
        return False
    pairs = [(y[at], s.value) for s, at in zip(labels, rows, strict=True) if at is not None]
    alike = len(pairs) == len(rows) and all(mine.shape == own.shape for own, mine in pairs)
    return alike and any((own != mine).any() for own, mine in pairs)


def _is_part(value: Array, whole: Array) -> bool:
    """Some of its elements, one after the other."""
    size, places = len(value) if value.ndim == 1 else 0, range(len(whole))
    return 0 < size < len(whole) and any(np.array_equal(whole[i : i + size], value) for i in places)


def _rows_of(value: Array, X: Array) -> Array | None:
    """Which samples these are."""
    if value.ndim != 2 or value.shape[1] != X.shape[1] or not len(value) < len(X):
        return None
    equal = (value[:, None] == X).all(axis=2)
    return equal.argmax(axis=1) if (equal.sum(axis=1) == 1).all() else None
