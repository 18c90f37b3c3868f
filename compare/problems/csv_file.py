"""A batch read from a CSV file, and initial weights made from a seed."""

import csv
import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from compare.problems.memory import check_memory
from compare.problems.problem import Problem, check_whole, dtype_named
from compare.problems.seeded import generator, initial_params


def read_problem(
    path: str | Path, seed: int = 0, *, hidden: int = 10, dtype: str = "float64", reg: float = 1e-3
) -> Problem:
    """The samples of a CSV file, and initial weights from the seed.

    The file has a header row; its last column is the class, any text, numbered in order of first
    appearance; all others are numbers. Raises ValueError, with line and column, for anything else.
    """
    if not isinstance(path, str | Path):
        raise ValueError(f"path: expected a file's path, got {type(path).__name__}")
    header, numbers, labels = _read_csv(Path(path))
    classes = tuple(dict.fromkeys(labels))
    if len(classes) < 2:
        raise ValueError(
            f"{path}: expected at least 2 classes in the last column, got only {classes[0]!r}"
        )
    numbering = {name: k for k, name in enumerate(classes)}
    check_whole("hidden", hidden, 1)
    sizes = len(labels), len(header) - 1, hidden, len(classes)
    check_memory(*sizes, str(dtype_named(dtype)))
    y = np.array([numbering[label] for label in labels])
    with np.errstate(over="ignore"):  # what overflows float32 is refused as infinite
        X = np.asfortranarray(np.reshape(numbers, (len(y), len(header) - 1)), dtype_named(dtype))
    params = initial_params(generator(seed), X.shape[1], hidden, len(classes), dtype)
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
        number = math.nan if "_" in cell else float(cell)  # Python itself reads 1_000 as 1000
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where}: expected a finite number, got {cell.strip()!r}")
    return number
