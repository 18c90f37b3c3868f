"""compare/rounding.py: the bound holds against an oracle, accuses nobody, and is not slack."""

from dataclasses import replace

import numpy as np
import pytest

from compare.agreement.bridge import to_torch, to_values
from compare.agreement.comparison import against_autograd
from compare.agreement.step import manual_step, step_values
from compare.bounds.quantities import Values
from compare.bounds.rounding import error_bounds
from compare.problems.hard import TWISTS, hard_problem
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import backward
from tests.conftest import compare_steps
from tests.oracle import RESOLUTION, errors, oracle
from torch_ref import step

DTYPES = ["float32", "float64"]


def small(dtype: str, twist: str | None = None, **sizes: int) -> Problem:
    plain = random_problem(
        5, **({"samples": 6, "features": 3, "hidden": 4} | sizes), dtype=dtype, reg=0.1
    )
    return TWISTS[twist](plain) if twist else plain


# The oracle has its own opinion at a kink, and half of one at 0: those twists are judged elsewhere.
SMOOTH = [t for t in TWISTS if t not in ("exact zeros in z1", "z1 within rounding of 0")]
SMALL = {
    "generic": {},
    "one sample": {"samples": 1},
    "one hidden unit": {"hidden": 1},
    "two classes": {"classes": 2},
    **{twist: {"twist": twist} for twist in SMOOTH},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", SMALL)
def test_both_sides_lie_within_one_bound_of_a_50_digit_oracle(kind: str, dtype: str):
    problem = small(dtype, **SMALL[kind])
    exact = oracle(problem)
    bounds = error_bounds(problem).error
    model, X, y = to_torch(problem)
    sides = {
        "manual": step_values(*manual_step(problem)),
        "autograd": to_values(step(model, X, y, problem.reg)),
    }
    for side, values in sides.items():
        for (name, error), bound in zip(errors(values, exact), bounds, strict=True):
            assert (error <= bound + RESOLUTION).all(), f"{side}: {name} is {error.max()} off"


def test_the_oracle_notices_a_wrong_gradient():
    problem = small("float64")
    fwd, bwd = manual_step(problem)
    wrong = step_values(fwd, bwd._replace(dW2=bwd.dW2 * (1 + 1e-10)))
    found = dict(errors(wrong, oracle(problem)))
    assert not (found["dW2"] <= error_bounds(problem).error.dW2).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_right_answer_is_accused_at_random(dtype: str, request: pytest.FixtureRequest):
    """The full run, of 2000 a dtype: pytest tests/test_rounding.py --problems 2000"""
    for seed in range(request.config.getoption("--problems")):
        found = against_autograd(hard_problem(seed, dtype))
        assert found.agree, f"seed {seed}: {found.first_difference}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("quantity", Values._fields)
def test_the_bound_is_narrow_beside_the_values(quantity: str, dtype: str):
    found = {q.name: q for q in against_autograd(random_problem(dtype=dtype)).quantities}[quantity]
    assert found.width < 2000 * np.finfo(dtype).eps


def test_the_bound_comes_from_the_inputs_and_not_from_the_values_under_test():
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    autograd = step_values(fwd, bwd)
    wrong = fwd._replace(z2=fwd.z2 * 1e6)
    right = compare_steps(problem, fwd, bwd, autograd).quantities[2]
    assert compare_steps(problem, wrong, bwd, autograd).quantities[2].allowed == pytest.approx(
        right.allowed, rel=1
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_unit_within_rounding_of_0_may_fall_on_either_side(dtype: str):
    problem = small(dtype)
    W1 = np.ones_like(problem.params.W1)
    X = np.array([[0.1, 0.2, 1.0]] * 6, dtype=dtype)
    b1 = -((X[0, 0] + X[0, 1]) + X[0, 2])  # 0, or a rounding error of either sign
    params = problem.params._replace(W1=W1, b1=np.full_like(problem.params.b1, b1))
    problem = replace(problem, X=X, params=params)
    assert error_bounds(problem).unsure.all()

    fwd, _ = manual_step(problem)
    tiny = np.finfo(dtype).eps / 8
    sides = []
    for z1 in (tiny, -tiny):
        fwd = fwd._replace(z1=np.full_like(fwd.z1, z1), a1=np.full_like(fwd.a1, max(z1, 0)))
        sides.append((fwd, backward(problem.params, problem.X, problem.reg, fwd)))
    found = compare_steps(problem, *sides[0], step_values(*sides[1]))
    assert found.agree
    assert found.kinks == fwd.z1.size


def test_a_mask_that_differs_away_from_0_is_a_difference():
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    lost = np.where(fwd.z1 > 0.5, bwd.da1, 0)
    found = compare_steps(problem, fwd, bwd._replace(dz1=lost), step_values(fwd, bwd))
    assert found.first_difference is not None
    assert found.first_difference.name == "dz1"


def test_an_exact_zero_is_not_unsure():
    problem = TWISTS["exact zeros in z1"](random_problem())
    zeros = manual_step(problem)[0].z1 == 0
    assert zeros.any()
    assert not error_bounds(problem).unsure[zeros].any()


def test_a_bound_that_is_infinite_accepts_nothing():
    huge = TWISTS["features around 1e3"](random_problem(dtype="float32"))
    huge = replace(huge, X=huge.X * np.float32(1e34))
    assert not against_autograd(huge).agree


def test_a_batch_too_long_for_any_bound_is_refused_and_not_accused():
    problem = random_problem(samples=3, dtype="float32", reg=0.0)
    with pytest.raises(ValueError, match=r"samples: expected at most 16777213 in float32"):
        error_bounds(problem, N=2**24)
    assert np.isfinite(error_bounds(problem, N=2**24 - 3).error.dW1).all()
