"""Runs a learner's file in a process of its own, or a function in this one, on all the probes.

It protects against accidents: endless loops, crashes, a full memory, a flood of output, processes
left running. It does not protect against malice: the process may read and write whatever its user
may.
"""

import io
import linecache
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.alarm import still_running
from compare.checker.calls import Own, Run, call, copied
from compare.checker.forms import form_of
from compare.checker.lines import STEPS
from compare.checker.source import Source, read_source
from compare.checker.trace import SECONDS, Binding, Raised, is_library, record
from compare.checker.transfer import Arrays, pack, unpack
from compare.problems.problem import Problem
from compare.text import printable

__all__ = ["Answer", "Run", "arguments", "name_of", "run_file", "run_function"]

MEMORY = 2**31  # bytes of address space, NumPy's own included
ANSWERS = 2**26  # bytes of all arrays that a file may answer with
OUTPUT = 2000  # characters of what it printed
FOUND_BESIDE = 2**24  # bytes of the data files beside it that are at hand
LONGER = 0.5  # seconds beyond the limit, at which the process interrupts the file by itself
PATIENCE = 3.0  # seconds for ending what it left running

ROOT = str(Path(__file__).parents[2])
KEEPER = f"import sys; sys.path.insert(0, {ROOT!r}); from compare.checker import keeper; "
KEEPER += "keeper.main()"
# One thread of linear algebra: more would reserve memory for themselves.
SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}

ARRAYS = ("X", "y", "W1", "b1", "W2", "b2")


class Answer(NamedTuple):
    """What a file's function did on all the probes, or why there is nothing to judge. All text in
    it but `source` is fit for a terminal.
    """

    runs: Mapping[str, Run]
    failure: str | None = None
    trace: tuple[Binding, ...] = ()  # of one more run, on the probe `trace_probe`
    trace_probe: str = ""
    trace_note: str = ""  # why the trace is not whole
    remarks: tuple[str, ...] = ()  # how the function was called, and what it returned was read
    output: str = ""  # the beginning of what it printed
    source: str = ""  # the learner's source as it is; "" if unknown
    form: str = "function"  # or "class TwoLayerNet"
    begins: tuple[int, ...] = ()  # of a notebook: the lines of `source` where its cells begin


def arguments(problem: Problem) -> dict[str, Any]:
    """What a learner's function is called with: ordinary, row-major arrays and a plain number."""
    params = {name: np.ascontiguousarray(W) for name, W in problem.params._asdict().items()}
    X = np.ascontiguousarray(problem.X)
    return {"X": X, "y": problem.y, **params, "reg": float(problem.X.dtype.type(problem.reg))}


def run_function(function: Any, probes: Mapping[str, Problem], trace: str | None = None) -> Answer:
    """Call a function of this very process, or the `loss` of a class; with `trace`, once more on
    that probe, line by line. Raises ValueError for another signature.
    """
    try:
        form = form_of(function, name_of(function))
    except ValueError as error:
        raise ValueError(f"function: {error}") from None
    file = _file_of(function)
    own = tuple(os.path.join(ROOT, room, "") for room in ("compare", "manual", "torch_ref"))

    def mine(name: str) -> bool:
        return name == file or not (name.startswith((*own, "<")) or is_library(name))

    runs, remarks = {}, list(form.remarks)
    bindings, note = list[Binding](), ""
    heard = _Heard()
    with np.errstate(all="ignore"), redirect_stdout(heard), redirect_stderr(heard):
        for number, (name, problem) in enumerate(probes.items()):
            runs[name], said = call(form, arguments(problem), Own(mine, file), STEPS, heard.stop)
            remarks += said if number == 0 else ()
        if trace is not None:
            prepared = form.prepare(copied(arguments(probes[trace])))
            bindings, note = record(prepared, lambda name: name == file)
    return Answer(
        runs,
        trace=tuple(bindings),
        trace_probe=trace or "",
        trace_note=note,
        remarks=tuple(remarks),
        output=_shown(heard.getvalue()),
        source="".join(linecache.getlines(file)),
        form=form.name,
    )


