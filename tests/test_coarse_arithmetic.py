"""The bound in arithmetic of a few bits: it holds, and needs each of its terms."""

import inspect
import re
from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from compare.bounds import rounding
from compare.bounds.reference import Reference, reference
from compare.problems.problem import Problem
from manual import Params
from tests.coarse import DIRECTIONS, Coarse, coarse_step, exact, penalty

Numbers = dict[str, Any]  # by the names of the quantities, and reg·W1 and reg·W2 by themselves


class Case(NamedTuple):
    coarse: Coarse
    ref: Reference
    any_softmax: bool
    computed: Numbers
    exact: Numbers


# Problems, by what they are made to show. All numbers are numbers of the coarse arithmetic.


def anything(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    coarse = random_coarse(rng)
    N, D, H, C = (int(rng.integers(1, most)) for most in (20, 8, 8, 6))

    def array(*shape: int) -> Any:
        scale = 2.0 ** rng.integers(-3, 4)
        if rng.random() < 0.15:  # products near the smallest normal number
            scale *= 2.0 ** (coarse.exponent * rng.uniform(0.25, 1))
        kinds = (
            rng.normal(size=shape),
            np.full(shape, rng.uniform(1, 2)),
            rng.choice([-1, 1], size=shape) * rng.uniform(1, 1.1, size=shape),
            rng.normal(size=shape) * (rng.random(shape) < 0.5),
        )
        return to_nearest(coarse, scale * kinds[rng.integers(len(kinds))])

    X, W1, b1, W2, b2 = array(N, D), array(D, H), array(1, H), array(H, C), array(1, C)
    y = rng.integers(C, size=N)
    if rng.random() < 0.5:
        X, y = np.repeat(X[:1], N, axis=0), np.repeat(y[:1], N)
    if rng.random() < 0.3:
        b1 = -to_nearest(coarse, X[:1] @ W1)  # z1 near 0
    reg = float(to_nearest(coarse, 2.0 ** rng.uniform(-8, 4) * (rng.random() < 0.5)))
    return coarse, Problem(X, y, Params(W1, b1, W2, b2), reg)


def identical_rows(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """Long sums over the samples, each term of which is rounded to the same side."""
    coarse = random_coarse(rng, bits=11)
    N, x, w, b, *more = int(rng.integers(60, 150)), *rng.uniform(0.5, 2, size=7)
    if rng.random() < 0.5:
        more = [more[0], 0, 0, 8]  # the first class, nearly without an error, alone goes back
    x, w, b, *more = to_nearest(coarse, [x, w, b, *more])
    params = Params(np.array([[w]]), np.array([[b]]), np.array([more[:2]]), np.array([more[2:]]))
    return coarse, Problem(np.full((N, 1), x), np.zeros(N, int), params, 0.0)


def many_small_classes(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """In da1 a large term, and many that are each rounded away when they are added to it."""
    coarse = random_coarse(rng, bits=11)
    W2 = np.full((1, 150), 2.0**-10)
    W2[0, 0] = to_nearest(coarse, -rng.uniform(1, 1.1))
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    return coarse, Problem(one, np.zeros(1, int), Params(one, zero, W2, np.zeros((1, 150))), 0.0)


def equal_scores(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """Scores without an error: what is left is exp and log, at their worst."""
    coarse = random_coarse(rng, bits=11, direction="any")
    C, one, zero = int(rng.integers(2, 4)), np.ones((1, 1)), np.zeros((1, 1))
    params = Params(one, zero, np.zeros((1, C)), np.zeros((1, C)))
    return coarse, Problem(one, np.zeros(1, int), params, 0.0)


def scores_far_apart(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """Biases of the scores just above a power of two, where a rounding is largest."""
    direction = rng.choice(["any", "towards 0", "away from 0"])
    coarse = random_coarse(rng, bits=20, exponent=-600, direction=direction)
    top, bottom = 128 * (1 + 2.0 ** (1 - coarse.bits) * rng.integers(4, size=2))
    w = 2.0 ** rng.integers(-3, 1) * np.array([[1, 1, rng.choice([-1, 1])]])
    W1, b2 = np.full((1, 1), 2.0**-18), np.array([[top, top, -bottom]])
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    return coarse, Problem(one, np.zeros(1, int), Params(W1, zero, w, b2), 0.0)


def tiny_reg(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """reg/2 is below the normal numbers, and large weights that no data meets multiply it."""
    coarse = random_coarse(rng, exponent=-30)
    W1, zero = np.full((1, 3), 2.0**14), np.zeros((1, 3))
    params = Params(W1, zero, np.zeros((3, 2)), np.zeros((1, 2)))
    reg = float(to_nearest(coarse, 2.0**-30 * rng.uniform(0.1, 1.9)))
    return coarse, Problem(np.zeros((1, 1)), np.zeros(1, int), params, reg)


def tiny_weights(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """Weights whose squares are below the normal numbers, or who are, under any reg."""
    coarse = random_coarse(rng, exponent=-30)
    H = int(rng.integers(1, 8))
    scale = 2.0 ** rng.uniform(-34, -14)
    W1, W2 = (to_nearest(coarse, scale * rng.uniform(1, 2, shape)) for shape in ((1, H), (H, 2)))
    reg = float(to_nearest(coarse, 2.0 ** rng.uniform(-10, 40)))
    X = to_nearest(coarse, rng.choice([0, 1, 2.0**-20]) * rng.uniform(1, 2, size=(3, 1)))
    params = Params(W1, np.zeros((1, H)), W2, np.zeros((1, 2)))
    return coarse, Problem(X, np.zeros(3, int), params, reg)


def tiny_shares(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """P, X or a1 above the smallest normal number; P / N or a product with dz2 or dz1 below it."""
    coarse = random_coarse(rng, bits=11, exponent=-30)
    N = 16
    x, w1, b1, w2, score = 1.0, 1.0, 0.0, 0.0, 0.0
    small = float(to_nearest(coarse, 2.0**-30 * rng.uniform(1, N)))
    which = rng.integers(3)
    if which == 0:
        score = float(to_nearest(coarse, np.log(small)))
    elif which == 1:
        w1, b1 = 0.0, small
    else:
        x, b1, w2 = small, 1.0, 1.0
    params = Params(np.array([[w1]]), np.array([[b1]]), np.array([[w2, 0]]), np.array([[0, score]]))
    return coarse, Problem(np.full((N, 1), x), np.zeros(N, int), params, 0.0)


def cancelled_hidden_value(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """a1 is the rounding error of its product, and little more."""
    coarse = random_coarse(rng, bits=11)
    x, w1, w2 = to_nearest(coarse, rng.uniform(1, 2, size=3))
    b1 = to_nearest(coarse, 4 * coarse.arithmetic.u - x * w1)
    params = Params(np.array([[w1]]), np.array([[b1]]), np.array([[w2, 0]]), np.zeros((1, 2)))
    return coarse, Problem(np.array([[x]]), np.zeros(1, int), params, 0.0)


def no_row_maximum(rng: np.random.Generator) -> tuple[Coarse, Problem]:
    """Scores that are far from 0 and near each other, less their log-sum-exp."""
    coarse = random_coarse(rng, bits=11)
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    b2 = to_nearest(coarse, rng.uniform(50, 100) + rng.normal(size=(1, 2)))
    return coarse, Problem(one, np.zeros(1, int), Params(one, zero, np.zeros((1, 2)), b2), 0.0)


Kind = Callable[[np.random.Generator], tuple[Coarse, Problem]]
KINDS: tuple[tuple[Kind, int], ...] = (  # and how many of each
    (tiny_reg, 20),
    (many_small_classes, 5),
    (equal_scores, 150),
    (no_row_maximum, 20),
    (cancelled_hidden_value, 10),
    (tiny_shares, 30),
    (identical_rows, 30),
    (tiny_weights, 60),
    (scores_far_apart, 150),
    (anything, 250),
)


def random_coarse(
    rng: np.random.Generator,
    bits: int | None = None,
    exponent: int | None = None,
    direction: str | None = None,
) -> Coarse:
    return Coarse(
        bits=int(rng.integers(6, 12)) if bits is None else bits,
        exponent=int(rng.integers(-60, -12)) if exponent is None else exponent,
        direction=str(rng.choice(DIRECTIONS)) if direction is None else direction,
        flush=bool(rng.integers(2)),
        rng=rng,
    )


def to_nearest(coarse: Coarse, x: Any) -> Any:
    return Coarse(coarse.bits, coarse.exponent, "nearest", False, coarse.rng).round(x)


@cache
def cases(kind: Kind) -> tuple[Case, ...]:
    with np.errstate(all="ignore"):
        return tuple(case(kind, seed) for seed in range(dict(KINDS)[kind]))


def case(kind: Kind, seed: int) -> Case:
    coarse, problem = kind(np.random.default_rng(seed))
    ref, any_softmax = reference(problem), kind is no_row_maximum
    computed = coarse_step(coarse, problem, any_softmax)
    right = exact(ref, computed.a1 > 0)
    alone = {f"reg·W{i}": problem.reg * W for i, W in ((1, ref.W1), (2, ref.W2))}
    penalties = {
        f"reg·W{i}": coarse.sum(penalty(coarse, problem.reg, W))
        for i, W in ((1, ref.W1), (2, ref.W2))
    }
    return Case(coarse, ref, any_softmax, computed._asdict() | penalties, right._asdict() | alone)


def shares(case: Case, module: Any = rounding) -> dict[str, float]:
    """For each number the largest |computed - exact| / E. More than 1, where a mask is wrong."""
    arithmetic, ref = module.Arithmetic(*case.coarse.arithmetic), case.ref
    bounds = module.bounds_in(arithmetic, ref, case.any_softmax)
    alone = module._penalty_bounds(arithmetic, ref.reg, ref.W1, ref.W2, 0)
    errors = bounds.error._asdict() | {"reg·W1": alone.dW1, "reg·W2": alone.dW2}
    masks = ((case.computed["a1"] > 0) != (ref.z1 > 0)) & ~bounds.unsure
    found = {"mask": 2.0 * masks.any()}
    with np.errstate(all="ignore"):
        for name, E in errors.items():
            off = abs(case.computed[name] - case.exact[name]) - 1e-13 * abs(case.exact[name])
            found[name] = float(np.where(off > 0, off / E, 0).max())
    return found


@pytest.mark.parametrize("kind", dict(KINDS), ids=lambda kind: kind.__name__)
def test_no_error_exceeds_its_bound(kind: Kind):
    for seed, found in enumerate(map(shares, cases(kind))):
        assert max(found.values()) <= 1, f"seed {seed}: {found}"


# Mutants of the bound.

SOURCE = inspect.getsource(rounding)
LINE = re.compile(r"^ +((?:E|rounded|abs[a-zP])\w* \+?= (?![_\w]+\(a).*)$", re.M)


def without(line: str, kept: str) -> str:
    return SOURCE.replace(f" {line}\n", f" {kept}\n")


MUTANTS = {
    line.partition("  #")[0]: without(line, re.sub(r"= (.*?)(  #.*)?$", r"= 0 * (\1)", line))
    for line in LINE.findall(SOURCE)
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_without_a_term_the_bound_is_exceeded(mutant: str):
    assert MUTANTS[mutant] != SOURCE
    module = ModuleType("mutant")
    exec(compile(MUTANTS[mutant], "mutant", "exec"), module.__dict__)
    assert any(max(shares(c, module).values()) > 1 for c in some_of_each_kind_first())


@cache
def some_of_each_kind_first() -> list[Case]:
    turns = zip_longest(*(cases(kind) for kind, _ in KINDS))
    return [case for turn in turns for case in turn if case is not None]
