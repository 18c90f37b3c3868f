"""compare/checker/catalogue and probes.py: every entry is complete, some batch shows it, and what
people really write is called by its name.
"""

from typing import Any

import numpy as np
import pytest

import compare
from compare.bounds.rounding import error_bounds
from compare.checker.cases import SLACK
from compare.checker.catalogue import CATALOGUE, RATE, Mistake
from compare.checker.lines import RIGHT as LINES
from compare.checker.lines import STEPS, follow, inputs, run_line
from compare.checker.probes import EDGES, TRACED, probes
from compare.checker.trees import normal, replaced
from tests.learners_files.styles import STYLES

PROBES = probes(0)
RIGHT = {name: follow(problem) for name, problem in PROBES.items()}


def test_ids_are_unique():
    assert len({mistake.id for mistake in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_an_entry_says_what_people_see(mistake: Mistake):
    assert mistake.title
    assert mistake.called
    assert mistake.shown_by
    assert set(mistake.places) <= set(STEPS)
    assert set(mistake.edge_in) <= set(mistake.places)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_every_edit_stands_in_its_right_line(mistake: Mistake):
    edits = [(q, old, new) for q, edits in mistake.places.items() for old, new in edits]
    unfit = [(q, old) for q, old, new in edits if replaced(LINES[q], old, new) is None]
    assert unfit == []


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_every_wrong_line_gives_other_numbers_on_some_probe_or_raises(mistake: Mistake):
    for quantity in mistake.places:
        for text in mistake.wrong_lines(quantity):
            line = text.replace(RATE, "0.1")
            assert any(shows(name, quantity, line) for name in PROBES), text


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", STYLES)
def test_a_mistake_has_its_name_in_whatever_style_it_is_made(case: str):
    text, edits, expected = STYLES[case]
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    report = compare.check(namespace["backward"], seed=3, search=1.0)
    assert ", ".join(f"{f.quantity} {f.id}" for f in report.mistakes) == expected


def shows(name: str, quantity: str, line: str) -> bool:
    right = RIGHT[name][quantity]
    try:
        wrong = run_line(line, quantity, {**inputs(PROBES[name]), **RIGHT[name]})
    except ValueError:  # operands that cannot be broadcast together
        return True
    return np.shape(wrong) != np.shape(right) or not np.array_equal(wrong, right)


def test_an_edit_keeps_the_brackets_that_the_tree_needs():
    line = "dW2 = a1.T @ dz2 + reg * W2"
    assert replaced(line, "a1.T @ dz2", "a1.T + z1.T") == "dW2 = a1.T + z1.T + reg * W2"
    assert replaced(line, "dz2", "P - Y_ind") == "dW2 = a1.T @ (P - Y_ind) + reg * W2"
    assert replaced(line, "dz", "P") is None
    assert normal("dz2=(P-Y_ind)/N") == "dz2 = (P - Y_ind) / N"


@pytest.mark.parametrize("seed", range(5))
def test_no_probe_has_a_z1_that_rounding_could_move_across_0(seed: int):
    assert not any(error_bounds(problem).unsure.any() for problem in probes(seed).values())


def test_probes_are_drawn_anew_for_each_seed_and_the_same_for_one():
    one, again, other = probes(3), probes(3), probes(4)
    for name in one:
        assert np.array_equal(one[name].X, again[name].X)
        assert not np.array_equal(one[name].params.W1, other[name].params.W1)


@pytest.mark.parametrize("seed", range(5))
def test_the_probes_differ_in_what_they_show(seed: int):
    found = probes(seed)
    values = {name: follow(problem) for name, problem in found.items()}
    assert (values["z1 exactly 0"]["z1"] == 0).any()
    assert abs(values["scores around 1000"]["z2"]).max() > 1000
    assert values["z1 up to 10000"]["z1"].max() > 1e3
    assert 0 < values["a1 below 0.01"]["a1"][values["a1 below 0.01"]["a1"] > 0].min() < 1e-5
    assert max(abs(v["dW2"]).max() for v in values.values()) > 1000
    sizes = {name: problem.sizes for name, problem in found.items()}
    assert sizes["one sample"][0] == 1
    assert sizes["some 1500 samples"][0] > 1024
    assert sizes["two classes, reg = 0"][3] == 2
    assert min(sizes["many classes and units"]) > 10
    assert len(set(sizes[TRACED])) == 4
    assert {problem.reg > 0.7 for problem in found.values()} == {True, False}
    assert found["two classes, reg = 0"].reg == 0
    assert found["float32"].dtype == "float32"
    assert all((problem.params.b1 != 0).any() for problem in found.values())


def test_no_bound_on_an_ordinary_probe_is_so_wide_that_a_far_value_could_be_right():
    for name, problem in PROBES.items():
        if name in EDGES:
            continue
        for quantity, bound in error_bounds(problem).error._asdict().items():
            assert 2 * SLACK * bound.max() < 0.01 * abs(RIGHT[name][quantity]).max(), name
