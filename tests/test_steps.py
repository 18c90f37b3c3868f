"""compare/checker/lines.py: each line of the notes, by itself, on anybody's values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from compare.agreement.step import manual_step, step_values
from compare.bounds.quantities import QUANTITIES
from compare.checker.cases import make_case, walk
from compare.checker.lines import ALSO_RIGHT, RIGHT, STEPS, follow, inputs, run_line
from compare.checker.probes import EDGES, probes
from compare.problems.seeded import random_problem

PROBES = probes(0)


@pytest.mark.parametrize("name", PROBES)
def test_the_lines_give_what_manual_gives_within_rounding_on_every_probe(name: str):
    problem = PROBES[name]
    case = make_case(name, problem, {}, False)
    values = step_values(*manual_step(problem))
    for quantity in QUANTITIES:
        difference = abs(getattr(values, quantity) - case.right[quantity])
        assert (difference <= case.allowed[quantity]).all(), quantity


@pytest.mark.parametrize("quantity", ALSO_RIGHT)
def test_another_way_gives_the_same_numbers_on_ordinary_batches(quantity: str):
    for name, problem in PROBES.items():
        if name not in EDGES:
            right = follow(problem)
            other = run_line(ALSO_RIGHT[quantity], quantity, {**inputs(problem), **right})
            np.testing.assert_allclose(other, right[quantity], rtol=1e-6, atol=1e-12)


def test_there_are_lines_for_every_quantity():
    assert tuple(RIGHT) == STEPS
    assert RIGHT["dz2"] == "dz2 = (P - Y_ind) / N"


def test_a_learners_value_takes_the_place_of_the_computed_one_in_all_later_lines():
    problem = random_problem()
    right = follow(problem)
    wrong = 3 * right["dz2"]
    computed = walk(make_case("one", problem, {"dz2": wrong}, raised=False), {})
    assert computed is not None
    np.testing.assert_array_equal(computed["dz2"], right["dz2"])
    np.testing.assert_array_equal(computed["db2"], wrong.sum(axis=0, keepdims=True))
    np.testing.assert_array_equal(computed["P"], right["P"])


def test_a_line_tried_before_leaves_nothing_behind():
    case = make_case("one", random_problem(), {}, raised=False)
    wrong = {"z1": "z1 = X @ W1"}
    for _ in range(2):
        assert_same(walk(case, wrong), follow(case.problem, wrong))
        assert_same(walk(case, {}), case.right)


def assert_same(values: Mapping[str, Any] | None, expected: Mapping[str, Any]) -> None:
    assert values is not None
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name])


def test_a_replaced_line_is_run_instead():
    problem = random_problem()
    computed = follow(problem, replaced={"dz2": "dz2 = P - Y_ind"})
    np.testing.assert_array_equal(computed["dz2"] / 200, follow(problem)["dz2"])
