"""compare/measure/: each contender in a new process, compared before it is shown. No time is
asserted here.
"""

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from compare.__main__ import main
from compare.measure import alone, timing
from compare.measure import contenders as contending
from compare.measure.alone import Alone, Turn
from compare.measure.contenders import MANUAL, check_gradients, contender
from compare.measure.speed_report import plot, report_text, speed_text, start_text
from compare.measure.threads import in_threads
from compare.measure.timing import Measured, Setting, Timing, measure, timing_data
from compare.problems.seeded import random_problem
from manual import loss_and_gradients

Capture = pytest.CaptureFixture[str]


def measured(seconds: float) -> Measured:
    return Measured((seconds * 50, seconds * 2, seconds), (seconds, 3 * seconds, seconds), 0.2)


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
    with Alone(name, "one", 0, *SMALL) as process:
        assert process.starts()
        assert len(process.first) == 3
        turns = [process.turn(0.01) for _ in range(2)]
        assert min(*process.first, *(turn.median for turn in turns)) > 0
        assert min(turn.steps for turn in turns) >= 1
        assert [g.shape for g in process.gradients()] == [(4, 10), (1, 10), (10, 3), (1, 3)]


def test_the_manual_pass_faults_in_no_pages_after_its_first_calls():
    pytest.importorskip("resource")
    with Alone(MANUAL, "all", 0, "float64", 20_000, 10) as process:
        assert process.starts()
        turn = process.turn(0.1)
        assert turn.faults is not None
        assert turn.faults / turn.steps < 20


def test_contenders_take_turns_and_one_that_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[str] = []

    class Here:
        first = (1.0, 1.0, 1.0)

        def __init__(self, name: str, *rest: object) -> None:
            self.name = name

        def __enter__(self) -> "Here":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def starts(self) -> bool:
            return self.name != "jax.jit"

        def turn(self, seconds: float) -> Turn:
            asked.append(self.name)
            slower = 2 if len(asked) > 6 else 1  # the whole machine is
            return Turn(slower * (1.0 if self.name == MANUAL else 3.0), 1, None)

        def gradients(self) -> object:
            return contender(MANUAL, random_problem(samples=SMALL.rows))()()

    monkeypatch.setattr(timing, "Alone", Here)
    monkeypatch.setattr(timing, "MAKERS", (MANUAL, "torch eager", "jax.jit"))
    found = measure(SMALL)
    assert list(found.measured) == [MANUAL, "torch eager"]
    assert asked == [MANUAL, "torch eager"] * timing.TURNS
    assert found.ratio("torch eager") == 3.0


class Gone:
    """A process that ended at once, as if its contender were not installed."""

    stdin, stdout = io.StringIO(), io.StringIO()

    def __init__(self, *_: object, **rest: object) -> None:
        rest["stderr"].write("no such module")  # type: ignore[attr-defined]

    def wait(self) -> int:
        return alone.NOT_HERE

    def kill(self) -> None:
        pass

    def communicate(self) -> None:
        pass


def test_an_error_of_the_manual_pass_is_reported_and_never_skipped(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(alone.subprocess, "Popen", Gone)
    with Alone("jax.jit", "all", 0, *SMALL) as process:
        assert not process.starts()
    with (
        Alone(MANUAL, "all", 0, *SMALL) as process,
        pytest.raises(ValueError, match="speed: manual failed: no such module"),
    ):
        process.starts()


def test_a_process_that_dies_between_two_turns_is_reported():
    with Alone(MANUAL, "one", 0, *SMALL) as process:
        assert process.starts()
        process._process.kill()
        process._process.wait()
        with pytest.raises(ValueError, match="speed: manual failed: its process died"):
            process.turn(0.01)


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


@pytest.mark.parametrize("rows", [5, 20_000])
def test_python_threads_over_the_blocks_give_the_same_bits(rows: int):
    problem = random_problem(samples=rows)
    with ThreadPoolExecutor(2) as pool:
        loss, gradients = in_threads(problem, pool, 2)
    alone = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    np.testing.assert_array_equal(loss, alone[0])
    for one, other in zip(gradients, alone[1], strict=True):
        np.testing.assert_array_equal(one, other)


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
    with (
        Alone(MANUAL, "one", 0, "float64", 0, 10) as process,
        pytest.raises(ValueError, match="samples: expected a whole number >= 1, got 0"),
    ):
        process.starts()


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
