"""Batches that no process has to hold, read a few rows at a time; and the ranks' shards."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from compare.problems.problem import DTYPES, LARGEST_SEED, check_whole, dtype_named
from manual.network import Array, Labels

ROWS = 2**14  # that are read, or made, at a time


class Part(NamedTuple):
    """Rows `first`, `first` + 1, … of a batch."""

    first: int
    X: Array  # (n, D)
    y: Labels  # (n,)


class Batch(Protocol):
    """N rows of D features, and where they come from."""

    @property
    def N(self) -> int: ...
    @property
    def D(self) -> int: ...
    @property
    def dtype(self) -> str: ...
    @property
    def classes(self) -> int | None: ...  # None: as many as the largest label asks for
    @property
    def source(self) -> str: ...
    def read(self, start: int, stop: int) -> Part:
        """These rows, which lie between two multiples of ROWS."""
        ...


def shard(N: int, rank: int, ranks: int) -> range:
    """The rows of a rank: as even as can be, the longer shards first, as np.array_split does it."""
    length, longer = divmod(N, ranks)
    start = rank * length + min(rank, longer)
    return range(start, start + length + (rank < longer))


def parts(batch: Batch, rows: range) -> Iterator[Part]:
    """These rows, one part after the other. Of no rows at all, one part without rows."""
    start = rows.start
    while start < rows.stop or start == rows.start:
        stop = min(rows.stop, (start // ROWS + 1) * ROWS)
        yield batch.read(start, stop)
        if stop == start:
            return
        start = stop


@dataclass(frozen=True)
class SeededBatch:
    """A cloud of samples around a centre for each class, as `random_problem` has it; but row i is
    the same whoever makes it, and however many rows there are: each ROWS rows have a seed of their
    own, and are drawn in order. The same numbers in either dtype, but for their rounding.
    """

    seed: int
    N: int
    D: int
    classes: int
    dtype: str

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, 0, LARGEST_SEED)
        check_whole("samples", self.N, 1)
        check_whole("features", self.D, 1)
        check_whole("classes", self.classes, 2)
        dtype_named(self.dtype)

    @property
    def source(self) -> str:
        return f"seed {self.seed}"

    def read(self, start: int, stop: int) -> Part:
        block, before = divmod(start, ROWS)
        until = before + stop - start
        centres = self._rng(0).normal(size=(self.classes, self.D))
        y = self._rng(1, block).integers(self.classes, size=until)[before:]
        noise = self._rng(2, block).normal(size=(until, self.D))[before:]
        X = np.asfortranarray(centres[y] + noise).astype(DTYPES[self.dtype])
        return Part(start, X, y)

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


@dataclass(frozen=True)
class MappedBatch:
    """Two .npy files, memory-mapped: only the rows that are asked for are read."""

    X: Array  # (N, D)
    y: Labels  # (N,)
    source: str
    classes: None = None

    @property
    def N(self) -> int:
        return len(self.X)

    @property
    def D(self) -> int:
        return int(self.X.shape[1])

    @property
    def dtype(self) -> str:
        return str(self.X.dtype)

    def read(self, start: int, stop: int) -> Part:
        return Part(start, np.array(self.X[start:stop]), np.array(self.y[start:stop]))


def open_batch(X_path: Path, y_path: Path) -> MappedBatch:
    """Raises ValueError, naming the file, unless X is (N, D) in float32 or float64, and y holds N
    integers. The numbers themselves are not looked at.
    """
    X, y = _mapped(X_path), _mapped(y_path)
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"{X_path}: expected (N, D), N >= 1 samples of D >= 1, got {X.shape}")
    if str(X.dtype) not in DTYPES:
        raise ValueError(f"{X_path}: expected {' or '.join(DTYPES)}, got {X.dtype}")
    if y.shape != X.shape[:1]:
        raise ValueError(f"{y_path}: expected ({len(X)},), a label for each row, got {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"{y_path}: expected integer labels, got {y.dtype}")
    return MappedBatch(X, y, f"{X_path}, {y_path}")


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r")
    except OSError as error:
        raise ValueError(f"{path}: expected a .npy file, got: {error.strerror or error}") from None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: expected a .npy file of numbers, got: {error}") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: expected a .npy file, got {type(array).__name__}")
    return array


def largest_label(batch: Batch, rows: range) -> int:
    """-1 where there are no rows."""
    return max(int(part.y.max(initial=-1)) for part in parts(batch, rows))
