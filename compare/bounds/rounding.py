"""How far apart two correct implementations may lie, element by element: proven, not guessed.

For each of the twelve quantities a bound E on |computed - exact|, for any order of summation, with
or without fused multiply-add. Two implementations differ by at most 2 E. E is computed from the
inputs alone and never from a value under test: a bound built on a wrong value would grow with the
very error that it should catch. compare/bounds/README.md has the proof, line by line.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3. With unit
roundoff u = eps/2, a sum of n products computed in any order has an error of at most
gamma(n) * sum |terms|, gamma(n) = n u / (1 - n u).

What is assumed of an implementation: IEEE arithmetic, rounding to nearest; exp and log good to
4 ULP; log P taken as (score - row maximum) - log(sum of exp), not from P; sums in any order, each
partial sum rounded at most once: one after the other, in pairs, or in blocks of rows that are added
up in their turn, each divided by the N of the whole batch, one of them with the penalty; squares of
weights added up before reg/2 multiplies them. Results below the smallest normal number may be
flushed to 0; inputs there are read as they are. Nothing overflows, except a score minus its row's
maximum, whose exp is 0. No reduced precision such as TF32.

Where a magnitude enters (|a1|, |P|, ...), it is one that neither the exact nor any computed value
exceeds, so that no second-order term is dropped. Each line that adds to an E is one term of it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compare.bounds.quantities import Values
from compare.bounds.reference import Float64s, Reference, reference
from compare.problems.problem import Problem

Mask = npt.NDArray[np.bool_]

EXP_OR_LOG = 8  # roundings that exp or log is as good as: 4 ULP, of up to 2 u each
# E itself is evaluated in float64: sums of at most 1e9 terms, none of them negative.
EVALUATION = 1 + 1e-6


class Bounds(NamedTuple):
    error: Values  # E, for each element of each quantity
    unsure: Mask  # (N, H) units whose z1 may round to either side of 0


class Penalty(NamedTuple):
    """What the penalty, reg/2 (sum W1^2 + sum W2^2), adds to E; and E of its factor, reg/2."""

    half_reg: Float64s  # ()
    loss: Float64s  # ()
    dW2: Float64s  # (H, C)
    dW1: Float64s  # (D, H)


class Arithmetic(NamedTuple):
    u: float  # unit roundoff
    tiny: float  # smallest normal number
    largest: float  # largest number

    def gamma(self, n: int) -> float:
        """The relative error of n roundings in a row."""
        return EVALUATION * n * self.u / (1 - n * self.u) if n * self.u < 1 else np.inf

    def underflow(self, n: int) -> float:
        """The error of n terms and of their sum where they are flushed to 0: tiny for each, which
        later roundings make at most (1 + u)^n < e times as large.
        """
        return 3 * n * self.tiny


def arithmetic(dtype: str) -> Arithmetic:
    finfo = np.finfo(dtype)
    return Arithmetic(float(finfo.eps) / 2, float(finfo.tiny), float(finfo.max))


def error_bounds(problem: Problem, N: int | None = None) -> Bounds:
    """E for each element of the twelve quantities of `problem`, in float64.

    Where the problem is a block of rows of a batch of length N, E for the loss and the gradients is
    the block's share: the bound for the batch is the sum of them. Raises ValueError for sums so
    long that they have no bound.
    """
    N = N or len(problem.X)
    _check_length(problem, N)
    with np.errstate(all="ignore"):
        return bounds_at(reference(problem, N=N), problem.dtype)


def _check_length(problem: Problem, N: int) -> None:
    """Raise ValueError unless gamma is finite for the longest sum: over the samples or, in a loss
    with a penalty, over the weights and then the samples.
    """
    weights = problem.params.W1.size + problem.params.W2.size if problem.reg else 0
    longest = max(0, int(2 / np.finfo(problem.X.dtype).eps) - 3 - weights)
    if longest < N:
        beside = f" with {weights} weights" if weights else ""
        raise ValueError(
            f"samples: expected at most {longest}{beside} in {problem.dtype}, where longer sums "
            f"have no proven bound, got {N}"
        )


def bounds_at(ref: Reference, dtype: str, any_softmax: bool = False) -> Bounds:
    """E around these values, for arithmetic in `dtype`.

    With `any_softmax` the softmax need not take the row's maximum off the scores before all else:
    scores minus their log-sum-exp, say, or minus the largest score of all rows, are rounded as
    numbers of that size are.
    """
    return bounds_in(arithmetic(dtype), ref, any_softmax)


def bounds_in(arithmetic: Arithmetic, ref: Reference, any_softmax: bool = False) -> Bounds:
    """The same for any binary arithmetic: the data's bounds, and the penalty's on top of them."""
    with np.errstate(all="ignore"):  # a bound may be infinite: such an element is never accepted
        scores = _score_bounds(arithmetic, ref)
        softmax = _softmax_bounds(arithmetic, ref, scores.Ez2, any_softmax)
        Eloss = _loss_bound(arithmetic, ref, softmax)
        gradients = _gradient_bounds(arithmetic, ref, scores, softmax)
        data = Values(scores.Ez1, scores.Ea1, scores.Ez2, softmax.EP, Eloss, *gradients)
        penalty = _penalty_bounds(arithmetic, ref.reg, ref.W1, ref.W2, ref.N)
        return Bounds(with_penalty(data, penalty), scores.unsure)


def with_penalty(data: Values, penalty: Penalty) -> Values:
    """E for the whole of the loss, dW1 and dW2, from E for what the data and the penalty add."""
    return data._replace(
        loss=data.loss + penalty.loss, dW2=data.dW2 + penalty.dW2, dW1=data.dW1 + penalty.dW1
    )


def penalty_bounds(problem: Problem, N: int | None = None) -> Penalty:
    """What the penalty adds to E in a batch of length N, that of `problem` if it is not given; with
    N = 0, E for reg * W1 and reg * W2 by themselves, before any row's share is added.

    What is left of E is what `error_bounds` has for the same problem with reg = 0.
    """
    W1, _, W2, _ = (W.astype(np.float64) for W in problem.params)
    reg = float(problem.X.dtype.type(problem.reg))
    N = len(problem.X) if N is None else N
    with np.errstate(all="ignore"):
        return _penalty_bounds(arithmetic(problem.dtype), reg, W1, W2, N)


def _penalty_bounds(
    arithmetic: Arithmetic, reg: float, W1: Float64s, W2: Float64s, N: int
) -> Penalty:
    (_, tiny, _), gamma, underflow = arithmetic, arithmetic.gamma, arithmetic.underflow
    if reg == 0:  # 0 is never rounded, whatever W is
        return Penalty(np.zeros(()), np.zeros(()), np.zeros_like(W2), np.zeros_like(W1))

    # reg/2 is exact, unless it is below the normal numbers: its last bit may be lost, or all of it.
    Ereg = reg if reg < 2 * tiny else 0.0
    absreg = reg + Ereg

    # reg/2 (sum W1^2 + sum W2^2)
    weights, squares = W1.size + W2.size, (W1**2).sum() + (W2**2).sum()
    Eloss = gamma(N + weights + 1) * absreg * (squares / 2)  # products and additions
    Eloss += Ereg * (squares / 2)  # the error of reg/2
    Eloss += absreg * underflow(weights) / 2  # squares that underflow

    # reg * W, or reg/2 * W twice
    def slope(W: Float64s) -> Float64s:
        E = gamma(N + 2) * absreg * abs(W)  # a product and N + 1 additions
        E += Ereg * abs(W)  # the error of reg/2
        E += absreg * underflow(1) / 2  # 2 W that underflows, before reg/2 multiplies it
        E += underflow(2)  # products that underflow
        return E

    return Penalty(np.asarray(Ereg), np.asarray(Eloss), slope(W2), slope(W1))


class _Scores(NamedTuple):
    Ez1: Float64s
    unsure: Mask
    live: Mask  # a1 > 0, or may be
    absa1: Float64s
    Ea1: Float64s
    Ez2: Float64s


def _score_bounds(arithmetic: Arithmetic, ref: Reference) -> _Scores:
    gamma, underflow = arithmetic.gamma, arithmetic.underflow
    D, H = ref.W1.shape

    # z1 = X @ W1 + b1. Where every term is 0, nobody computes anything but 0.
    products = abs(ref.X) @ abs(ref.W1)
    Ez1 = gamma(D + 1) * products  # D products and additions
    Ez1 += gamma(D) * abs(ref.b1)  # D additions
    terms = np.logical_or((ref.X != 0).astype(np.float64) @ (ref.W1 != 0), ref.b1)  # any but 0
    Ez1 += underflow(D + 1) * terms  # products and sums that underflow
    unsure = (abs(ref.z1) <= 2 * Ez1) & (Ez1 > 0)

    # a1 = max(z1, 0)
    live = (ref.z1 > 0) | unsure
    Ea1 = live * Ez1
    absa1 = abs(ref.a1) + 2 * Ea1  # abs: a learner's own a1 may be negative

    # z2 = a1 @ W2 + b2
    absW2 = abs(ref.W2)
    Ez2 = gamma(H + 1) * (absa1 @ absW2)  # H products and additions
    Ez2 += gamma(H) * abs(ref.b2)  # H additions
    Ez2 += Ea1 @ absW2  # the error of a1
    Ez2 += underflow(H + 1)  # products and sums that underflow
    return _Scores(Ez1, unsure, live, absa1, Ea1, Ez2)


class _Softmax(NamedTuple):
    absP: Float64s
    EP: Float64s
    Elog_P: Float64s


def _softmax_bounds(
    arithmetic: Arithmetic, ref: Reference, Ez2: Float64s, any_softmax: bool
) -> _Softmax:
    gamma, underflow = arithmetic.gamma, arithmetic.underflow
    C = Ez2.shape[1]

    # s = z2 - max z2, which may overflow: its exp is 0, computed or exact.
    M = Ez2.max(axis=1, keepdims=True)
    abss = np.fmin(abs(ref.s) + 2 * (Ez2 + M), arithmetic.largest)
    Es = Ez2.copy()  # the error of z2
    Es += gamma(2) * abss  # s is rounded, and rounded again in s - log S
    M = Es.max(axis=1, keepdims=True)

    # What log P loses whatever the scores are: exp twice, C - 1 additions, a division; 1 to spare.
    rounded = gamma(C + 1 + 2 * EXP_OR_LOG)
    if any_softmax:
        rounded += gamma(2 * EXP_OR_LOG + 4) * (abs(ref.z2).max() + 2 * M)  # no row's maximum

    # How far log P, computed or exact, may be from ref.log_P; so too log S. No P exceeds absP.
    apart = 4 * M + 2 * (rounded + gamma(EXP_OR_LOG + 2) * np.log(C))
    absP = np.fmax(abs(ref.P), np.exp(np.fmin(ref.log_P + apart, rounded)))

    # log P[i, k] moves by at most sum_j P[i, j] |error k - error j|.
    moved = Es * _sum_of_others(absP) + _sum_of_others(absP * Es)
    Elog_P = np.fmin(moved, Es + M)  # the error of s
    Elog_P += rounded  # exp, the sum, the division
    Elog_P += gamma(EXP_OR_LOG + 1) * (np.log(ref.S) + apart)  # log S, subtracted

    EP = absP * np.fmin(np.expm1(Elog_P), 1)  # the error of log P
    EP += underflow(1)  # a probability that underflows
    return _Softmax(absP, EP, Elog_P)


def _sum_of_others(A: Float64s) -> Float64s:
    """For each element the sum of the others in its row: added, so that nothing cancels."""
    others = np.zeros_like(A)
    others[:, 1:] = A[:, :-1].cumsum(axis=1)
    others[:, :-1] += A[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return others


def _loss_bound(arithmetic: Arithmetic, ref: Reference, softmax: _Softmax) -> Float64s:
    # loss = -mean log P[i, y_i] + ...
    gamma, N = arithmetic.gamma, ref.N
    true = ref.Y_ind > 0
    log_Py, Elog_Py = ref.log_P[true], softmax.Elog_P[true]
    Eloss = gamma(N + 2) * (abs(log_Py) + 2 * Elog_Py).sum() / N  # N additions, the division
    Eloss += Elog_Py.sum() / N  # the error of log P
    return np.asarray(Eloss)


def _gradient_bounds(
    arithmetic: Arithmetic, ref: Reference, scores: _Scores, softmax: _Softmax
) -> tuple[Float64s, ...]:
    gamma, underflow = arithmetic.gamma, arithmetic.underflow
    N, n, C, absX, absW2 = ref.N, len(ref.X), ref.W2.shape[1], abs(ref.X), abs(ref.W2)
    live, absa1, Ea1 = scores.live, scores.absa1, scores.Ea1

    # dz2 = (P - Y_ind) / N
    absP_Y = abs(ref.P - ref.Y_ind) + 2 * softmax.EP
    Edz2 = softmax.EP / N  # the error of P
    Edz2 += gamma(3) * (softmax.absP + absP_Y) / N  # subtraction, division, product
    Edz2 += underflow(2)  # either of them underflows
    absdz2 = abs(ref.dz2) + 2 * Edz2

    # dW2 = a1.T @ dz2 + ...,  db2 = sum dz2,  da1 = dz2 @ W2.T
    EdW2 = gamma(N + 2) * (absa1.T @ absdz2)  # N products and additions, and the penalty's two
    EdW2 += Ea1.T @ absdz2  # the error of a1
    EdW2 += absa1.T @ Edz2  # the error of dz2
    EdW2 += underflow(n)  # products and sums that underflow
    Edb2 = gamma(N - 1) * absdz2.sum(axis=0, keepdims=True)  # N - 1 additions
    Edb2 += Edz2.sum(axis=0, keepdims=True)  # the error of dz2
    Eda1 = gamma(C) * (absdz2 @ absW2.T)  # C products and additions
    Eda1 += Edz2 @ absW2.T  # the error of dz2
    Eda1 += underflow(C)  # products and sums that underflow

    # dz1 = da1 where a1 > 0
    Edz1 = live * Eda1
    absdz1 = live * abs(ref.da1) + 2 * Edz1

    # dW1 = X.T @ dz1 + ...,  db1 = sum dz1
    EdW1 = gamma(N + 2) * (absX.T @ absdz1)  # N products and additions, and the penalty's two
    EdW1 += absX.T @ Edz1  # the error of dz1
    EdW1 += underflow(n)  # products and sums that underflow
    Edb1 = gamma(N - 1) * absdz1.sum(axis=0, keepdims=True)  # N - 1 additions
    Edb1 += Edz1.sum(axis=0, keepdims=True)  # the error of dz1
    return Edz2, EdW2, Edb2, Eda1, Edz1, EdW1, Edb1
