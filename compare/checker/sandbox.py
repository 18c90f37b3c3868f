"""Runs a learner's file in a process of its own.

It protects against accidents: endless loops, crashes, a full memory, a flood of output. It does
not protect against malice: the process may read and write whatever its user may.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker import worker
from compare.checker.lines import STEPS
from compare.checker.trace import Binding, Raised
from compare.problems.problem import Problem

MEMORY = 2**31  # bytes of address space, NumPy's own included


class Run(NamedTuple):
    """What a function did on one probe."""

    values: Mapping[str, npt.NDArray[Any]]
    error: str | None = None
    changed: tuple[str, ...] = ()  # arguments that it wrote to
    unstable: tuple[str, ...] = ()  # values that a second call gave otherwise
    raised: Raised | None = None


class Answer(NamedTuple):
    """What a file's function did on all of them, or why there is nothing to judge."""

    runs: Mapping[str, Run]
    failure: str | None = None
    trace: tuple[Binding, ...] = ()  # of one more run, on the probe `trace_probe`
    trace_probe: str = ""
    trace_note: str = ""  # why the trace is not whole
    remarks: tuple[str, ...] = ()  # how the function was called, and what it returned was read
    output: str = ""  # the beginning of what it printed
    source: str = ""  # the learner's source as it is; "" if unknown
    form: str = "function"  # or "class TwoLayerNet"


def arguments(problem: Problem) -> dict[str, Any]:
    """What a learner's function is called with: ordinary, row-major arrays and a plain number."""
    params = {name: np.ascontiguousarray(W) for name, W in problem.params._asdict().items()}
    X = np.ascontiguousarray(problem.X)
    return {"X": X, "y": problem.y, **params, "reg": float(problem.X.dtype.type(problem.reg))}


def run_function(
    function: Any, probes: Mapping[str, Problem], trace: str | None = None
) -> Answer:
    """Call a function of this very process. Raises ValueError for another signature."""
    name = getattr(function, "__name__", "backward")
    worker.check_signature(function, name)
    code = getattr(function, "__code__", None)
    file = code.co_filename if code is not None else ""
    with np.errstate(all="ignore"):
        found = {n: worker.call(function, arguments(p), file, STEPS) for n, p in probes.items()}
    return Answer({name: _run(run["values"], run) for name, run in found.items()})


def run_file(
    path: Path, probes: Mapping[str, Problem], timeout: float, trace: str | None = None
) -> Answer:
    """Run the file's function `backward` in a process of its own, for `timeout` seconds at most."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "in"), Path(folder, "out")
        outputs.mkdir()
        _write(inputs, probes)
        script = [sys.executable, "-I", worker.__file__, str(path.resolve()), "backward"]
        command = [*script, str(inputs), str(outputs), str(MEMORY), *STEPS]
        with _process(command, folder) as process:
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                return Answer({}, f"it was still running after {timeout:g} seconds")
        return _read(outputs, status)


@contextmanager
def _process(command: list[str], folder: str) -> "Iterator[subprocess.Popen[bytes]]":
    """In a session of its own, without input or output; gone, with all it started, at the end."""
    silent = subprocess.DEVNULL
    # One thread of linear algebra: more would reserve memory for themselves.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=silent,
        stdout=silent,
        stderr=silent,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _write(folder: Path, probes: Mapping[str, Problem]) -> None:
    for name, problem in probes.items():
        (folder / name).mkdir(parents=True)
        for argument, value in arguments(problem).items():
            np.save(folder / name / f"{argument}.npy", value, allow_pickle=False)


def _read(folder: Path, status: int) -> Answer:
    try:
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        runs = {}
        for name, run in answer["runs"].items():
            files = (folder / name).glob("*.npy")
            values = {file.stem: np.load(file, allow_pickle=False) for file in files}
            runs[name] = _run(values, run)
    except FileNotFoundError:
        return Answer({}, f"it ended without an answer: {_ending(status)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Answer({}, f"it left an answer that cannot be read: {error}")
    return Answer(runs, answer["failure"])


def _run(values: Mapping[str, npt.NDArray[Any]], run: Mapping[str, Any]) -> Run:
    return Run(values, run["error"], tuple(run["changed"]), tuple(run["unstable"]))


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"a crash ({signal.Signals(-status).name})"
