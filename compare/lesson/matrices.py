"""The matrices of a lesson as the page shows them: pictures of all rows, tables of the first ones,
and the numbers themselves for the page's script.
"""

import base64
import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.agreement.quantity import Quantity
from compare.bounds.quantities import BY_ROW, QUANTITIES
from compare.lesson.heat import Scale, cell_class, cell_text, picture, scale_of
from compare.lesson.record import Lesson
from manual.network import Array as Floats

Array = npt.NDArray[Any]

FIRST_ROWS, FIRST_COLUMNS = 4, 16  # of a table before the rest is asked for
LONG, SHORT, UNIT = 216, 132, 13  # pixels: a picture's side of N; of others at most; for each unit


class Matrix(NamedTuple):
    """A quantity, a parameter or a part of the batch. `rows` are the batch's, if it has those."""

    key: str
    by_hand: Array
    by_autograd: Array | None
    scale: Scale
    rows: Array | None

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.by_hand.shape
        return rows, columns

    @property
    def size(self) -> tuple[int, int]:
        """The picture's width and height in pixels."""
        rows, columns = self.shape
        height = LONG if self.rows is not None else min(SHORT, UNIT * rows)
        return min(SHORT, UNIT * columns), height


class Cell(NamedTuple):
    column: int
    text: str
    shade: str  # a class: see heat.cell_class
    marked: bool  # here the two sides are furthest apart


class Row(NamedTuple):
    number: int  # in the batch
    position: int  # among the rows that the page has
    cells: tuple[Cell, ...]


class Table(NamedTuple):
    side: str  # "hand" or "autograd"
    rows: tuple[Row, ...]
    more_columns: int


def matrices(lesson: Lesson) -> dict[str, Matrix]:
    """By key, in the order in which the page comes upon them."""
    problem, rows = lesson.problem, lesson.rows
    one_hot = (lesson.y[:, None] == np.arange(problem.sizes[3])).astype(problem.dtype)
    given = {"X": lesson.X, **problem.params._asdict(), "Y_ind": one_hot}
    found = {
        key: Matrix(key, value, None, scale_of(value), rows if key in ("X", "Y_ind") else None)
        for key, value in given.items()
    }
    for key in QUANTITIES:
        hand, autograd = (
            np.atleast_2d(getattr(side, key)) for side in (lesson.by_hand, lesson.by_autograd)
        )
        # Shapes differ only where the manual pass is wrong.
        alike = autograd if autograd.shape == hand.shape else None
        scale = scale_of(hand) if alike is None else scale_of(hand, alike)
        found[key] = Matrix(key, hand, alike, scale, rows if key in BY_ROW else None)
    return found


def pictures(found: dict[str, Matrix]) -> dict[str, str]:
    """The address of each matrix's picture; under "z1-difference", of how far z1 is from
    autograd's.
    """
    addresses = {}
    for matrix in found.values():
        if matrix.key == "loss":
            continue
        addresses[matrix.key] = picture(matrix.by_hand, matrix.scale)
        if matrix.by_autograd is not None:
            apart = difference(matrix)
            addresses[f"{matrix.key}-difference"] = picture(apart, scale_of(apart))
    return addresses


def difference(matrix: Matrix) -> Floats:
    assert matrix.by_autograd is not None
    with np.errstate(all="ignore"):
        apart: Floats = matrix.by_hand.astype(np.float64) - matrix.by_autograd
    return apart


def tables(matrix: Matrix, judged: Quantity) -> tuple[Table, ...]:
    """The first rows on both sides, and the row in which they are furthest apart."""
    numbers = np.arange(len(matrix.by_hand)) if matrix.rows is None else matrix.rows
    at = judged.at if len(judged.at) == 2 else None
    chosen = list(range(min(FIRST_ROWS if matrix.rows is not None else 12, len(numbers))))
    if at is not None:
        furthest = int(np.searchsorted(numbers, at[0]))
        chosen += [furthest] * (furthest not in chosen)
    sides = {"hand": matrix.by_hand, "autograd": matrix.by_autograd}
    return tuple(
        _table(side, values, matrix.scale, numbers, chosen, at)
        for side, values in sides.items()
        if values is not None
    )


def _table(
    side: str,
    values: Array,
    scale: Scale,
    numbers: Array,
    chosen: list[int],
    at: tuple[int, ...] | None,
) -> Table:
    width = values.shape[1]
    shown = list(range(min(width, FIRST_COLUMNS)))
    if at is not None and at[1] not in shown:
        shown.append(at[1])

    def row(index: int) -> Row:
        number = int(numbers[index])
        cells = (
            Cell(
                column,
                cell_text(float(values[index, column]), scale),
                cell_class(float(values[index, column]), scale),
                (number, column) == at,
            )
            for column in shown
        )
        return Row(number, index, tuple(cells))

    return Table(side, tuple(map(row, chosen)), width - len(shown))


def numbers(found: dict[str, Matrix]) -> dict[str, Any]:
    """What the page's script needs to know of each matrix, in the order of `packed`."""
    return {
        key: {
            "shape": matrix.shape,
            "largest": matrix.scale.largest,
            "exponent": matrix.scale.exponent,
            "autograd": matrix.by_autograd is not None,
        }
        for key, matrix in found.items()
        if key != "Y_ind"  # the script has y
    }


def packed(found: dict[str, Matrix]) -> str:
    """Every number, bit for bit: all those by hand, then autograd's, the bits in which the two
    differ. These are few, and so little is left of them once compressed.
    """
    kept = [matrix for key, matrix in found.items() if key != "Y_ind"]
    hand = [_bytes(matrix.by_hand) for matrix in kept]
    differ = [
        _bytes(matrix.by_hand) ^ _bytes(matrix.by_autograd)
        for matrix in kept
        if matrix.by_autograd is not None
    ]
    everything = np.concatenate([*hand, *differ]).tobytes()
    return base64.b64encode(zlib.compress(everything, 9)).decode("ascii")


def _bytes(array: Array) -> npt.NDArray[np.uint8]:
    little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return np.frombuffer(little_endian.tobytes(), np.uint8)
