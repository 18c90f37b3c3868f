"""How long a step takes, from the arrays to the loss and the four gradients: the manual pass and
others of its kind, side by side in one run.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import torch

from compare.measure.contenders import MANUAL, Contender, check_gradients, contenders
from compare.problems.seeded import random_problem

SIZES = (200, 2_000, 20_000, 200_000, 1_000_000)
QUICK_SIZES = (200, 20_000)
WIDE = (20_000, 1024)  # rows, hidden units
HIDDEN = 10
DTYPES = ("float32", "float64")
SECONDS = 1.0  # for each contender in a setting, once it is warm
QUICK_SECONDS = 0.3
ROUNDS = 7  # in each, every contender has its turn


class Setting(NamedTuple):
    dtype: str
    rows: int
    hidden: int


@dataclass(frozen=True)
class Timing:
    """Median seconds of one step for each contender in one setting."""

    setting: Setting
    seconds: dict[str, float]

    def ratio(self, contender: str) -> float:
        """How many times as long as the manual pass it takes."""
        return self.seconds[contender] / self.seconds[MANUAL]


def settings(sizes: Sequence[int], quick: bool) -> list[Setting]:
    narrow = [Setting(dtype, rows, HIDDEN) for dtype in DTYPES for rows in sizes]
    return narrow if quick else [*narrow, *(Setting(dtype, *WIDE) for dtype in DTYPES)]


def measure(setting: Setting, seed: int = 0, seconds: float = SECONDS) -> Timing:
    """Time all contenders that there are, in turns. Raises ValueError if their gradients differ by
    more than rounding explains.
    """
    problem = random_problem(seed, samples=setting.rows, hidden=setting.hidden, dtype=setting.dtype)
    steps = dict(contenders(problem))
    check_gradients(problem, {name: step()() for name, step in steps.items()})
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            times[name] += _burst(step, seconds / ROUNDS)
    return Timing(setting, {name: median(measured) for name, measured in times.items()})


def _burst(step: Contender, seconds: float) -> list[float]:
    """Steps one after the other, as in training: the first, which finds another's data in the
    caches and another's threads still spinning, does not count.
    """
    measured: list[float] = []
    step()
    end = time.perf_counter() + seconds
    while not measured or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        measured.append(time.perf_counter() - start)
    return measured


def run_alone(setting: Setting, threads: str, seed: int, seconds: float) -> Timing:
    """Measure in a process of its own: the number of threads is settled when NumPy is imported.

    Raises ValueError with the process's own words if it fails.
    """
    one = {name: "1" for name in THREAD_VARIABLES} if threads == "one" else {}
    done = subprocess.run(
        [sys.executable, "-m", "compare.measure.timing", threads, str(seed), str(seconds)]
        + [str(part) for part in setting],
        env=os.environ | one,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(
            (done.stderr.strip() or "speed: the measuring process died").splitlines()[-1]
        )
    return from_data(json.loads(done.stdout.splitlines()[-1]))


def _measure_alone(threads: str, seed: str, seconds: str, *setting: str) -> None:
    """What that process does. One thread is one core as well, for those that count cores."""
    if threads == "one":
        torch.set_num_threads(1)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    dtype, rows, hidden = setting
    timing = measure(Setting(dtype, int(rows), int(hidden)), int(seed), float(seconds))
    print(json.dumps(timing_data(timing)))


THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def timing_data(timing: Timing) -> dict[str, Any]:
    return {
        **timing.setting._asdict(),
        "seconds": timing.seconds,
        "ratios": {name: timing.ratio(name) for name in timing.seconds if name != MANUAL},
    }


def from_data(data: dict[str, Any]) -> Timing:
    """What `timing_data` made plain."""
    return Timing(Setting(data["dtype"], data["rows"], data["hidden"]), data["seconds"])


if __name__ == "__main__":
    _measure_alone(*sys.argv[1:])
