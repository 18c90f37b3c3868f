"""The values of a learner's code, one after the other, and the shapes that they may have."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.checker.source import line_words
from compare.checker.trace import Binding

Array = npt.NDArray[Any]

EMPTY = re.compile(r"= \w+\.empty(_like)?\(.*\)$")
LONGEST = 4000  # bindings that are looked through
WIDEST = 2**16  # elements of one
WIDER = 16  # times as many elements as the right value, where one is taken for another


@dataclass(frozen=True, eq=False)
class Seen:
    """A value of the learner's code, and the line that made it."""

    order: int
    binding: Binding
    value: Array
    many: bool = False  # those of one line in a loop, put together

    def forms(self, shape: tuple[int, ...]) -> Iterator[Array]:
        """The value in the notes' shape: as it is, transposed, without an axis of one, or beside a
        column or a row of ones.
        """
        value = self.value
        if value.shape == shape:
            yield value
        if value.ndim == 2 and len(shape) == 2 and value.T.shape == shape:
            yield value.T
        flat = shape == () or value.ndim <= 1 or 1 in value.shape
        if flat and value.shape != shape and value.size == math.prod(shape):
            yield value.reshape(shape)
        if value.ndim == 2 and len(shape) == 2:
            for whole in (value, value.T):
                if whole.shape == (shape[0], shape[1] + 1):
                    if whole[:, -1].any():
                        yield whole[:, :-1]
                    if whole[:, 0].any():
                        yield whole[:, 1:]
                if whole.shape == (shape[0] + 1, shape[1]):
                    yield whole[:-1]
                    yield whole[1:]
                if shape == (1, whole.shape[1]) and len(whole) > 1:  # a bias as the last row
                    yield whole[-1:]
                    yield whole[:1]


def seen_in(trace: Sequence[Binding]) -> tuple[Seen, ...]:
    """The numbers among the bindings; and those of one line in a loop, put together."""
    single: list[Seen] = []
    repeated: dict[tuple[int, str], list[Seen]] = {}
    for order, binding in enumerate(trace[:LONGEST]):
        value = np.asarray(binding.value)
        if EMPTY.search(binding.source):  # what it holds is nobody's: another call's, for one
            continue
        if value.dtype.kind not in "fiub" or not 0 < value.size <= WIDEST:
            continue
        seen = Seen(order, binding, value.astype(np.float64))
        single.append(seen)
        repeated.setdefault((binding.line, binding.name), []).append(seen)
    together = [_together(group) for group in repeated.values() if len(group) > 1]
    return tuple(sorted([*single, *filter(None, together)], key=lambda s: s.order))


def first_of(dtype: type[np.floating[Any]], trace: Iterable[Binding]) -> Binding | None:
    """The first value of this dtype, with digits to lose if there is such a one: zeros, a mask and
    labels are the same numbers in any precision.
    """
    narrow = [binding for binding in trace if binding.value.dtype == dtype]
    digits = (b for b in narrow if not (b.value == b.value.round()).all())
    return next(digits, None) or next(iter(narrow), None)


def first_in(made: Binding, begins: Sequence[int]) -> str:
    """Its line, and what stands there if the source is known."""
    where = f"first in {line_words(made.line, begins)}"
    return f"{where}, {made.source}" if made.source else where


def _together(group: Sequence[Seen]) -> Seen | None:
    values = [seen.value for seen in group]
    ranks = {value.ndim for value in values}
    widths = {value.shape[1:] for value in values}
    if ranks <= {0, 1} and len({value.shape for value in values}) == 1:
        return replace(group[0], value=np.stack(values), many=True)
    if ranks == {2} and len(widths) == 1:
        return replace(group[0], value=np.concatenate(values), many=True)
    return None


def forms(seen: Seen, shape: tuple[int, ...]) -> Iterator[Array]:
    """And one row of numbers as a matrix."""
    yield from seen.forms(shape)
    matrix = seen.value.ndim == 1 and len(shape) == 2 and min(shape) > 1
    if matrix and seen.value.size == math.prod(shape):
        yield seen.value.reshape(shape[::-1]).T


def wide_forms(seen: Seen, shape: tuple[int, ...]) -> Iterator[Array]:
    """And a value that NumPy repeats to the shape, or beyond."""
    yield from forms(seen, shape)
    value = seen.value
    if value.shape != shape and shape and value.size <= WIDER * math.prod(shape):
        with suppress(ValueError):
            np.broadcast_shapes(value.shape, shape)
            yield value
