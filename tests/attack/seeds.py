"""Where a hunt for mutants starts: problems in corners that a random draw seldom comes to."""

from collections.abc import Iterator

import numpy as np

from tests.attack.arithmetic import Order
from tests.attack.free import Style
from tests.attack.recipes import Fill, Recipe
from tests.attack.shares import Case

ZERO = Fill("zero")
FLUSHED = Style(flush=True)


def corners(dtype: str) -> list[Case]:
    return [Case(recipe, style, Style()) for recipe, style in _corners(dtype)]


def _corners(dtype: str) -> Iterator[tuple[Recipe, Style]]:
    limits = np.finfo(dtype)
    lowest, digits = int(limits.minexp), limits.nmant
    half, other = lowest // 2, lowest - lowest // 2 - 1  # 2^half · 2^other underflows
    plain = Recipe(dtype, 1, 1, 1, 2, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, "all 0")

    def near_one(exponent: int) -> Fill:
        return Fill("near one", exponent)

    # Products that are flushed to 0, in each of the sums.
    yield plain._replace(X=near_one(half), W1=near_one(other)), FLUSHED
    yield plain._replace(b1=near_one(half), W2=near_one(other)), FLUSHED
    yield plain._replace(W1=near_one(half), W2=near_one(half), reg=near_one(other)), FLUSHED
    small = plain._replace(N=4, b2=Fill(), labels="largest score")
    for up in (3, 6, 10):  # exp(-apart) is 2^up times the smallest normal number
        apart = -float(np.log(limits.tiny)) - up * 0.69
        b1, W2 = near_one(-up), Fill("normal", -up - digits // 2)
        yield small._replace(b1=near_one(-up - 1), apart=apart), FLUSHED
        yield small._replace(b1=near_one(0), W2=W2, apart=apart), FLUSHED
        yield small._replace(b1=b1, W2=Fill("normal"), X=near_one(-up - 1), apart=apart), FLUSHED
    # A reg that loses something when it is halved, and squares that underflow before reg.
    right = plain._replace(b2=Fill(), apart=900.0, labels="largest score")
    for exponent in (lowest, lowest - digits + 2):
        reg = Fill("constant", exponent)
        for style in (FLUSHED, Style(penalty="½reg twice")):
            yield right._replace(W1=near_one(-half - 20), reg=reg), style
            yield right._replace(W2=near_one(-half - 20), reg=reg), style
    yield right._replace(W1=near_one(half - 1), reg=near_one(-lowest - 40)), FLUSHED
    # Many squares, lost one by one; and many rows, lost in a large penalty.
    many = plain._replace(D=30, H=60, C=50)
    squares, reg = Fill("lost squares"), near_one(6)
    yield many._replace(C=2, W1=squares, reg=reg), Style()
    yield many._replace(D=1, W2=squares, reg=reg), Style()
    for up in range(-2, 3):
        penalty = plain._replace(N=200, W1=near_one(0), reg=near_one(digits - 8 + up))
        yield penalty, Style(loss_penalty="before the rows")
    # Scores that rounding decides, for many rows: every P may be wrong altogether.
    for seed in range(4):
        wild = Recipe(dtype, 256, 2, 4, 2, *(Fill("same rows", seed=seed + k) for k in range(5)))
        wild = wild._replace(reg=ZERO, W2=Fill("normal", digits + 8, 0, seed))
        yield wild._replace(twists=("cancelling units",)), Style(order=Order("reversed"))
    # Scores all alike, or so that log S and |s| matter.
    for classes in (2, 3, 50):
        alike = plain._replace(C=classes, b2=Fill("constant"))
        for log_ulps, ulps in ((4, "up"), (-4, "down")):
            for softmax in ("quotient", "exp of log P"):
                style = Style(log_ulps=log_ulps, exp_ulps=ulps, softmax=softmax)
                yield alike, style
                yield alike._replace(b2=Fill("normal"), apart=30.0), style
