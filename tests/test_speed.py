"""compare/measure/: each contender in a new process, compared before it is shown. No time is
asserted here.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

from compare.__main__ import main
from compare.measure import contenders as contending
from compare.measure import timing
from compare.measure.contenders import MANUAL, Gradients, check_gradients, contender
from compare.measure.speed_report import plot, report_text, speed_text, start_text
from compare.measure.timing import Measured, Setting, Timing, measure, run_alone, timing_data
from compare.problems.seeded import random_problem

Capture = pytest.CaptureFixture[str]


def measured(seconds: float) -> Measured:
    return Measured((seconds * 50, seconds * 2, seconds), seconds, 0.2)


def timing_of(setting: Setting, *others: str) -> Timing:
    alone = setting.rows * 1e-7
    return Timing(
        setting, {MANUAL: measured(alone), **{name: measured(4 * alone) for name in others}}
    )


TIMINGS = [
    timing_of(Setting(dtype, rows, 10), "torch eager")
    for dtype in timing.DTYPES
    for rows in (200, 20_000)
]
SMALL = Setting("float64", 50, 10)


@pytest.mark.parametrize("name", [MANUAL, "torch eager"])
def test_a_contender_is_timed_in_a_process_of_its_own_from_its_first_call_on(name: str):
    result = run_alone(name, SMALL, "one", 0, 0.01)
    assert result is not None
    found, gradients = result
    assert len(found.first) == 3
    assert min(*found.first, found.median) > 0
    assert [g.shape for g in gradients] == [(4, 10), (1, 10), (10, 3), (1, 3)]


def test_the_manual_pass_faults_in_no_pages_after_its_first_calls():
    pytest.importorskip("resource")
    result = run_alone(MANUAL, Setting("float64", 20_000, 10), "all", 0, 0.1)
    assert result is not None
    assert result[0].faults is not None
    assert result[0].faults < 20


def test_a_contender_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "MAKERS", (MANUAL, "torch eager", "jax.jit"))

    def alone(name: str, setting: Setting, *rest: object) -> tuple[Measured, Gradients] | None:
        step = contender(MANUAL, random_problem(samples=setting.rows))
        return None if name == "jax.jit" else timing.time_steps(step, 0.01)

    monkeypatch.setattr(timing, "run_alone", alone)
    assert list(measure(SMALL).measured) == [MANUAL, "torch eager"]


def test_an_error_of_the_manual_pass_is_reported_and_never_skipped(
    monkeypatch: pytest.MonkeyPatch,
):
    def fails(command: list[str], **rest: object) -> object:
        return type("Done", (), {"returncode": timing.NOT_HERE, "stderr": "no such module"})

    monkeypatch.setattr(timing.subprocess, "run", fails)
    assert run_alone("jax.jit", SMALL, "all", 0, 0.01) is None
    with pytest.raises(ValueError, match="speed: manual failed: no such module"):
        run_alone(MANUAL, SMALL, "all", 0, 0.01)


def test_a_contender_with_another_gradient_is_refused():
    problem = random_problem()
    right = contender(MANUAL, problem)()()
    W1, b1, W2, b2 = right
    wrong = (W1, b1, W2 * np.float64(1 + 1e-9), b2)
    with pytest.raises(ValueError, match="torch eager: expected the manual dW2 within rounding"):
        check_gradients(problem, {MANUAL: right, "torch eager": wrong})


def test_the_table_has_time_per_step_per_row_and_the_ratio():
    rows = [line.split() for line in speed_text(TIMINGS).splitlines()]
    assert rows[1] == ["float32", "200", "×", "10", "20", "µs", "100", "ns", "4.0"]
    assert rows[4][-1] == "4.0"


def test_first_calls_and_page_faults_have_a_table():
    rows = [line.split() for line in start_text(TIMINGS).splitlines()]
    assert rows[1][4:] == ["1", "ms,", "0", "4", "ms,", "0"]


def test_a_contender_that_is_missing_in_some_settings_is_a_dash_there():
    some = [timing_of(SMALL), timing_of(SMALL, "torch eager")]
    assert speed_text(some).splitlines()[1].endswith("–")
    assert start_text(some).splitlines()[1].endswith("–")


def test_every_line_fits_80_columns():
    settings = timing.settings(timing.SIZES, quick=False)
    found = [timing_of(setting, *contending.MAKERS) for setting in settings]
    longest = max(report_text({"one": found}).splitlines(), key=len)
    assert len(longest) <= 80, longest


def test_the_plot_shows_a_letter_for_each_contender_at_each_size():
    lines = plot(TIMINGS, "float32").splitlines()
    assert lines[0] == "ns per row, float32 (m manual, e torch eager)"
    body = [line.split("│")[1] for line in lines if "│" in line]
    assert body[0].split() == ["e", "e"]
    assert body[-1].split() == ["m", "m"]
    assert lines[-1].split() == ["rows", "200", "20000"]


def test_data_has_every_first_call_and_the_ratios():
    data = json.loads(json.dumps(timing_data(TIMINGS[0])))
    assert len(data["measured"]["torch eager"]["first"]) == 3
    assert data["ratios"] == {"torch eager": pytest.approx(4)}


def test_settings_are_every_size_in_both_dtypes_and_a_wide_net():
    full = timing.settings(timing.SIZES, quick=False)
    assert len(full) == 12
    assert Setting("float32", 20_000, 1024) in full
    assert len(timing.settings((5,), quick=True)) == 2


def test_the_command_prints_tables_or_json(monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    monkeypatch.setattr(timing, "measure", lambda setting, *rest: timing_of(setting, "jax.jit"))
    assert main(["speed", "--quick"]) == 0
    text = capsys.readouterr().out
    assert "one thread: time relative to manual" in text
    assert "all threads" in text
    assert main(["speed", "--sizes", "7,70", "--threads", "one", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["rows"] for row in data["one"]] == [7, 70, 7, 70]
    assert data["one"][0]["ratios"]["jax.jit"] == pytest.approx(4)


def test_a_measuring_process_that_fails_is_quoted():
    with pytest.raises(ValueError, match="samples: expected a whole number >= 1, got 0"):
        run_alone(MANUAL, Setting("float64", 0, 10), "one", 0, 0.01)


@pytest.mark.parametrize("options", ["--sizes x", "--sizes 0", "--threads 3", "--seed -1"])
def test_unusable_options_exit_2(options: str, capsys: Capture):
    assert main(["speed", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux counts a process's memory")
def test_the_peak_memory_of_a_memory_mapped_step_is_said():
    done = subprocess.run(
        [sys.executable, "-m", "compare.measure.peak_memory", "300000", "float32"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("300000 rows, float32: X and y take 5 MiB on disk; at the peak ")
