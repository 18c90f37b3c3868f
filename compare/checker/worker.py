"""The process in which a learner's file runs. It needs NumPy alone and holds no reference values.

INPUT holds a record with the file's source and one for each probe (transfer.py); OUTPUT gets one
for each run as soon as it is over, so that what comes later takes nothing away from it.
"""

import linecache
import os
import site
import sys
import sysconfig
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from compare.checker.alarm import interrupted_at, still_running
from compare.checker.calls import Own, Run, call, copied, describe, is_late, their_builtins
from compare.checker.forms import Form, find_form
from compare.checker.toplevel import Time, remarks, run_cells
from compare.checker.trace import Binding, is_library, record
from compare.checker.transfer import pack, unpack

NO_LIMIT = 1e6  # seconds: the comparison ends it sooner
FILE_SIZE = 2**28  # bytes of a file that it may write


def main(input_file: str, output_file: str, memory: int) -> None:
    with open(input_file, "rb") as file:
        (job, _), *probes = unpack(file, sys.maxsize)
    output = open(output_file, "wb")  # noqa: SIM115 (open until the end)
    _limit(memory)
    _set_up(job["file"])
    send = _sender(output)
    path, names = job["file"], job["names"]
    own = _own(path, job["begins"])
    try:
        form, said_before = load(job, own)
    except ValueError as error:
        send({"kind": "failure", "text": str(error)}, {})
        leave()
    send({"kind": "form", "name": form.name, "remarks": [*said_before, *form.remarks]}, {})
    arguments = {data["probe"]: {**arrays, "reg": data["reg"]} for data, arrays in probes}
    too_long = still_running(job["timeout"])
    late = False
    for number, (probe, given) in enumerate(arguments.items()):
        heard = _be_silent if number == 0 else lambda: None
        run, said = Run({}, too_long), tuple[str, ...]()
        if not late:
            with interrupted_at(job["end"], own.has, too_long):
                run, said = _called(form, given, own, names, heard)
        late = late or is_late(run)
        send(*_packed(probe, run, said if number == 0 else ()))
    if job["trace"]:
        send({"kind": "trace starts"}, {})
        _trace(form, arguments[job["trace"]], own, job["seconds"], late, send)
    send({"kind": "end"}, {})
    leave()


def leave() -> None:
    """Threads and exit handlers of the learner's have no say in it."""
    _flush()
    _exit(0)


_exit, _devnull, _dup2, _open = os._exit, os.devnull, os.dup2, os.open  # may be replaced later
_stdout, _stderr = sys.stdout, sys.stderr
_monotonic = time.monotonic


def _flush() -> None:
    for stream in (_stdout, _stderr):
        with suppress(Exception):
            stream.flush()


def _be_silent() -> None:
    """What the first call prints is shown; the others would print the same again."""
    _flush()
    with suppress(OSError):
        nowhere = _open(_devnull, os.O_WRONLY)
        for stream in (1, 2):
            _dup2(nowhere, stream)


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
    ):
        with suppress(ValueError, OSError):  # macOS does not know them all
            resource.setrlimit(limit, (value, value))


def _set_up(file: str) -> None:
    """As if the file were run where it lies, by `python file`, without a trace of our own."""
    for name in [name for name in sys.modules if name.split(".")[0] == "compare"]:
        del sys.modules[name]
    sys.path.remove(str(Path(__file__).parents[2]))
    sys.argv = [file]
    sys.dont_write_bytecode = True
    installed = {*site.getsitepackages(), sysconfig.get_path("purelib")}
    # After Python's own modules: a neighbour's random.py is not for everybody.
    at = min((i for i, path in enumerate(sys.path) if path in installed), default=len(sys.path))
    sys.path.insert(at, str(Path(file).parent))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")


def _sender(output: BinaryIO) -> Callable[..., None]:
    write, flush = output.write, output.flush

    def send(data: dict[str, Any], arrays: dict[str, Any]) -> None:
        write(pack(data, arrays))
        flush()

    return send


def _own(file: str, begins: Sequence[int]) -> Own:
    folder, ours = str(Path(file).parent) + os.sep, str(Path(__file__).parents[1]) + os.sep

    def has(name: str) -> bool:
        beside = name.startswith(folder) and not name.startswith(ours)
        return name == file or (beside and not is_library(name))

    return Own(has, file, begins)


def _called(
    form: Form,
    given: dict[str, Any],
    own: Own,
    names: Sequence[str],
    heard: Callable[[], object],
) -> tuple[Run, tuple[str, ...]]:
    try:
        return call(form, given, own, names, heard)
    except BaseException as error:  # KeyboardInterrupt, raised by the file itself
        return Run({}, describe(error, own)), ()


def _packed(probe: str, run: Run, remarks: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    data = {
        "kind": "run",
        "probe": probe,
        "error": run.error,
        "changed": run.changed,
        "unstable": run.unstable,
        "raised": run.raised,
        "because": run.because,
        "unread": dict(run.unread),
        "again": run.again,
        "remarks": remarks,
    }
    second = {f"second {name}": value for name, value in run.second.items()}
    written = {f"written {name}": value for name, value in run.written.items()}
    return data, {**run.values, **second, **written}


def _trace(
    form: Form,
    given: dict[str, Any],
    own: Own,
    seconds: float,
    late: bool,
    send: Callable[..., None],
) -> None:
    """`late`: the function does not come to its end, which is told already."""
    bindings, note = list[Binding](), ""
    end = _monotonic() + (seconds if late else NO_LIMIT)
    try:
        with interrupted_at(end, own.has, ""), their_builtins():
            prepared = form.prepare(copied(given))
            bindings, note = record(prepared, lambda name: name == own.file, seconds=seconds)
    except BaseException as error:
        note = f"the trace stopped: {describe(error, own)}"
    note = "" if late else note
    data = [[b.line, b.source, b.name, b.call, b.last_line, b.given, b.caller] for b in bindings]
    send({"kind": "trace", "note": note, "bindings": data}, dict(_plain(bindings)))


def _plain(bindings: Sequence[Binding]) -> Any:
    for number, binding in enumerate(bindings):
        kind = {"f": "<f8", "b": "|b1"}.get(binding.value.dtype.kind, "<i8")
        kind = {"f": "<f4", "e": "<f2"}.get(binding.value.dtype.char, kind)
        yield str(number), binding.value.astype(kind)


def load(job: dict[str, Any], own: Own) -> tuple[Form, list[str]]:
    """Run the file's cells, and find what there is to call. Raises ValueError, in a line, if there
    is nothing.
    """
    file, stem = job["file"], Path(job["file"]).stem
    known = stem in sys.modules or stem in sys.stdlib_module_names or not stem.isidentifier()
    module = ModuleType("learner" if known else stem)
    sys.modules[module.__name__] = module  # dataclasses and pickle look there
    module.__file__ = file
    text = job["source"]
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    notebook = file.endswith(".ipynb")
    if notebook:
        vars(module)["display"] = print
    start = _monotonic()
    share = max(job["end"] - start, job["timeout"] / 2) / 4
    left_out = run_cells(
        job["cells"], module, own, Time(start, start + 2 * share, start + 3 * share)
    )
    try:
        form = find_form(vars(module), job["function"], module.__name__)
    except ValueError as error:
        if left_out and left_out[0].syntax and not notebook:
            raise ValueError(left_out[0].because) from None
        before = [remark.rstrip(":") for remark in remarks(left_out)[:1]]
        raise ValueError("; ".join([*before, str(error)])) from None
    return form, remarks(left_out)
