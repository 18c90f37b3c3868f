"""A contender in a process of its own: what was freed, compiled or started before counts, and the
number of threads is settled when NumPy is imported.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from compare.measure.contenders import MANUAL, Contender, Gradients, UnavailableError, contender
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem

FIRST_CALLS = 3
NOT_HERE = 3  # the exit status of a process whose contender is not installed
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Turn(NamedTuple):
    """Some steps, one after the other, as in training."""

    median: float  # seconds
    steps: int
    faults: int | None  # minor page faults in all of them; None where nobody counts them


def problem_of(seed: int, dtype: str, rows: int, hidden: int) -> Problem:
    return random_problem(seed, samples=rows, hidden=hidden, dtype=dtype)


class Alone:
    """The process, from this side: it is asked for its first calls, for turns, and in the end for
    its gradients. Raises ValueError with the process's own words if it fails.
    """

    def __init__(
        self, name: str, threads: str, seed: int, dtype: str, rows: int, hidden: int
    ) -> None:
        self.name = name
        self.first: tuple[float, ...] = ()
        self._folder = tempfile.TemporaryDirectory()
        self._words = Path(self._folder.name, "stderr")
        one = {variable: "1" for variable in THREAD_VARIABLES} if threads == "one" else {}
        arguments = [name, threads, seed, self._folder.name, dtype, rows, hidden]
        with self._words.open("w") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "compare.measure.alone", *map(str, arguments)],
                env=os.environ | one,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )

    def __enter__(self) -> "Alone":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def starts(self) -> bool:
        """Wait for its first calls. False if it is not installed here."""
        answer = self._answer()
        if not answer and self._process.wait() == NOT_HERE and self.name != MANUAL:
            return False
        self.first = tuple(self._checked(answer))
        return True

    def turn(self, seconds: float) -> Turn:
        self._ask(seconds)
        return Turn(*self._checked(self._answer()))

    def gradients(self) -> Gradients:
        self._ask(0)
        with np.load(self._checked(self._answer())) as gradients:
            return tuple(gradients.values())

    def _ask(self, seconds: float) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: its answer, which is none, tells
            print(seconds, file=self._process.stdin, flush=True)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _checked(self, answer: str) -> Any:
        if not answer:
            self._process.wait()
            words = self._words.read_text(errors="replace").strip() or "its process died"
            raise ValueError(f"speed: {self.name} failed: {words.splitlines()[-1]}")
        return json.loads(answer)


def _run(
    name: str, threads: str, seed: str, folder: str, dtype: str, rows: str, hidden: str
) -> None:
    """The process, from within. One thread is one core as well, for those that count cores."""
    answers, sys.stdout = sys.stdout, sys.stderr
    if threads == "one" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        step = contender(name, problem_of(int(seed), dtype, int(rows), int(hidden)))
        first = [_time(step) for _ in range(FIRST_CALLS)]
    except UnavailableError:
        sys.exit(NOT_HERE)
    except RuntimeError as error:  # torch.compile's, where there is no C++ compiler
        if name != "torch.compile":
            raise
        print(error, file=sys.stderr)
        sys.exit(NOT_HERE)
    print(json.dumps(first), file=answers, flush=True)
    while seconds := float(sys.stdin.readline() or 0):
        print(json.dumps(take_turn(step, seconds)), file=answers, flush=True)
    file = Path(folder, "gradients.npz")
    np.savez(file, *step()())
    print(json.dumps(str(file)), file=answers, flush=True)


def take_turn(step: Contender, seconds: float) -> Turn:
    step()  # not counted: it finds the processor's cache full of somebody else's numbers
    measured: list[float] = []
    faults, end = _page_faults(), time.perf_counter() + seconds
    while not measured or time.perf_counter() < end:
        measured.append(_time(step))
    more = _page_faults()
    each = None if faults is None or more is None else more - faults
    return Turn(median(measured), len(measured), each)


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


if __name__ == "__main__":
    _run(*sys.argv[1:])