class _Heard(io.StringIO):
    """What the first call prints: the beginning of it, and nothing of what the others print."""

    def __init__(self) -> None:
        super().__init__()
        self.open = True

    def write(self, text: str) -> int:
        if self.open and self.tell() < 4 * OUTPUT:
            super().write(text[: 4 * OUTPUT])
        return len(text)

    def stop(self) -> None:
        self.open = False


def name_of(function: Any) -> str:
    """Fit for a terminal, whatever the function is."""
    try:
        return printable(str(function.__name__), 60)
    except Exception:
        return printable(type(function).__name__, 60)


def _file_of(function: Any) -> str:
    """Where the function's lines stand: a file, or a notebook's cell."""
    inside = (getattr(function, name, None) for name in ("__wrapped__", "func", "loss"))
    for part in (function, *inside, type(function).__call__):
        code = getattr(part, "__code__", None)
        if isinstance(code, CodeType):
            return code.co_filename
    return ""


def run_file(
    path: Path, probes: Mapping[str, Problem], timeout: float, trace: str | None = None
) -> Answer:
    """Run the file's function `backward`, or its class, in a process of its own, for `timeout`
    seconds at most; with `trace`, once more on that probe, line by line.
    """
    try:
        source = read_source(path)
    except ValueError as error:
        return Answer({}, str(error))
    with tempfile.TemporaryDirectory(prefix="compare-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "work").mkdir()
        _copy_data(path, source.text, folder / "work")
        seconds = min(SECONDS, timeout / 4)
        _write(folder / "input", path, source, probes, trace, timeout, seconds)
        with _process(folder) as process:
            output = _Output(process)
            in_time = output.wait(timeout + seconds + LONGER)
            status = process.poll() if in_time else None
        if status is None:
            ending = still_running(timeout)
        else:
            ending = f"it ended without an answer: {_ending(status)}"
        answer = _read(folder / "output", probes, trace, ending)
        said = (*source.left_out, *answer.remarks)
        return answer._replace(
            source=source.text, begins=source.begins, output=output.text(), remarks=said
        )


class _Output:
    """Reads what a process prints as it comes, and keeps the beginning of it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.kept = bytearray()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe, suppress(OSError, ValueError):
            while data := os.read(pipe.fileno(), 2**16):
                if len(self.kept) < 4 * OUTPUT:
                    self.kept += data

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended within that time."""
        end = time.monotonic() + seconds
        self.thread.join(seconds)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(end - time.monotonic(), 0.05))
        return self.process.returncode is not None

    def text(self) -> str:
        self.thread.join(1)  # the process is gone, and so is the pipe's other end
        return _shown(bytes(self.kept).decode("utf-8", errors="backslashreplace"))


def _shown(text: str) -> str:
    """The beginning of what was printed, fit for a terminal."""
    lines = [printable(line.expandtabs(), OUTPUT) for line in text.splitlines()]
    whole = "\n".join(lines)
    return whole if len(whole) <= OUTPUT else whole[: OUTPUT - 1] + "…"


@contextmanager
def _process(folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """In a session of its own, behind a keeper; gone, with all it started, at the end."""
    files = [str(folder / name) for name in ("input", "output")]
    command = [sys.executable, "-I", "-c", KEEPER, *files, str(folder), str(MEMORY)]
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "work"))
    process = _started(command, folder / "work", os.environ | temporary | SETTINGS)
    try:
        yield process
    finally:
        assert process.stdin is not None
        with suppress(OSError), process.stdin as pipe:
            pipe.write(b".")  # the keeper ends the rest, and itself
        _end(process)
        if process.returncode == -9:
            _end_orphans(folder)


def _started(command: list[str], folder: Path, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "fork"):
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _end_orphans(folder: Path) -> None:
    """What outlived its keeper, known by the temporary folder in its environment (on Linux)."""
    mark = os.fsencode(f"TMPDIR={folder / 'work'}")
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environment.read_bytes():
                os.kill(int(environment.parent.name), signal.SIGKILL)


def _copy_data(path: Path, text: str, folder: Path) -> None:
    """The data files beside the learner's that its text names: it may open them by their names."""
    left = FOUND_BESIDE
    with suppress(OSError), os.scandir(path.resolve().parent) as entries:
        for entry in entries:
            if entry.name == path.name or entry.name not in text or entry.name.endswith(".py"):
                continue
            if entry.is_file() and (left := left - entry.stat().st_size) >= 0:
                (folder / entry.name).write_bytes(Path(entry.path).read_bytes())


