"""compare/catalogue.py: every entry is complete, runs, and changes the right line."""

import numpy as np
import pytest

from compare.bounds.rounding import error_bounds
from compare.checker.catalogue import CATALOGUE, UNKNOWN, Mistake
from compare.checker.diagnosis import FAR, SLACK
from compare.checker.lines import RIGHT, STEPS, follow, followed_values
from compare.checker.probes import probes


def test_ids_are_unique():
    assert len({mistake.id for mistake in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_an_entry_says_what_people_see(mistake: Mistake):
    assert mistake.title
    assert mistake.called
    assert mistake.shown_by
    assert set(mistake.places) <= set(STEPS)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_every_edit_fits_the_line_of_the_notes_and_changes_it(mistake: Mistake):
    for quantity, edits in mistake.places.items():
        texts = mistake.wrong_lines(quantity)
        assert len(texts) == len(edits), f"an edit of {quantity} does not fit {RIGHT[quantity]!r}"
        assert RIGHT[quantity] not in texts


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_every_wrong_line_gives_other_numbers_on_some_probe_or_raises(mistake: Mistake):
    for quantity in mistake.places:
        for text in mistake.wrong_lines(quantity):
            line = text.replace(UNKNOWN, "0.1")
            assert any(shows(problem, quantity, line) for problem in probes().values()), text


def shows(problem, quantity: str, line: str) -> bool:
    right = follow(problem)[quantity]
    try:
        wrong = follow(problem, replaced={quantity: line})[quantity]
    except ValueError:  # operands that cannot be broadcast together
        return True
    return np.shape(wrong) != np.shape(right) or not np.array_equal(wrong, right)


def test_no_probe_has_a_z1_that_rounding_could_move_across_0():
    assert not any(error_bounds(problem).unsure.any() for problem in probes().values())


def test_the_probes_differ_in_what_they_show():
    found = probes()
    assert (follow(found["z1 exactly 0"])["z1"] == 0).any()
    assert abs(follow(found["scores around 1000"])["z2"]).max() > 1000
    assert found["one sample"].sizes[0] == 1
    assert (
        found["as many samples as classes"].sizes[0] == found["as many samples as classes"].sizes[3]
    )
    counts = np.bincount(found["uneven classes"].y, minlength=4)
    assert sorted(counts)[:2] == [0, 1]
    regs = [problem.reg for problem in found.values()]
    assert min(regs) == 1e-3
    assert max(regs) == 0.9
    assert all((problem.params.b1 != 0).any() for problem in found.values())


def test_no_bound_on_a_probe_is_so_wide_that_a_far_value_could_be_right():
    for problem in probes().values():
        for bound, value in zip(
            error_bounds(problem).error, followed_values(follow(problem)), strict=True
        ):
            assert 2 * SLACK * bound.max() < FAR * abs(value).max()


def test_an_edit_that_does_not_fit_its_line_raises_when_the_entry_is_made():
    with pytest.raises(ValueError, match="no-such: expected 'Q - Y' in dz2, got 'dz2 = "):
        Mistake("no-such", "…", "…", "…", {"dz2": (("Q - Y", "Y - Q"),)})
