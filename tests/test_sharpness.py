"""compare/measure/sharpness.py: the figures are measured, and the rules are the real ones."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import torch

from compare.__main__ import main
from compare.agreement.step import manual_step
from compare.measure import sharpness
from compare.measure.sharpness import (
    Sharpness,
    mean_off_by,
    measure,
    reg_off_by,
    tolerances,
    work,
)
from compare.measure.sharpness_report import sharpness_text
from compare.problems.seeded import random_problem
from manual import Params
from tests.conftest import plant


@pytest.fixture(scope="module")
def found() -> list[Sharpness]:
    with np.errstate(all="ignore"):
        return measure(0, 4)


def of(found: list[Sharpness], rule: str, dtype: str = "float64", rows: int = 200) -> Sharpness:
    return next(s for s in found if (s.rule, s.dtype, s.rows) == (rule, dtype, rows))


def test_the_bound_flags_less_than_5e_13_at_200_rows_and_1e_13_at_8(found: list[Sharpness]):
    for rows, limit in ((200, 5e-13), (8, 1e-13)):
        smallest = of(found, "bound", rows=rows).smallest
        assert all(0 < smallest[name] < limit for name in ("dW1", "db1", "dW2", "db2"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_exact_batch_flags_the_last_bit(found: list[Sharpness], dtype: str):
    smallest = of(found, "exact batch", dtype).smallest
    assert max(smallest.values()) <= np.finfo(dtype).eps


@pytest.mark.parametrize("rule", ["bound", "exact batch"])
def test_our_own_rules_accuse_no_right_answer(found: list[Sharpness], rule: str):
    assert [s.false_alarms for s in found if s.rule == rule] == [0, 0, 0]


def test_an_accused_right_answer_is_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharpness, "compare_exactly", lambda batch: type("No", (), {"agree": 0}))
    assert "exact batch" in list(sharpness._false_alarms(0, "float64"))


def test_the_tolerances_are_those_of_the_libraries():
    accepts = tolerances()
    one = np.ones((1, 1))
    for rule, error in (
        ("np.allclose", 1e-5),
        ("np assert_allclose", 1e-7),
        ("torch assert_close", 2e-7),
        ("gradcheck's", 1e-3),
    ):
        assert accepts[rule]("dW1", one * (1 + 0.9 * error), one), rule
        assert not accepts[rule]("dW1", one * (1 + 1.1 * error), one), rule
    with pytest.raises(AssertionError):
        torch.testing.assert_close(torch.tensor([1 + 3e-7]).double(), torch.ones(1).double())


def test_the_figure_for_1_over_N_does_not_depend_on_how_dz2_is_spelled(
    monkeypatch: pytest.MonkeyPatch,
):
    problem = random_problem()
    wrong = mean_off_by(problem, 1e-6)
    other = plant("(P - Y_ind) / N", "P / N - Y_ind / N")
    monkeypatch.setattr(sharpness, "backward", other.backward)
    for one, again in zip(wrong, mean_off_by(problem, 1e-6), strict=True):
        np.testing.assert_allclose(one, again, rtol=1e-12)


@pytest.mark.parametrize("off", [reg_off_by, mean_off_by])
def test_an_error_of_0_is_the_right_answer(off: Callable[..., Params]):
    problem = random_problem()
    np.testing.assert_equal(off(problem, 0), manual_step(problem)[1].gradients)


@pytest.mark.slow
def test_two_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharpness, "_smallest", lambda case: {})
    assert measure(3, 4, processes=2) == measure(3, 4)


def test_the_tables_have_a_line_for_every_rule_and_fit_80_columns(found: list[Sharpness]):
    text = sharpness_text(found)
    for rule in ("bound", "exact batch", *tolerances()):
        assert text.count(rule) >= 3
    assert "false alarms of 4" in text
    assert max(map(len, text.splitlines())) <= 80


def test_progress_is_told_of_all_the_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharpness, "_smallest", lambda case: {})
    seen: list[int] = []
    with np.errstate(all="ignore"):
        measure(0, 1, seen.append)
    assert seen == list(range(1, work(1) + 1))


def test_the_command_prints_json_and_exits_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sharpness, "_smallest", lambda case: {"reg": np.inf})
    assert main(["sharpness", "--problems", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["problems"] == 2
    assert {rule["rule"] for rule in data["rules"]} == {"bound", "exact batch", *tolerances()}


@pytest.mark.parametrize("options", ["--problems 0", "--seed -1", "--problems x", "--samples 3"])
def test_unusable_options_exit_2(options: str, capsys: pytest.CaptureFixture[str]):
    assert main(["sharpness", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
