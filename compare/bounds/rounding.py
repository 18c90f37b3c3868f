"""How far apart two correct implementations may lie, element by element: proven, not guessed.

For each of the twelve quantities a bound E on |computed - exact|, for any order of summation, with
or without fused multiply-add. Two implementations differ by at most 2 E. E is computed from the
inputs alone and never from a value under test: a bound built on a wrong value would grow with the
very error that it should catch.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3. With unit
roundoff u = eps/2, a sum of n products computed in any order has an error of at most
gamma(n) * sum |terms|, gamma(n) = n u / (1 - n u).

What is assumed of an implementation: IEEE arithmetic, rounding to nearest; exp and log good to
4 ULP; log P taken as (score - row maximum) - log(sum of exp), not from P; sums in any order, each
partial sum rounded at most once: one after the other, in pairs, or in blocks of rows that are added
up in their turn, each divided by the N of the whole batch, one of them with the penalty. Results
below the smallest normal number may be flushed to 0. No reduced precision such as TF32.

Where a magnitude enters (|a1|, |P|, ...), it is one that neither the exact nor any computed value
exceeds, so that no second-order term is dropped.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare.bounds.quantities import Values
from compare.bounds.reference import Float64s, Reference, reference
from compare.problems.problem import Problem
from manual.network import Array

Mask = npt.NDArray[np.bool_]

ULPS_OF_EXP_AND_LOG = 4
# E itself is evaluated in float64: sums of at most 1e9 terms, none of them negative.
EVALUATION = 1 + 1e-6


class Bounds(NamedTuple):
    error: Values  # E, for each element of each quantity
    unsure: Mask  # (N, H) units whose z1 may round to either side of 0


class Arithmetic(NamedTuple):
    u: float  # unit roundoff
    tiny: float  # smallest normal number

    def gamma(self, n: int) -> float:
        """The relative error of n roundings in a row."""
        return n * self.u / (1 - n * self.u) if n * self.u < 1 else np.inf


def error_bounds(problem: Problem, N: int | None = None) -> Bounds:
    """E for each element of the twelve quantities of `problem`, in float64.

    Where the problem is a block of rows of a batch of length N, E for the loss and the gradients is
    the block's share: the bound for the batch is the sum of them. Raises ValueError for a batch so
    long that its sums have no bound.
    """
    longest = int(2 / np.finfo(problem.X.dtype).eps) - 3
    if (N or len(problem.X)) > longest:
        raise ValueError(
            f"samples: expected at most {longest} in {problem.dtype}, where longer sums have no "
            f"proven bound, got {N or len(problem.X)}"
        )
    with np.errstate(all="ignore"):
        return bounds_at(reference(problem, N=N), problem.dtype)


def bounds_at(ref: Reference, dtype: str, any_softmax: bool = False) -> Bounds:
    """E around these values, for arithmetic in `dtype`.

    With `any_softmax` the softmax need not take the row's maximum off the scores before all else:
    scores minus their log-sum-exp, say, are rounded as the scores themselves are.
    """
    arithmetic = Arithmetic(float(np.finfo(dtype).eps) / 2, float(np.finfo(dtype).tiny))
    with np.errstate(all="ignore"):  # a bound may be infinite: such an element is never accepted
        scores = _score_bounds(arithmetic, ref)
        unshifted = arithmetic.gamma(4) * abs(ref.z2).max(axis=1, keepdims=True)
        softmax = _softmax_bounds(arithmetic, ref, scores.Ez2 + any_softmax * unshifted)
        Eloss = _loss_bound(arithmetic, ref, softmax)
        gradients = _gradient_bounds(arithmetic, ref, scores, softmax)
        forward = (scores.Ez1, scores.Ea1, scores.Ez2, softmax.EP, Eloss)
        error = Values(*(EVALUATION * E for E in (*forward, *gradients)))
    return Bounds(error, scores.unsure)


def penalty_bounds(problem: Problem) -> tuple[Float64s, Float64s]:
    """E for each element of reg * W1 and reg * W2, the parts of dW1 and dW2 that no row makes.

    What is left of dW1 and dW2 is what `error_bounds` has for the same problem with reg = 0.
    """
    dtype = np.finfo(problem.X.dtype)
    u, tiny, reg = float(dtype.eps) / 2, float(dtype.tiny), float(dtype.dtype.type(problem.reg))

    def bound(W: Array) -> Float64s:
        return EVALUATION * (_penalty_bound(u, reg, W.astype(np.float64)) + 2 * tiny)

    return bound(problem.params.W1), bound(problem.params.W2)


def _penalty_bound(u: float, reg: float, W: Float64s) -> Float64s:
    # reg * W, or the derivative of 1/2 reg W^2 however it is split, and adding it to the data's
    return 5 * u * reg * abs(W)


class _Scores(NamedTuple):
    Ez1: Float64s
    unsure: Mask
    live: Mask  # a1 > 0, or may be
    absa1: Float64s
    Ea1: Float64s
    Ez2: Float64s


def _score_bounds(arithmetic: Arithmetic, ref: Reference) -> _Scores:
    (_, tiny), gamma = arithmetic, arithmetic.gamma
    D, H = ref.W1.shape

    # z1 = X @ W1 + b1. Where every term is 0, nobody computes anything but 0.
    terms = abs(ref.X) @ abs(ref.W1) + abs(ref.b1)
    Ez1 = gamma(D + 1) * terms + (D + 1) * tiny * (terms > 0)
    unsure = (abs(ref.z1) <= 2 * Ez1) & (Ez1 > 0)

    # a1 = max(z1, 0)
    live = (ref.z1 > 0) | unsure
    Ea1 = live * Ez1
    absa1 = ref.a1 + 2 * Ea1

    # z2 = a1 @ W2 + b2
    absW2 = abs(ref.W2)
    Ez2 = gamma(H + 1) * (absa1 @ absW2 + abs(ref.b2)) + Ea1 @ absW2 + (H + 1) * tiny
    return _Scores(Ez1, unsure, live, absa1, Ea1, Ez2)


class _Softmax(NamedTuple):
    absP: Float64s
    EP: Float64s
    Elog_P: Float64s


def _softmax_bounds(arithmetic: Arithmetic, ref: Reference, Ez2: Float64s) -> _Softmax:
    (u, tiny), gamma = arithmetic, arithmetic.gamma
    C = Ez2.shape[1]

    # What the errors of the scores do to log P[i, k]: at most sum_j P[i, j] |error k - error j|.
    M = Ez2.max(axis=1, keepdims=True)
    absP = np.fmin(abs(ref.P) * np.exp(4 * M), 1)  # fmin: 0 * inf is no number, and says nothing
    moved = np.fmin(Ez2 * _sum_of_others(absP) + _sum_of_others(absP * Ez2), Ez2 + M)

    # What the softmax rounds itself: s, exp, the sum, log, the last subtraction or division.
    c = ULPS_OF_EXP_AND_LOG * 2 * u
    abss = abs(ref.s) + 2 * (Ez2 + M)
    rounded = gamma(1) * (abss + (absP * abss).sum(axis=1, keepdims=True))
    rounded += gamma(C + 1) + 2 * c + 2 * C * tiny
    rounded += c * (np.log(ref.S) + 2 * M) + gamma(1) * (abs(ref.log_P) + 2 * M)

    Elog_P = moved + rounded
    EP = np.fmin(absP * np.expm1(Elog_P), 1) + 2 * tiny
    return _Softmax(absP, EP, Elog_P)


def _sum_of_others(A: Float64s) -> Float64s:
    """For each element the sum of the others in its row: added, so that nothing cancels."""
    others = np.zeros_like(A)
    others[:, 1:] = A[:, :-1].cumsum(axis=1)
    others[:, :-1] += A[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return others


def _loss_bound(arithmetic: Arithmetic, ref: Reference, softmax: _Softmax) -> Float64s:
    # loss = -mean log P[i, y_i] + reg/2 (sum W1^2 + sum W2^2)
    (_, tiny), gamma = arithmetic, arithmetic.gamma
    N, weights = ref.N, ref.W1.size + ref.W2.size
    squares = (ref.W1**2).sum() + (ref.W2**2).sum()
    true = ref.Y_ind > 0
    log_Py, Elog_Py = ref.log_P[true], softmax.Elog_P[true]
    data = (gamma(N + 2) * (abs(log_Py) + 2 * Elog_Py).sum() + Elog_Py.sum()) / N
    penalty = gamma(weights + 5) * 0.5 * ref.reg * squares
    return np.asarray(data + penalty + (N + weights) * tiny)


def _gradient_bounds(
    arithmetic: Arithmetic, ref: Reference, scores: _Scores, softmax: _Softmax
) -> tuple[Float64s, ...]:
    (u, tiny), gamma = arithmetic, arithmetic.gamma
    N, C, absX = ref.N, ref.W2.shape[1], abs(ref.X)
    absW2 = abs(ref.W2)

    # dz2 = (P - Y_ind) / N
    EP, absP_Y = softmax.EP, abs(ref.P - ref.Y_ind) + 2 * softmax.EP
    Edz2 = (EP + u * softmax.absP + 3 * u * absP_Y) / N * (1 + 4 * u) + 2 * tiny
    absdz2 = abs(ref.dz2) + 2 * Edz2

    # dW2 = a1.T @ dz2 + reg * W2,  db2 = sum dz2,  da1 = dz2 @ W2.T
    EdW2 = gamma(N + 2) * (scores.absa1.T @ absdz2) + (N + 2) * tiny
    EdW2 += _penalty_bound(u, ref.reg, ref.W2) + scores.Ea1.T @ absdz2 + scores.absa1.T @ Edz2
    Edb2 = gamma(N) * absdz2.sum(axis=0, keepdims=True) + Edz2.sum(axis=0, keepdims=True)
    Eda1 = gamma(C) * (absdz2 @ absW2.T) + Edz2 @ absW2.T + C * tiny

    # dz1 = da1 where a1 > 0
    Edz1 = scores.live * Eda1
    absdz1 = scores.live * abs(ref.da1) + 2 * Edz1

    # dW1 = X.T @ dz1 + reg * W1,  db1 = sum dz1
    EdW1 = gamma(N + 2) * (absX.T @ absdz1) + (N + 2) * tiny
    EdW1 += _penalty_bound(u, ref.reg, ref.W1) + absX.T @ Edz1
    Edb1 = gamma(N) * absdz1.sum(axis=0, keepdims=True) + Edz1.sum(axis=0, keepdims=True)
    return Edz2, EdW2, Edb2, Eda1, Edz1, EdW1, Edb1
