"""How long a step takes, from the arrays to the loss and the four gradients: the manual pass and
others of its kind, each in a process of its own, which did nothing else before.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from compare.measure.contenders import (
    MAKERS,
    MANUAL,
    Contender,
    Gradients,
    UnavailableError,
    check_gradients,
    contender,
)
from compare.problems.seeded import random_problem

SIZES = (200, 2_000, 20_000, 200_000, 1_000_000)
QUICK_SIZES = (200, 20_000)
WIDE = (20_000, 1024)  # rows, hidden units
HIDDEN = 10
DTYPES = ("float32", "float64")
SECONDS = 1.0  # for each contender in a setting, after its first calls
QUICK_SECONDS = 0.3
FIRST_CALLS = 3
NOT_HERE = 3  # the exit status of a process whose contender is not installed


class Setting(NamedTuple):
    dtype: str
    rows: int
    hidden: int


@dataclass(frozen=True)
class Measured:
    """One contender in one setting. Seconds are those of one step."""

    first: tuple[float, ...]  # the first calls in a new process, which compile, or warm up
    median: float  # of the calls after these
    faults: float | None  # minor page faults for each of them; None where nobody counts them


@dataclass(frozen=True)
class Timing:
    """Every contender that is installed here, in one setting."""

    setting: Setting
    measured: dict[str, Measured]

    def ratio(self, name: str) -> float:
        """How many times as long as the manual pass it takes."""
        return self.measured[name].median / self.measured[MANUAL].median


def settings(sizes: Sequence[int], quick: bool) -> list[Setting]:
    narrow = [Setting(dtype, rows, HIDDEN) for dtype in DTYPES for rows in sizes]
    return narrow if quick else [*narrow, *(Setting(dtype, *WIDE) for dtype in DTYPES)]


def measure(
    setting: Setting,
    threads: str = "all",
    seed: int = 0,
    seconds: float = SECONDS,
    progress: Callable[[], None] = lambda: None,
) -> Timing:
    """Time all contenders that there are. Raises ValueError if their gradients differ by more than
    rounding explains, or if a process fails: with its own words.
    """
    measured: dict[str, Measured] = {}
    found: dict[str, Gradients] = {}
    for name in MAKERS:
        result = run_alone(name, setting, threads, seed, seconds)
        if result is not None:
            measured[name], found[name] = result
        progress()
    check_gradients(_problem(setting, seed), found)
    return Timing(setting, measured)


def _problem(setting: Setting, seed: int) -> Any:
    return random_problem(seed, samples=setting.rows, hidden=setting.hidden, dtype=setting.dtype)


def run_alone(
    name: str, setting: Setting, threads: str, seed: int, seconds: float
) -> tuple[Measured, Gradients] | None:
    """Time a contender in a new process: what was freed, compiled or started before counts, and the
    number of threads is settled when NumPy is imported. None if it is not installed here.
    """
    one = {variable: "1" for variable in THREAD_VARIABLES} if threads == "one" else {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "gradients.npz")
        arguments = [name, threads, str(seed), str(seconds), str(file), *map(str, setting)]
        done = subprocess.run(
            [sys.executable, "-m", "compare.measure.timing", *arguments],
            env=os.environ | one,
            capture_output=True,
            text=True,
        )
        if done.returncode == NOT_HERE and name != MANUAL:
            return None
        if done.returncode:
            why = (done.stderr.strip() or "the measuring process died").splitlines()[-1]
            raise ValueError(f"speed: {name} failed: {why}")
        data = json.loads(done.stdout.splitlines()[-1])
        with np.load(file) as gradients:
            return _measured(data), tuple(gradients.values())


def _measure_alone(
    name: str, threads: str, seed: str, seconds: str, file: str, *setting: str
) -> None:
    """What that process does. One thread is one core as well, for those that count cores."""
    if threads == "one" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    dtype, rows, hidden = setting
    try:
        step = contender(name, _problem(Setting(dtype, int(rows), int(hidden)), int(seed)))
        measured, gradients = time_steps(step, float(seconds))
    except UnavailableError:
        sys.exit(NOT_HERE)
    except RuntimeError as error:  # torch.compile's, where there is no C++ compiler
        if name != "torch.compile":
            raise
        print(error, file=sys.stderr)
        sys.exit(NOT_HERE)
    np.savez(file, *gradients)
    print(json.dumps(asdict(measured)))


def time_steps(step: Contender, seconds: float) -> tuple[Measured, Gradients]:
    """One step after the other, as in training."""
    first = tuple(_time(step) for _ in range(FIRST_CALLS))
    measured: list[float] = []
    faults, end = _page_faults(), time.perf_counter() + seconds
    while len(measured) < 5 or time.perf_counter() < end:
        measured.append(_time(step))
    more = _page_faults()
    each = None if faults is None or more is None else (more - faults) / len(measured)
    return Measured(first, median(measured), each), step()()


def _time(step: Contender) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _page_faults() -> int | None:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    return getrusage(RUSAGE_SELF).ru_minflt


THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def timing_data(timing: Timing) -> dict[str, Any]:
    return {
        **timing.setting._asdict(),
        "measured": {name: asdict(measured) for name, measured in timing.measured.items()},
        "ratios": {name: timing.ratio(name) for name in timing.measured if name != MANUAL},
    }


def _measured(data: dict[str, Any]) -> Measured:
    """What `asdict` and JSON made plain."""
    return Measured(tuple(data["first"]), data["median"], data["faults"])


if __name__ == "__main__":
    _measure_alone(*sys.argv[1:])
