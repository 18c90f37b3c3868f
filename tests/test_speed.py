"""compare/measure/: contenders are compared before they are timed. No time is asserted here."""

import json

import numpy as np
import pytest

from compare.__main__ import main
from compare.measure import contenders as contending
from compare.measure import timing
from compare.measure.contenders import contenders
from compare.measure.speed_report import plot, speed_text
from compare.measure.timing import Setting, Timing, from_data, measure, timing_data
from compare.problems.seeded import random_problem

Capture = pytest.CaptureFixture[str]
TIMINGS = [
    Timing(Setting(dtype, rows, 10), {"manual": rows * 1e-7, "torch eager": rows * 4e-7})
    for dtype in timing.DTYPES
    for rows in (200, 20_000)
]


@pytest.fixture
def no_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without those that take long to start."""

    def unavailable(problem: object) -> None:
        raise ImportError

    for name in ("torch.compile", "jax.jit"):
        monkeypatch.setitem(contending.MAKERS, name, unavailable)


@pytest.mark.parametrize("dtype", timing.DTYPES)
def test_every_contender_is_timed_in_turns(dtype: str, no_compilers: None):
    found = measure(Setting(dtype, 50, 10), seconds=0.01)
    assert set(found.seconds) == {"manual", "torch eager"}
    assert all(seconds > 0 for seconds in found.seconds.values())


def test_the_manual_pass_is_never_left_out(monkeypatch: pytest.MonkeyPatch):
    def broken(problem: object) -> None:
        raise RuntimeError("no manual pass")

    monkeypatch.setitem(contending.MAKERS, "manual", broken)
    with pytest.raises(RuntimeError, match="no manual pass"):
        list(contenders(random_problem()))


def test_a_contender_with_another_gradient_is_not_timed(
    no_compilers: None, monkeypatch: pytest.MonkeyPatch
):
    right = dict(contenders(random_problem()))["torch eager"]

    def wrong(problem: object) -> contending.Contender:
        def step():
            W1, b1, W2, b2 = right()()
            return lambda: (W1, b1, W2 * np.float64(1 + 1e-9), b2)

        return step

    monkeypatch.setitem(contending.MAKERS, "torch eager", wrong)
    with pytest.raises(ValueError, match="torch eager: expected the manual dW2 within rounding"):
        measure(Setting("float64", 200, 10), seconds=0.01)


def test_the_table_has_time_per_step_per_row_and_the_ratio():
    rows = [line.split() for line in speed_text(TIMINGS).splitlines()]
    assert rows[1] == ["float32", "200", "10", "20", "µs", "100", "ns", "4.0"]
    assert rows[4][-1] == "4.0"


def test_the_plot_shows_a_letter_for_each_contender_at_each_size():
    lines = plot(TIMINGS, "float32").splitlines()
    assert lines[0] == "ns per row, float32 (m manual, e torch eager)"
    body = [line.split("│")[1] for line in lines if "│" in line]
    assert body[0].split() == ["e", "e"]
    assert body[-1].split() == ["m", "m"]
    assert lines[-1].split() == ["rows", "200", "20000"]


def test_data_goes_there_and_back():
    assert from_data(json.loads(json.dumps(timing_data(TIMINGS[0])))) == TIMINGS[0]


def test_settings_are_every_size_in_both_dtypes_and_a_wide_net():
    full = timing.settings(timing.SIZES, quick=False)
    assert len(full) == 12
    assert Setting("float32", 20_000, 1024) in full
    assert len(timing.settings((5,), quick=True)) == 2


def test_the_command_prints_tables_or_json(monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    def alone(setting: Setting, threads: str, seed: int, seconds: float) -> Timing:
        return Timing(setting, {"manual": 1e-4, "torch eager": 3e-4})

    monkeypatch.setattr(timing, "run_alone", alone)
    assert main(["speed", "--quick"]) == 0
    text = capsys.readouterr().out
    assert "one thread" in text
    assert "all threads" in text
    assert main(["speed", "--sizes", "7,70", "--threads", "one", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["rows"] for row in data["one"]] == [7, 70, 7, 70]
    assert data["one"][0]["ratios"]["torch eager"] == pytest.approx(3)


def test_a_measuring_process_that_fails_is_quoted():
    with pytest.raises(ValueError, match="samples: expected a whole number >= 1, got 0"):
        timing.run_alone(Setting("float64", 0, 10), "one", 0, 0.01)


@pytest.mark.parametrize("options", ["--sizes x", "--sizes 0", "--threads 3", "--seed -1"])
def test_unusable_options_exit_2(options: str, capsys: Capture):
    assert main(["speed", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
