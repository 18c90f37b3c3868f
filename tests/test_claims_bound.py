"""compare/bounds/rounding.py at the edges of the arithmetic, where bounds easily fail."""

from dataclasses import replace

import numpy as np
import pytest

import manual.batches
from compare.agreement.comparison import against_autograd
from compare.agreement.quantity import compare_quantity
from compare.agreement.step import autograd_values, manual_step
from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at, error_bounds, penalty_bounds, with_penalty
from compare.graph.blocks import compare_blocks
from compare.graph.walk import walk
from compare.problems.hard import hard_problem
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import Params, forward, loss_and_gradients

DTYPES = ["float32", "float64"]


# The penalty is a term of the sum that it is added to, and rounded as often as the others.


def test_the_penalty_may_be_added_first_or_last():
    blocks = compare_blocks(random_problem(samples=1000, reg=1000.0), 200)
    assert blocks.first_difference is None


def rounded_away_at_every_level(dtype: str, rows: int, levels: int) -> Problem:
    """reg * W1 = 1, and in blocks of `rows` all that is added to it is each time 0.99 u."""
    one = np.ones((1, 1), dtype)
    params = Params(one, one, np.array([[1, -1]], dtype), np.zeros((1, 2), dtype))
    N = rows << levels
    still = Problem(np.zeros((N, 1), dtype), np.ones(N, int), params, reg=1.0)
    dz1 = manual_step(still)[1].dz1[0, 0]
    X = np.zeros((N, 1), dtype)
    X[[0, *(rows << level for level in range(levels))]] = 0.99 * np.finfo(dtype).eps / 2 / dz1
    return replace(still, X=X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_penalty_may_lose_something_at_every_addition(
    dtype: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manual.batches, "SHORTEST_BLOCK", 4)
    monkeypatch.setattr(manual.batches, "BLOCK_BYTES", 0)
    problem = rounded_away_at_every_level(dtype, rows=4, levels=11)
    _, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    autograd, error = autograd_values(problem).dW1, error_bounds(problem).error.dW1
    assert compare_quantity("dW1", gradients.W1, autograd, error).ok


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bound_is_that_of_the_data_and_that_of_the_penalty(dtype: str):
    problem = random_problem(dtype=dtype, reg=0.3)
    data = error_bounds(replace(problem, reg=0.0)).error
    whole = error_bounds(problem).error
    for one, other in zip(with_penalty(data, penalty_bounds(problem)), whole, strict=True):
        assert np.array_equal(one, other)


# Probabilities that underflow.


def scores_with_a_spacing_of_tens(seed: int) -> Problem:
    """Scores around 2^57, whose last bit is worth 32, and whose difference is 700 to 800."""
    rng = np.random.default_rng(seed)
    D, rows = 4, 64
    size = 2.0 ** rng.uniform(55, 58.5)
    X = rng.uniform(0.5, 1, size=(1, D)) * np.ones((rows, 1)) + rng.normal(size=(rows, D)) * 2**-52
    W1 = rng.normal(size=(D, 1))
    W1 *= np.sign(X[:1] @ W1)
    w = size / (X[0] @ W1)
    W2, b2 = np.array([[w[0], -w[0]]]), np.array([[rng.uniform(700, 800) - 2 * size, 0.0]])
    params = Params(W1, np.zeros((1, 1)), W2, b2)
    return Problem(np.asfortranarray(X), rng.integers(0, 2, rows), params, reg=0.0)


@pytest.mark.parametrize("seed", [109, 151, 304, 555])  # found by trying 3000
def test_a_probability_that_underflows_is_bounded_by_its_logarithm(seed: int):
    problem = scores_with_a_spacing_of_tens(seed)
    found = against_autograd(problem)
    assert found.agree, found.first_difference


KINDS = {
    "hard float32": lambda seed: hard_problem(seed, "float32"),
    "hard float64": lambda seed: hard_problem(seed, "float64"),
    "scores with a spacing of tens": scores_with_a_spacing_of_tens,
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_scores_bound_allows_the_probabilities_bound_allows_too(kind: str):
    rng = np.random.default_rng(0)
    for seed in range(20):
        problem = KINDS[kind](seed)
        exact, error = reference(problem), error_bounds(problem).error
        # Half of the bound: these lines are rounded, too.
        moved = exact.z2 + error.z2 / 2 * rng.choice([-1, 1], size=error.z2.shape)
        P = np.exp(moved - moved.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        assert (abs(P - exact.P) <= error.P).all(), f"seed {seed}"


# Below the smallest normal number, and above the largest.


@pytest.mark.parametrize("spelling", ["linear", "matmul"])
@pytest.mark.parametrize(
    ("dtype", "reg", "large"),
    [
        ("float64", 5e-324, 1e100),
        ("float64", 1.5e-323, 1e100),
        ("float64", 2.5e-323, 1e100),
        ("float32", 1e-45, 1e15),
        ("float32", 4e-45, 1e15),
        ("float32", 1.2e-41, 1e15),
    ],
)
def test_half_of_a_denormal_reg_is_rounded(dtype: str, reg: float, large: float, spelling: str):
    problem = random_problem(0, reg=reg, dtype=dtype)
    params = problem.params
    problem = replace(problem, params=params._replace(W2=params.W2 * problem.X.dtype.type(large)))
    found = walk(problem, spelling)
    assert found.agree, found.first_difference
    assert against_autograd(problem).agree


def test_squares_of_weights_may_underflow_under_a_large_reg():
    problem = random_problem(dtype="float32", hidden=1000, reg=3e38)
    W1, b1, W2, b2 = problem.params
    w = np.float32(np.sqrt(0.75 * float(np.finfo(np.float32).smallest_subnormal)))
    params = Params(np.full_like(W1, w), b1, np.full_like(W2, w), b2)
    problem = replace(problem, params=params)
    exact = reference(problem)
    squares = (exact.W1**2).sum() + (exact.W2**2).sum()
    loss = -exact.log_P[exact.Y_ind > 0].mean() + 0.5 * exact.reg * squares
    computed = forward(params, problem.X, problem.y, problem.reg).loss
    assert abs(computed - loss) <= error_bounds(problem).error.loss


@pytest.mark.parametrize(("dtype", "score"), [("float32", 2e38), ("float64", 1.5e308)])
def test_a_score_may_be_too_far_from_the_largest_for_any_number(dtype: str, score: float):
    problem = random_problem(samples=5, classes=2, dtype=dtype)
    params = problem.params._replace(
        W2=np.zeros_like(problem.params.W2), b2=np.array([[score, -score]], dtype)
    )
    problem = replace(problem, params=params, y=np.zeros_like(problem.y), reg=0.0)
    assert forward(params, problem.X, problem.y, 0.0).loss == 0
    found = against_autograd(problem)
    assert found.agree, found.first_difference


def test_more_weights_than_have_a_bound_are_refused_unless_nothing_adds_their_squares():
    problem = random_problem(samples=3, dtype="float32", reg=1.0)
    with pytest.raises(ValueError, match="samples: expected at most 16777143 with 70 weights in f"):
        error_bounds(problem, N=2**24 - 3)
    assert np.isfinite(error_bounds(problem, N=2**24 - 3 - 70).error.loss)
    assert np.isfinite(error_bounds(replace(problem, reg=0.0), N=2**24 - 3).error.loss)


# Values that a learner has.


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_negative_a1_is_as_large_as_a_positive_one(dtype: str):
    problem = random_problem(dtype=dtype, reg=0.0)
    right = reference(problem)
    given = {"a1": right.a1 - 1e3, "z2": right.z2}
    error = bounds_at(reference(problem, given), dtype).error
    given["a1"] = -given["a1"]
    positive = bounds_at(reference(problem, given), dtype).error
    assert np.array_equal(error.z2, positive.z2)
    assert np.array_equal(error.dW2, positive.dW2)
    assert (error.dW2 > 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_with_any_softmax_a_log_sum_exp_may_be_rounded_as_it_is(dtype: str):
    """A probability of nearly 1 moves with the log-sum-exp of large scores, which has their ULP."""
    problem = random_problem(dtype=dtype)
    z2 = reference(problem).z2 * 20
    exact = reference(problem, {"z2": z2.astype(dtype).astype(np.float64)})
    scores = exact.z2.astype(dtype)
    top = scores.max(axis=1, keepdims=True)
    P = np.exp(scores - (top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))))
    assert (abs(P - exact.P) <= bounds_at(exact, dtype, any_softmax=True).error.P).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_2_W_may_be_flushed_to_0_before_half_of_reg_multiplies_it(dtype: str):
    tiny = np.finfo(dtype).tiny
    problem = random_problem(dtype=dtype, reg=2.0**27)
    W2 = np.full_like(problem.params.W2, tiny / 8)
    error = penalty_bounds(replace(problem, params=problem.params._replace(W2=W2)), N=0)
    assert (2.0**27 * W2.astype(np.float64) <= error.dW2).all()


def test_a_product_that_underflows_in_the_bounds_own_arithmetic_has_a_bound():
    problem = random_problem(samples=1, features=1, hidden=1, classes=2)
    params = problem.params._replace(W1=np.array([[2.0**-1060]]), b1=np.zeros((1, 1)))
    bounds = error_bounds(replace(problem, X=np.array([[2.0**-20]]), params=params))
    assert bounds.error.z1[0, 0] > 0  # the exact value is 2^-1080, and everybody computes 0
    assert bounds.unsure[0, 0]
