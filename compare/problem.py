"""A batch and one set of initial weights: made from a seed, or read from a CSV file."""

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from manual import Params
from manual.inputs import check_inputs
from manual.network import Array, Labels

DTYPES: dict[str, np.dtype[np.floating[Any]]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
}
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
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

    @property
    def dtype(self) -> str:
        return str(self.X.dtype)

    def rows(self, start: int, stop: int) -> "Problem":
        """The problem of a block of rows; the penalty belongs to the first alone."""
        block, reg = slice(start, stop), self.reg if start == 0 else 0.0
        return replace(self, X=self.X[block], y=self.y[block], reg=reg)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """N samples, D features, H hidden units, C classes."""
        (N, D), (H, C) = self.X.shape, self.params.W2.shape
        return N, D, H, C


def random_problem(
    seed: int = 0,
    *,
    samples: int = 200,
    features: int = 4,
    hidden: int = 10,
    classes: int = 3,
    dtype: str = "float64",
    reg: float = 1e-3,
) -> Problem:
    """A cloud of samples around a centre for each class. The same numbers in either dtype, but for
    their rounding. Raises ValueError for a size, a dtype or a reg that makes no network.
    """
    check_whole("samples", samples, 1)
    check_whole("features", features, 1)
    check_whole("classes", classes, 2)
    rng = _generator(seed)
    params = initial_params(rng, features, hidden, classes, dtype)
    y = rng.integers(classes, size=samples)
    centres = rng.normal(size=(features, classes))
    X = np.asfortranarray((centres[:, y] + rng.normal(size=(features, samples))).T)
    return Problem(X.astype(_dtype(dtype)), y, params, reg, seed)


def initial_params(
    rng: np.random.Generator, features: int, hidden: int, classes: int, dtype: str
) -> Params:
    """Weights that keep the scores near 1; biases that are not 0, since 0 would hide mistakes."""
    check_whole("hidden", hidden, 1)

    def layer(rows: int, columns: int) -> tuple[Array, Array]:
        W = rng.normal(size=(rows, columns)) / np.sqrt(rows)
        b = 0.1 * rng.normal(size=(1, columns))
        return W.astype(_dtype(dtype)), b.astype(_dtype(dtype))

    return Params(*layer(features, hidden), *layer(hidden, classes))


def read_problem(
    path: str | Path, seed: int = 0, *, hidden: int = 10, dtype: str = "float64", reg: float = 1e-3
) -> Problem:
    """The samples of a CSV file, and initial weights from the seed.

    The file has a header row; its last column is the class, any text, numbered in order of first
    appearance; all others are numbers. Raises ValueError, with line and column, for anything else.
    """
    header, numbers, labels = _read_csv(Path(path))
    classes = tuple(dict.fromkeys(labels))
    if len(classes) < 2:
        raise ValueError(f"{path}: expected at least 2 classes in the last column, got {classes}")
    numbering = {name: k for k, name in enumerate(classes)}
    y = np.array([numbering[label] for label in labels])
    with np.errstate(over="ignore"):  # what overflows float32 is refused as infinite
        X = np.asfortranarray(np.reshape(numbers, (len(y), len(header) - 1)), _dtype(dtype))
    params = initial_params(_generator(seed), X.shape[1], hidden, len(classes), dtype)
    return Problem(X, y, params, reg, seed, str(path), classes)


def _read_csv(path: Path) -> tuple[list[str], "array[float]", list[str]]:
    """Header, the features row by row, the class names. Raises ValueError naming file and line."""
    numbers, labels = array("d"), []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(_not_blank(rows), [])]
            _check_header(path, header)
            for row in _not_blank(rows):
                where = f"{path}, line {rows.line_num}"
                if len(row) != len(header):
                    raise ValueError(f"{where}: expected {len(header)} cells, got {len(row)}")
                for column, (name, cell) in enumerate(zip(header, row[:-1], strict=False), 1):
                    numbers.append(_number(cell, f"{where}, column {column} ({name})"))
                label = row[-1].strip()
                if not label:
                    raise ValueError(f"{where}: expected a class in the last cell, got nothing")
                labels.append(label)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8 text, got {error.reason}") from None
    except csv.Error as error:
        raise ValueError(f"{path}: expected comma-separated values, got {error}") from None
    except OSError as error:
        raise ValueError(f"{path}: expected a CSV file, got: {error.strerror}") from None
    if not labels:
        raise ValueError(f"{path}: expected rows of data after the header, got none")
    return header, numbers, labels


def _not_blank(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if row)


def _check_header(path: Path, header: list[str]) -> None:
    if not header:
        raise ValueError(f"{path}: expected a header row and rows of data, got an empty file")
    if len(header) < 2:
        raise ValueError(f"{path}: expected features and a class, got one column: {header[0]!r}")
    if all(_is_number(name) for name in header[:-1]):
        raise ValueError(f"{path}, line 1: expected a header row with names, got numbers")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, where: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where}: expected a finite number, got {cell.strip()!r}")
    return number


def check_whole(name: str, value: int, least: int, most: int | None = None) -> None:
    """Raise ValueError unless `value` is a whole number from `least` to `most`."""
    if not isinstance(value, int) or value < least or (most is not None and value > most):
        span = f">= {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: expected a whole number {span}, got {value!r}")


def _generator(seed: int) -> np.random.Generator:
    check_whole("seed", seed, 0, LARGEST_SEED)
    return np.random.default_rng(seed)


def _dtype(name: str) -> np.dtype[np.floating[Any]]:
    if name not in DTYPES:
        raise ValueError(f"dtype: expected {' or '.join(DTYPES)}, got {name!r}")
    return DTYPES[name]
