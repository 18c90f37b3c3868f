"""A right implementation in arithmetic of a few bits, which rounds as unkindly as the bound allows.

With 2 or 3 digits an error is a large part of what it is an error of: a term of second order shows
here, where float32 would hide it. Directed rounding (up, say) is off by up to a whole ULP where
rounding to nearest is off by half of one, so it stands for a unit roundoff twice as large; a sum of
many terms then comes near to its worst case without a search for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.bounds.quantities import Values
from compare.bounds.reference import Reference
from compare.bounds.rounding import EXP_OR_LOG, Arithmetic
from compare.problems.problem import Problem

Array = npt.NDArray[np.float64]
DIRECTIONS = ("nearest", "up", "down", "away from 0", "towards 0", "any")


@dataclass(frozen=True)
class Coarse:
    """`bits` for a significand; below 2**exponent denormal numbers, or nothing but 0."""

    bits: int
    exponent: int
    direction: str
    flush: bool
    rng: np.random.Generator

    @property
    def arithmetic(self) -> Arithmetic:
        u = 2.0 ** (-self.bits if self.direction == "nearest" else 1 - self.bits)
        return Arithmetic(u, 2.0**self.exponent, 1e300)

    def ulp(self, x: Array) -> Array:
        exponent = np.where(x == 0, self.exponent, np.frexp(x)[1] - 1)
        return np.ldexp(1.0, np.maximum(exponent, self.exponent) + 1 - self.bits)

    def round(self, x: Any) -> Array:
        x = np.asarray(x, np.float64)
        quotient = x / (ulp := self.ulp(x))
        # Drawn in every direction, so that what is drawn next does not depend on it.
        coins = self.rng.random(x.shape) < 0.5
        result = np.asarray(ulp * self._whole(quotient, coins))
        return np.where(abs(result) < 2.0**self.exponent, 0, result) if self.flush else result

    def _whole(self, x: Array, coins: npt.NDArray[np.bool_]) -> Array:
        match self.direction:
            case "nearest":
                return np.rint(x)
            case "up":
                return np.ceil(x)
            case "down":
                return np.floor(x)
            case "away from 0":
                return np.where(x > 0, np.ceil(x), np.floor(x))
            case "towards 0":
                return np.trunc(x)
            case "any":
                return np.where(coins, np.ceil(x), np.floor(x))
        raise ValueError(self.direction)

    def loose(self, exact: Array) -> Array:
        """As good as exp and log are: within 4 ULP, or as many u as that may be."""
        most = EXP_OR_LOG * self.arithmetic.u * abs(exact) - self.ulp(exact)
        off = np.floor(np.maximum(most, 0) / self.ulp(exact)) * self.ulp(exact)
        off *= self.rng.choice([-1, 1], size=np.shape(exact) if self.rng.random() < 0.5 else None)
        return self.round(exact + off)

    def sum(self, terms: Sequence[Array]) -> Array:
        """In a random order, one after the other, in pairs, or along any tree."""
        terms = [terms[i] for i in self.rng.permutation(len(terms))]
        one_by_one, any_two = self.rng.random(2) < (0.5, 0.7)
        while len(terms) > 1:
            i, j = (0, 1)
            if not one_by_one and any_two:
                i, j = self.rng.permutation(len(terms))[:2]
            added = self.round(terms[i] + terms[j])
            rest = [term for k, term in enumerate(terms) if k not in (i, j)]
            terms = [added, *rest] if one_by_one else [*rest, added]
        return terms[0]

    def product(self, A: Array, B: Array, more: Sequence[Array] = ()) -> Array:
        products = [self.round(A[:, k, None] * B[k]) for k in range(len(B))]
        return self.sum([*products, *(np.broadcast_to(term, products[0].shape) for term in more)])


def coarse_step(coarse: Coarse, problem: Problem, any_softmax: bool = False) -> Values:
    """One step, in one of the spellings that the bound is for."""
    (X, y), (W1, b1, W2, b2), reg = (problem.X, problem.y), problem.params, problem.reg
    N, _, _, C = problem.sizes
    round, rng = coarse.round, coarse.rng

    z1 = coarse.product(X, W1, [b1])
    a1 = np.maximum(z1, 0)
    z2 = coarse.product(a1, W2, [b2])
    top = z2.max() if any_softmax else z2.max(axis=1, keepdims=True)
    s = round(z2 - top)
    exps = np.maximum(coarse.loose(np.exp(s)), 0)
    S = coarse.sum([exps[:, [k]] for k in range(C)])
    log_P = round(s - coarse.loose(np.log(S)))
    if any_softmax:
        log_P = round(z2 - round(top + coarse.loose(np.log(S))))
    P = round(exps / S) if rng.random() < 0.5 else np.maximum(coarse.loose(np.exp(log_P)), 0)

    Y_ind, share = np.eye(C)[y], round(1 / N)
    dz2 = (
        round(round(P - Y_ind) / N),
        round(round(P * share) - Y_ind * share),
        round(round(P / N) - round(Y_ind / N)),
    )[rng.integers(3)]
    dW2 = coarse.product(a1.T, dz2, penalty(coarse, reg, W2))
    db2 = coarse.sum([dz2[[i]] for i in range(N)])
    da1 = coarse.product(dz2, W2.T)
    dz1 = da1 * (a1 > 0)
    dW1 = coarse.product(X.T, dz1, penalty(coarse, reg, W1))
    db1 = coarse.sum([dz1[[i]] for i in range(N)])

    log_Py = coarse.sum([-log_P[i, y[i]] for i in range(N)])
    loss = round(log_Py / N) if rng.random() < 0.5 else round(log_Py * share)
    if reg:
        squares = coarse.sum([round(w * w) for W in (W1, W2) for w in W.flat])
        loss = round(loss + round(round(reg / 2) * squares))
    return Values(z1, a1, z2, P, loss, dz2, dW2, db2, da1, dz1, dW1, db1)


def penalty(coarse: Coarse, reg: float, W: Array) -> list[Array]:
    """The terms that make reg * W."""
    round, half = coarse.round, coarse.round(reg / 2)
    halved = round(half * W)
    return ([round(reg * W)], [round(half * round(2 * W))], [halved, halved])[
        coarse.rng.integers(3)
    ]


def exact(ref: Reference, active: npt.NDArray[np.bool_]) -> Values:
    """The same in float64, next to which the coarse arithmetic's errors are large."""
    dz1 = ref.da1 * active
    squares = (ref.W1**2).sum() + (ref.W2**2).sum()
    return Values(
        z1=ref.z1,
        a1=ref.a1,
        z2=ref.z2,
        P=ref.P,
        loss=np.asarray(-ref.log_P[ref.Y_ind > 0].mean() + ref.reg / 2 * squares),
        dz2=ref.dz2,
        dW2=ref.a1.T @ ref.dz2 + ref.reg * ref.W2,
        db2=ref.dz2.sum(axis=0, keepdims=True),
        da1=ref.da1,
        dz1=dz1,
        dW1=ref.X.T @ dz1 + ref.reg * ref.W1,
        db1=dz1.sum(axis=0, keepdims=True),
    )
