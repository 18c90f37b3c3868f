"""compare/report.py: what people and programs are shown."""

import json
from dataclasses import replace

import numpy as np
import pytest

from compare.agreement.comparison import Comparison, against_autograd
from compare.agreement.descent import Descent, descend
from compare.agreement.exactly import compare_exactly
from compare.agreement.report import Run, run_data, run_text
from compare.agreement.step import manual_step, step_values
from compare.agreement.words import difference_text
from compare.bounds.exact import exact_batch
from compare.problems.seeded import random_problem
from compare.text import number, percent, table
from tests.conftest import compare_steps


def spoilt(**values: object) -> Comparison:
    """The ordinary comparison with some of the manual backward's values replaced."""
    problem = random_problem()
    fwd, bwd = manual_step(problem)
    return compare_steps(problem, fwd, bwd._replace(**values), step_values(fwd, bwd))


def run_of(comparison: Comparison, descent: Descent | None = None) -> Run:
    exact = compare_exactly(exact_batch())
    return Run(random_problem(), "cpu", comparison, {"another": comparison}, exact, descent)


def text_of(comparison: Comparison, descent: Descent | None = None) -> str:
    return run_text(run_of(comparison, descent))


def last_line(comparison: Comparison) -> str:
    return text_of(comparison).splitlines()[-1]


def test_table_aligns_names_to_the_left_and_numbers_to_the_right():
    assert table(("name", "n"), [("a", "1"), ("bc", "100")]) == "name    n\na       1\nbc    100"


def test_there_is_a_row_for_each_quantity_in_the_order_of_the_computation():
    text = text_of(against_autograd(random_problem()))
    _, *rows, returned = text.split("\n\n")[1].splitlines()
    names = ["z1", "a1", "z2", "P", "loss", "dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1"]
    assert [row.split()[0] for row in rows] == names
    assert returned == "manual.loss_and_gradients returns this loss and these gradients."
    assert all(row.endswith("ok") for row in rows)


def test_the_verdict_comes_last():
    assert last_line(against_autograd(random_problem())).startswith(
        "AGREE: the loss, the four gradients"
    )


def test_the_verdict_names_the_first_difference_with_index_and_both_values():
    bwd = manual_step(random_problem())[1]
    dW2 = bwd.dW2.copy()
    dW2[3, 1] = 0.25
    line = last_line(spoilt(dW2=dW2, db1=bwd.db1 * 2))
    assert line.startswith("DIFFER: dW2 is the first. dW2[3, 1] is 0.25 by hand and ")
    assert f"{bwd.dW2[3, 1]:.17g} by autograd" in line


def test_infinity_on_both_sides_is_no_agreement_and_no_distance():
    z1 = replace(against_autograd(random_problem()).quantities[0], ok=False, max_abs_diff=np.nan)
    assert difference_text(replace(z1, at=(0, 1), manual=np.inf, autograd=np.inf)) == (
        "z1 is the first. z1[0, 1] is inf by hand and inf by autograd: only finite numbers can "
        "agree."
    )


def test_a_shape_that_differs_is_shown_instead_of_numbers():
    bwd = manual_step(random_problem())[1]
    line = last_line(spoilt(db2=bwd.db2.T))
    assert line == "DIFFER: db2 is the first: shape (3, 1) by hand, (1, 3) by autograd."


def test_an_allowance_as_wide_as_the_values_is_pointed_out():
    wide = against_autograd(random_problem())
    quantities = tuple(replace(q, allowed=q.scale / 2) for q in wide.quantities)
    text = text_of(replace(wide, quantities=quantities))
    assert "agreement there says little" in " ".join(text.split())
    assert "agreement there says little" not in text_of(wide)


def test_a_step_that_differs_is_named_in_the_verdict():
    descent = descend(random_problem(), 3, 0.1)
    verdicts = [replace(v, agree=v.step != 2) for v in descent.verdicts]
    descent = replace(descent, verdicts=tuple(verdicts))
    text = text_of(against_autograd(random_problem()), descent)
    assert text.splitlines()[-1].startswith("DIFFER at step 2: ")
    assert "agreeing  2 of 3 steps" in text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_json_has_null_for_what_it_has_no_number_for(value: float):
    assert number(value) is None
    dW1 = manual_step(random_problem())[1].dW1.copy()
    dW1[0, 0] = value
    data = run_data(run_of(spoilt(dW1=dW1)))
    text = json.dumps(data, allow_nan=False)
    row = json.loads(text)["quantities"][10]
    assert (row["name"], row["ok"], row["manual"], row["at"]) == ("dW1", False, None, [0, 0])


@pytest.mark.parametrize(("share", "shown"), [(0.0, "0.0%"), (0.123, "12.3%"), (5e9, "5e+09×")])
def test_shares_stay_short(share: float, shown: str):
    assert percent(share) == shown
