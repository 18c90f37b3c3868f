"""compare/descent.py: both sides are compared at every step, and the drift is only reported."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from compare.agreement.descent import Descent, descend
from compare.problems.csv_file import read_problem
from compare.problems.seeded import random_problem
from manual import batches
from tests.conftest import plant
from tests.test_problem import IRIS


@cache
def descended(dtype: str) -> Descent:
    return descend(random_problem(dtype=dtype), 40, 0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_step_agrees_and_the_loss_falls(dtype: str):
    found = descended(dtype)
    assert [v.step for v in found.verdicts] == list(range(1, 41))
    assert found.first_difference is None
    assert found.end_loss < found.verdicts[0].loss / 2
    assert found.end_accuracy > 0.8
    assert found.tightest.tightest.used == max(v.tightest.used for v in found.verdicts)


def test_iris_is_learnt():
    found = descend(read_problem(IRIS), 200, 0.2)
    assert found.first_difference is None
    assert found.end_accuracy > 0.95


def test_the_free_model_starts_where_the_manual_one_does_and_drifts_by_rounding_alone():
    found = descended("float64")
    assert found.verdicts[0].drift == 0
    assert 0 < found.end_drift < 1e-13


def test_the_free_model_is_another_model(monkeypatch: pytest.MonkeyPatch):
    """A wrong manual gradient moves the manual weights and not the free ones."""
    wrong = plant("(P - Y_ind) / N", "(P - Y_ind) / N * 1.5")
    monkeypatch.setattr(batches, "backward", wrong.backward)
    found = descend(random_problem(), 3, 0.5)
    assert found.first_difference is not None
    assert found.first_difference.step == 1
    assert found.first_difference.tightest.name == "dz2"
    assert found.end_drift > 0.01


def test_a_difference_that_starts_later_is_found_at_its_step(monkeypatch: pytest.MonkeyPatch):
    calls, right = [], batches.backward

    def wrong_from_the_third(*arguments):
        calls.append(1)
        bwd = right(*arguments)
        return bwd._replace(db1=bwd.db1 * (1 + 1e-6)) if len(calls) >= 5 else bwd

    monkeypatch.setattr(batches, "backward", wrong_from_the_third)
    found = descend(random_problem(), 5, 0.5)
    assert found.first_difference is not None
    assert found.first_difference.step == 3
    assert found.first_difference.tightest.name == "db1"
    assert [v.agree for v in found.verdicts] == [True, True, False, False, False]


def test_the_problem_is_left_as_it_was():
    problem = random_problem()
    before = [W.copy() for W in problem.params]
    descend(problem, 2, 0.5)
    np.testing.assert_equal(list(problem.params), before)


def test_progress_is_told_of_every_step():
    seen: list[int] = []
    descend(random_problem(samples=5), 3, 0.5, progress=seen.append)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_a_learning_rate_that_is_no_positive_number_is_refused(rate: float):
    with pytest.raises(ValueError, match="learning-rate: expected a number > 0"):
        descend(random_problem(), 2, rate)


def test_a_learning_rate_that_blows_up_is_refused_at_the_step_where_it_does():
    with pytest.raises(ValueError, match=r"learning-rate: .* overflow at step \d"):
        descend(replace(random_problem(dtype="float32"), reg=100.0), 20, 1e30)


@pytest.mark.parametrize("steps", [0, -3])
def test_a_number_of_steps_below_1_is_refused(steps: int):
    with pytest.raises(ValueError, match="steps: expected a whole number >= 1"):
        descend(random_problem(), steps, 0.5)