def _write(
    file: Path,
    path: Path,
    source: Source,
    probes: Mapping[str, Problem],
    trace: str | None,
    timeout: float,
    seconds: float,
) -> None:
    job = {
        "file": str(path.resolve()),
        "function": "backward",
        "source": source.text,
        "cells": source.cells,
        "begins": source.begins,
        "names": STEPS,
        "trace": trace,
        "timeout": timeout,
        "end": time.monotonic() + timeout,
        "seconds": seconds,
    }
    records = [pack(job, {})]
    for name, problem in probes.items():
        given = arguments(problem)
        reg = given.pop("reg")
        records.append(pack({"probe": name, "reg": reg}, given))
    file.write_bytes(b"".join(records))


def _read(file: Path, probes: Mapping[str, Problem], trace: str | None, ending: str) -> Answer:
    """What it answered until it ended, in whatever way: `ending` says in which."""
    try:
        return _assemble(file, probes, trace, ending)
    except FileNotFoundError:
        return Answer({}, ending)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        return Answer({}, f"it left an answer that cannot be read: {printable(str(error))}")


def _assemble(file: Path, probes: Mapping[str, Problem], trace: str | None, ending: str) -> Answer:
    runs: dict[str, Run] = {}
    answer, complete, started = Answer({}), False, False
    with file.open("rb") as stream:
        for data, arrays in unpack(stream, ANSWERS):
            kind = data["kind"]
            if kind == "failure":
                return Answer({}, _line(data["text"]))
            if kind == "form":
                answer = answer._replace(form=_line(data["name"]), remarks=_lines(data["remarks"]))
            elif kind == "run" and data["probe"] in probes:
                runs[data["probe"]] = _run(data, arrays)
                answer = answer._replace(remarks=answer.remarks + _lines(data["remarks"]))
            elif kind == "trace starts":
                started = True
            elif kind == "trace":
                bindings = tuple(map(_binding, data["bindings"], arrays.values()))
                answer = answer._replace(trace=bindings, trace_note=_line(data["note"]))
                started = False
            elif kind == "end":
                complete = True
    if not complete and not runs:
        return Answer({}, ending)
    if started:
        answer = answer._replace(trace_note=f"no trace: {ending}")
    missing = {name: Run({}, ending) for name in probes if name not in runs}
    ordered = {name: runs.get(name) or missing[name] for name in probes}
    return answer._replace(runs=ordered, trace_probe=trace or "")


def _run(data: Mapping[str, Any], arrays: Arrays) -> Run:
    error, raised, again = data["error"], data["raised"], data["again"]
    return Run(
        {name: arrays[name] for name in STEPS if name in arrays},
        None if error is None else _line(error),
        tuple(name for name in data["changed"] if name in ARRAYS),
        tuple(name for name in STEPS if name in data["unstable"]),
        None if raised is None else _raised(*raised[:5]),
        {name: arrays[f"second {name}"] for name in STEPS if f"second {name}" in arrays},
        {name: arrays[f"written {name}"] for name in ARRAYS if f"written {name}" in arrays},
        _lines(data["because"]),
        {name: _line(data["unread"][name]) for name in STEPS if name in data["unread"]},
        None if again is None else _line(again),
    )


def _raised(kind: Any, message: Any, line: Any, source: Any, operands: Any) -> Raised:
    return Raised(_line(kind), _line(message), int(line), _line(source), _lines(operands))


def _binding(data: Any, value: npt.NDArray[Any]) -> Binding:
    line, source, name, call_number, last_line, given, (caller, at) = data
    return Binding(
        int(line),
        _line(source),
        _line(name),
        value,
        int(call_number),
        int(last_line),
        bool(given),
        (int(caller), int(at)),
    )


def _line(text: Any) -> str:
    """The worker's text is printable already, unless something went wrong in it."""
    return printable(str(text), 600)


def _lines(texts: Any) -> tuple[str, ...]:
    return tuple(_line(text) for text in texts[:10])


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"a crash ({signal.Signals(-status).name})"
    except ValueError:
        return f"a crash (signal {-status})"
