"""compare/agreement/: right answers agree, and whatever is planted is caught."""

from collections.abc import Callable

import numpy as np
import pytest

from compare.agreement.comparison import against_autograd
from compare.agreement.quantity import compare_quantity
from compare.agreement.step import ManualPassError, manual_step, step_values
from compare.bounds.quantities import GRADIENTS, QUANTITIES
from compare.problems.csv_file import read_problem
from compare.problems.hard import TWISTS
from compare.problems.seeded import random_problem
from manual import batches
from tests.conftest import compare_steps, plant, planted_step
from tests.test_problem import IRIS

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(5))
def test_loss_and_gradients_agree_with_autograd_on_the_200_by_4_batch(seed: int, dtype: str):
    found = against_autograd(random_problem(seed, dtype=dtype))
    assert {q.name: q.ok for q in found.quantities} == dict.fromkeys(QUANTITIES, True)


SIZES = {
    "one sample": {"samples": 1},
    "one feature": {"features": 1},
    "one hidden unit": {"hidden": 1},
    "two classes": {"classes": 2},
    "all sizes equal": {"samples": 5, "features": 5, "hidden": 5, "classes": 5},
    "wide": {"hidden": 300},
    "more classes than samples": {"samples": 4, "classes": 30},
    "long": {"samples": 20_000},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reg", [0.0, 1e-3, 1.0])
def test_all_agree_at_every_size_and_reg(size: str, reg: float, dtype: str):
    assert against_autograd(random_problem(1, **SIZES[size], reg=reg, dtype=dtype)).agree


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("twist", TWISTS)
def test_all_agree_on_extreme_but_legal_input(twist: str, dtype: str):
    assert against_autograd(TWISTS[twist](random_problem(dtype=dtype))).agree


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_agree_on_iris(dtype: str):
    assert against_autograd(read_problem(IRIS, dtype=dtype)).agree


# The line of manual/network.py, what stands there instead, the first quantity that shows it.
MISTAKES = {
    "1/N lost": ("dz2 = (P - Y_ind) / N", "dz2 = P - Y_ind", "dz2"),
    "sign swapped": ("(P - Y_ind) / N", "(Y_ind - P) / N", "dz2"),
    "1/N twice": ("(P - Y_ind) / N", "(P - Y_ind) / N / N", "dz2"),
    "mean over N·C": ("(P - Y_ind) / N", "(P - Y_ind) / P.size", "dz2"),
    "mask lost": ("da1 * (a1 > 0)", "da1", "dz1"),
    "mask inverted": ("da1 * (a1 > 0)", "da1 * (a1 <= 0)", "dz1"),
    "reg lost in W2": ("a1.T @ dz2 + reg * W2", "a1.T @ dz2", "dW2"),
    "reg lost in W1": ("X.T @ dz1 + reg * W1", "X.T @ dz1", "dW1"),
    "reg doubled": ("dz2 + reg * W2", "dz2 + 2 * reg * W2", "dW2"),
    "bias regularised": (
        "db2 = dz2.sum(axis=0, keepdims=True)",
        "db2 = dz2.sum(axis=0, keepdims=True) + reg * params.b2",
        "db2",
    ),
    "1/N lost in dW2": ("a1.T @ dz2 +", "N * a1.T @ dz2 +", "dW2"),
    "mean for sum in db1": ("db1 = dz1.sum", "db1 = dz1.mean", "db1"),
    "db1 from da1": ("db1 = dz1.sum", "db1 = da1.sum", "db1"),
    "z1 for a1": ("dW2 = a1.T", "dW2 = fwd.z1.T", "dW2"),
    "dW2 transposed": (
        "Backward(dz2, dW2,",
        "Backward(dz2, dW2.T,",
        "dW2",
    ),
    "b1 forgotten": ('order="F") + b1', 'order="F")', "z1"),
    "no ReLU": ("np.maximum(z1, 0)", "z1.copy()", "a1"),
    "softmax over the batch": ("P.sum(axis=1, keepdims=True)", "P.sum(axis=0, keepdims=True)", "P"),
    "loss without its half": ("0.5 * reg", "reg", "loss"),
    "log of P + 1e-9": ("log_P = s - np.log(S)", "log_P = np.log(P + 1e-9)", "loss"),
    "P raised to 1 + 1e-9": ("P /= S", "P = (P / S) ** (1 + 1e-9)", "P"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught_and_placed(mistake: str):
    right, wrong, first = MISTAKES[mistake]
    problem = random_problem()
    found = compare_steps(
        problem, *planted_step(problem, right, wrong), step_values(*manual_step(problem))
    )
    assert found.first_difference is not None
    assert found.first_difference.name == first


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["manual", "autograd", "both"])
def test_nan_and_infinity_are_never_agreement(name: str, value: float, side: str):
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    bad = getattr(bwd, name).copy()
    bad[0, 1] = value
    spoilt = bwd._replace(**{name: bad})
    by_hand = bwd if side == "autograd" else spoilt
    by_autograd = step_values(fwd, bwd if side == "manual" else spoilt)
    found = compare_steps(problem, fwd, by_hand, by_autograd).first_difference
    assert found is not None
    assert (found.name, found.at) == (name, (0, 1))


@pytest.mark.parametrize("reshape", [np.transpose, np.ravel, lambda a: a[:-1]])
def test_a_wrong_shape_is_a_difference_and_not_a_broadcast(reshape: Callable[..., np.ndarray]):
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    wrong = bwd._replace(dW2=reshape(bwd.dW2))
    found = compare_steps(problem, fwd, wrong, step_values(fwd, bwd)).first_difference
    assert found is not None
    assert found.name == "dW2"
    assert str(wrong.dW2.shape) in found.mismatch


def test_a_bias_gradient_that_lost_its_row_is_a_difference():
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    found = compare_steps(problem, fwd, bwd._replace(db1=bwd.db1[0]), step_values(fwd, bwd))
    assert found.first_difference is not None
    assert found.first_difference.mismatch == "shape (10,) by hand, (1, 10) by autograd"


def test_another_dtype_is_a_difference():
    problem = random_problem(dtype="float32")
    fwd, bwd = manual_step(problem)
    wide = bwd._replace(dW1=bwd.dW1.astype(np.float64))
    found = compare_steps(problem, fwd, wide, step_values(fwd, bwd)).first_difference
    assert found is not None
    assert found.mismatch == "float64 by hand, float32 by autograd"


def test_a_relative_error_of_1e_12_in_one_element_of_dW2_is_caught():
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    at = np.unravel_index(np.argmax(abs(bwd.dW2)), bwd.dW2.shape)
    wrong = bwd.dW2.copy()
    wrong[at] *= 1 + 1e-12
    found = compare_steps(problem, fwd, bwd._replace(dW2=wrong), step_values(fwd, bwd))
    assert found.first_difference is not None
    assert (found.first_difference.name, found.first_difference.at) == ("dW2", at)


def test_the_element_shown_is_one_that_fails_even_if_another_differs_more():
    error = np.array([[1.0, 0.001]])
    q = compare_quantity("dW1", np.array([[0.5, 0.1]]), np.array([[0.0, 0.0]]), error)
    assert (q.ok, q.at, q.max_abs_diff) == (False, (0, 1), 0.1)
    q = compare_quantity("dW1", np.array([[0.5, 0.001]]), np.array([[0.0, 0.0]]), error)
    assert (q.ok, q.at, q.used) == (True, (0, 0), 0.25)


def test_a_line_that_raises_is_named(monkeypatch: pytest.MonkeyPatch):
    module = plant("dW2 = a1.T @ dz2", "dW2 = a1 @ dz2")
    monkeypatch.setattr(batches, "backward", module.backward)
    with pytest.raises(ManualPassError, match=r"planted, line \d+: .*\n?raised ValueError: matmul"):
        against_autograd(random_problem())
