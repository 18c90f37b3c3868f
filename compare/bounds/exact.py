"""Batches of whole numbers, on which two correct implementations may not differ in one bit.

Every product and every sum of forward and backward is exact, so neither the order of a summation
nor blocking nor fused multiply-add can change anything. The softmax is exactly one-hot: a row's two
largest scores differ by at least GAP, and exp(-GAP) is exactly 0. Source: a sum of multiples of a
quantum q is exact, in any order, if the sum of their absolute values is below 2^p q, p being the
number of bits in a significand (Higham, chapters 2 and 4).

It is blind to the smooth part of the softmax, which the rounding bound sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.bounds.reference import Float64s, reference
from compare.problems.problem import DTYPES, LARGEST_SEED, Problem, check_whole
from manual import Params

ROWS = 256
REG = 0.5
# Units of W1 and W2; scores come in multiples of their product, GAP. exp(-128) is 0 in float32,
# exp(-1024) in float64. Like units keep the penalty's two sums on one quantum.
UNITS = {"float32": (8, 16), "float64": (32, 32)}


@dataclass(frozen=True)
class Certificate:
    """For each quantity, the bits that its widest sum needs; all fit into `available`."""

    bits: dict[str, float]
    available: int

    @property
    def widest(self) -> float:
        return max(self.bits.values())

    @property
    def holds(self) -> bool:
        return self.widest < self.available


@dataclass(frozen=True)
class ExactBatch:
    problem: Problem
    certificate: Certificate


def exact_batch(
    seed: int = 0,
    *,
    rows: int = ROWS,
    features: int = 4,
    hidden: int = 10,
    classes: int = 3,
    dtype: str = "float64",
) -> ExactBatch:
    """A certified batch. Raises ValueError for sizes at which none is found."""
    check_whole("seed", seed, 0, LARGEST_SEED)
    check_whole("rows", rows, 1)
    if rows & (rows - 1):
        raise ValueError(f"rows: expected a power of 2, so that 1/N is exact, got {rows}")
    rng = np.random.default_rng(seed)
    for problem in _candidates(rng, seed, rows, features, hidden, classes, dtype):
        certificate = certify(problem)
        if certificate.holds:
            return ExactBatch(problem, certificate)
    raise ValueError(
        f"exact batch: expected sizes whose sums fit into {dtype}, got "
        f"{rows} × {features} → {hidden} → {classes}"
    )


def _candidates(
    rng: np.random.Generator,
    seed: int,
    rows: int,
    features: int,
    hidden: int,
    classes: int,
    dtype: str,
) -> Iterator[Problem]:
    unit1, unit2 = UNITS[dtype]
    for _ in range(10):

        def whole(most: int, *shape: int, unit: int = 1) -> npt.NDArray[Any]:
            return (unit * rng.integers(-most, most + 1, size=shape)).astype(DTYPES[dtype])

        params = Params(
            whole(2, features, hidden, unit=unit1),
            whole(2, 1, hidden, unit=unit1),
            whole(2, hidden, classes, unit=unit2),
            whole(2, 1, classes, unit=unit1 * unit2),
        )
        X = _decided(whole(3, 8 * rows, features), params, unit1 * unit2)[:rows]
        if len(X) == rows:
            y = rng.integers(classes, size=rows)
            yield Problem(np.asfortranarray(X), y, params, REG, seed, "whole numbers")


def _decided(X: npt.NDArray[Any], params: Params, gap: int) -> npt.NDArray[Any]:
    """The rows whose two largest scores differ by at least `gap`."""
    z1 = X @ params.W1 + params.b1
    largest = np.sort(np.maximum(z1, 0) @ params.W2 + params.b2, axis=1)[:, -2:]
    return X[largest[:, 1] - largest[:, 0] >= gap]


def certify(problem: Problem) -> Certificate:
    """Measure every sum of forward and backward, in quanta, against the problem's significand.

    The values come from a pass of its own, in float64. Should a sum be too wide for float64 itself,
    it still comes out too wide: absolute values are added, and rounding is monotone.
    """
    ref = reference(problem)
    N = len(ref.X)
    winner = ref.s == 0
    losers = np.exp(ref.s[~winner].astype(problem.dtype))
    one_hot = (winner.sum(axis=1) == 1).all() and not losers.any()
    dz2 = (winner - ref.Y_ind) / N
    dz1 = np.where(ref.a1 > 0, dz2 @ ref.W2.T, 0)
    over_rows = np.ones((1, N))

    widths = {
        "z1": _width((ref.X, ref.W1), (ref.b1,)),
        "z2": _width((ref.a1, ref.W2), (ref.b2,)),
        "P": 1 if one_hot else np.inf,
        "log P": _width((ref.z2,), (ref.z2.max(axis=1, keepdims=True),)),
        "loss": _width(
            (over_rows, ref.s[ref.Y_ind > 0][:, None] / N),
            *((REG / 2 * W.reshape(1, -1), W.reshape(-1, 1)) for W in (ref.W1, ref.W2)),
        ),
        "1/N": 1 if N & (N - 1) == 0 else np.inf,
        "dW2": _width((ref.a1.T, dz2), (REG * ref.W2,)),
        "db2": _width((over_rows, dz2)),
        "da1": _width((dz2, ref.W2.T)),
        "dW1": _width((ref.X.T, dz1), (REG * ref.W1,)),
        "db1": _width((over_rows, dz1)),
    }
    bits = {name: float(np.log2(max(width, 1))) for name, width in widths.items()}
    return Certificate(bits, np.finfo(problem.X.dtype).nmant + 1)


def _width(*terms: tuple[Float64s, ...]) -> float:
    """max(sum |terms|) / quantum of the sum of some arrays and matrix products of two arrays."""
    totals = [abs(A) if not B else abs(A) @ abs(B[0]) for A, *B in terms]
    quantum = min(np.prod([_quantum(A) for A in factors]) for factors in terms)
    return float(np.max(sum(totals)) / quantum)


def _quantum(A: Float64s) -> float:
    """The largest power of 2 that divides every element."""
    significand, exponent = np.frexp(A[A != 0])
    whole = np.ldexp(significand, 53).astype(np.int64)
    lowest_bits = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    return float(lowest_bits.min(initial=np.inf))
