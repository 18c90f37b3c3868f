"""compare/steps.py: each line of the manual pass, by itself, on anybody's values."""

import numpy as np
import pytest

from compare.agreement.step import manual_step, step_values
from compare.checker.lines import RIGHT, STEPS, follow, followed_values, lines
from compare.problems.seeded import random_problem


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_followed_from_the_start_the_lines_give_the_manual_step_to_the_bit(dtype: str):
    problem = random_problem(dtype=dtype)
    expected = step_values(*manual_step(problem))
    np.testing.assert_equal(followed_values(follow(problem)), expected)


def test_there_are_lines_for_every_quantity():
    assert tuple(RIGHT) == STEPS
    assert RIGHT["dz2"] == "dz2 = (P - Y_ind) / N"
    assert RIGHT["P"].splitlines()[-1] == "P /= S"


def test_a_given_value_takes_the_place_of_the_computed_one_in_all_later_lines():
    problem = random_problem()
    right = follow(problem)
    wrong = 3 * right["dz2"]
    computed = follow(problem, given={"dz2": wrong})
    np.testing.assert_array_equal(computed["dz2"], right["dz2"])
    np.testing.assert_array_equal(computed["db2"], wrong.sum(axis=0, keepdims=True))
    np.testing.assert_array_equal(computed["P"], right["P"])


def test_a_replaced_line_is_run_instead():
    problem = random_problem()
    computed = follow(problem, replaced={"dz2": "dz2 = P\ndz2 -= Y_ind"})
    np.testing.assert_array_equal(computed["dz2"] / 200, follow(problem)["dz2"])


def test_what_is_given_is_not_written_to():
    problem = random_problem()
    P = follow(problem)["P"]
    before = P.copy()
    follow(problem, given={"P": P}, replaced={"dz2": "dz2 = P\ndz2 -= Y_ind"})
    np.testing.assert_array_equal(P, before)


def test_lines_keep_their_text_and_skip_what_assigns_no_name():
    source = "x, y = 1, 2\nz = [x,  y]\nz[0] = 3\nz += [4]\n"
    assert [line.text for line in lines(source)] == ["z = [x,  y]", "z += [4]"]
