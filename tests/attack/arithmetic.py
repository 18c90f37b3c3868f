"""IEEE arithmetic with the freedom that the claim leaves: the order of a sum, fused multiply-add,
results flushed to zero, exp and log that are a few ULP off.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.floating[Any]]

ARRANGEMENTS = ("as is", "reversed", "shuffled", "ascending", "descending", "by sign")
SHAPES = ("chain", "pairs", "blocks", "random tree")
LONGEST_LOOP = 128  # a chain of more terms is added by np.add.accumulate, without fused operations


class Order(NamedTuple):
    """How a sum is taken: its terms arranged, then added in a tree of some shape."""

    arrangement: str = "as is"
    shape: str = "chain"
    block: int = 4  # length of a block, where there are blocks
    seed: int = 0  # of what is random


@dataclass(frozen=True)
class Machine:
    """Every method rounds once, to nearest."""

    dtype: np.dtype[np.floating[Any]]
    fused: bool = False  # products are added without having been rounded
    flush: bool = False  # results below the smallest normal number become 0

    def rounded(self, x: Any) -> Real:
        result: Real = np.asarray(x).astype(self.dtype)
        if not self.flush:
            return result
        return np.where(abs(result) < np.finfo(self.dtype).tiny, self.dtype.type(0), result)

    def add(self, a: Real, b: Real) -> Real:
        return self.rounded(a + b)

    def subtract(self, a: Real, b: Real) -> Real:
        return self.rounded(a - b)

    def multiply(self, a: Real, b: Real) -> Real:
        return self.rounded(a * b)

    def divide(self, a: Real, b: Real) -> Real:
        return self.rounded(a / b)

    def multiply_add(self, a: Real, b: Real, c: Real) -> Real:
        """a · b + c, rounded once if this machine has fused operations, else twice."""
        if not self.fused:
            return self.add(self.multiply(a, b), c)
        return self.rounded(fused_multiply_add(a, b, c))

    def exp(self, x: Real, ulps: Any = 0) -> Real:
        return self._off(np.exp(x.astype(np.longdouble)), ulps)

    def log(self, x: Real, ulps: Any = 0) -> Real:
        return self._off(np.log(x.astype(np.longdouble)), ulps)

    def _off(self, exact: Real, ulps: Any) -> Real:
        """`exact` rounded, then moved by whole units in the last place: at most 4 ULP off."""
        nearest = exact.astype(self.dtype)
        rest = exact - nearest
        power_of_two = np.frexp(nearest)[0] == 0.5
        ulp = np.spacing(nearest) * np.where(power_of_two & (rest < 0), 0.5, 1)
        steps = np.where((abs(ulps) == 4) & (np.sign(rest) == -np.sign(ulps)), ulps * 0.75, ulps)
        off = np.where(exact == 0, 0, steps * ulp)
        return self.rounded(np.where(nearest == 0, abs(off), nearest + off))

    def sum(self, a: Real, b: Real, order: Order) -> Real:
        """The sum of a · b over the first axis; a term that is no product has b = 1."""
        a, b = _arranged(*np.broadcast_arrays(a, b), order)
        if order.shape == "blocks" and order.block < len(a):
            a, b = (_blocks(factor, order.block) for factor in (a, b))
            partial = self._chain(a, b)
            inner = order._replace(shape=("chain", "pairs", "random tree")[order.seed % 3])
            return self._reduce(partial, inner)
        if order.shape in ("chain", "blocks"):
            return self._chain(a, b)
        return self._reduce(self._leaves(a, b), order)

    def _chain(self, a: Real, b: Real) -> Real:
        if len(a) > LONGEST_LOOP:
            return self.rounded(np.add.accumulate(self.multiply(a, b), axis=0)[-1])
        total = self.multiply(a[0], b[0])
        for k in range(1, len(a)):
            total = self.multiply_add(a[k], b[k], total)
        return total

    def _leaves(self, a: Real, b: Real) -> Real:
        """The products, or where they can be fused, one product added to the next."""
        if not self.fused:
            return self.multiply(a, b)
        half = len(a) // 2
        pairs = self.multiply_add(
            a[:half], b[:half], self.multiply(a[half : 2 * half], b[half : 2 * half])
        )
        return np.concatenate([pairs, self.multiply(a[2 * half :], b[2 * half :])])

    def _reduce(self, terms: Real, order: Order) -> Real:
        if order.shape == "chain":
            return self._chain(terms, np.ones_like(terms[:1]).repeat(len(terms), 0))
        rng = np.random.default_rng(order.seed)
        while len(terms) > 1:
            pairs = len(terms) // 2
            if order.shape == "random tree":
                pairs = int(rng.integers(1, pairs + 1)) if len(terms) <= LONGEST_LOOP else pairs
                terms = terms[rng.permutation(len(terms))]
            sums = self.add(terms[0 : 2 * pairs : 2], terms[1 : 2 * pairs : 2])
            terms = np.concatenate([sums, terms[2 * pairs :]])
        result: Real = terms[0]
        return result


def _arranged(a: Real, b: Real, order: Order) -> tuple[Real, Real]:
    if order.arrangement == "as is" or len(a) == 1:
        return a, b
    if order.arrangement == "reversed":
        return a[::-1], b[::-1]
    if order.arrangement == "shuffled":
        shuffled = np.random.default_rng(order.seed).permutation(len(a))
        return a[shuffled], b[shuffled]
    # Every element's own terms in an order of their own.
    terms = a * b
    key = {"ascending": abs(terms), "descending": -abs(terms), "by sign": -terms}[order.arrangement]
    at = np.argsort(key, axis=0, kind="stable")
    return np.take_along_axis(a, at, 0), np.take_along_axis(b, at, 0)


def _blocks(terms: Real, length: int) -> Real:
    """(length, blocks, ...): the terms in blocks, the last one filled up with zeros."""
    count = -(-len(terms) // length)
    filled = np.zeros((count * length, *terms.shape[1:]), terms.dtype)
    filled[: len(terms)] = terms
    return filled.reshape(count, length, *terms.shape[1:]).swapaxes(0, 1)


def fused_multiply_add(a: Real, b: Real, c: Real) -> Real:
    """a · b + c rounded once.

    S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
    rounding to odd", IEEE Trans. Computers 57 (2008). Near over- and underflow it rounds twice.
    """
    if a.dtype == np.float32:
        wide = a.astype(np.float64) * b.astype(np.float64)  # exact
        return _sum_rounded_to_odd(wide, c.astype(np.float64)).astype(np.float32)
    high, low = two_product(a, b)
    t_high, t_low = two_sum(c, low)
    v_high, v_low = two_sum(high, t_high)
    result = v_high + _sum_rounded_to_odd(t_low, v_low)
    plain = a * b + c
    # The error terms are exact only away from the ends of the exponent's range.
    least, most = 2.0**-900, 2.0**900
    product = abs(high)
    tame = (np.maximum(product, abs(c)) > least) & (abs(plain) < most)
    tame &= (abs(a) < most) & (abs(b) < most) & ((product > least) | (a == 0) | (b == 0))
    chosen: Real = np.where(tame, result, plain)
    return chosen


def two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """a + b rounded, and its error, exactly (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Real, b: Real) -> tuple[Real, Real]:
    """a · b rounded, and its error, exactly (Dekker), away from over- and underflow."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _split(a: Real) -> tuple[Real, Real]:
    factor = a.dtype.type(2 ** ((np.finfo(a.dtype).nmant + 2) // 2) + 1)
    scaled = factor * a
    high = scaled - (scaled - a)
    return high, a - high


def _sum_rounded_to_odd(a: Real, b: Real) -> Real:
    total, error = two_sum(a, b)
    bits = np.asarray(total).view(f"i{total.dtype.itemsize}")
    towards = np.where((error > 0) == (total > 0), 1, -1)
    bits = bits + ((error != 0) & (bits % 2 == 0)) * towards
    result: Real = bits.view(total.dtype)
    return result
