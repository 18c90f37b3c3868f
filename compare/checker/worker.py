"""Calls somebody else's backward pass, and writes down what it did.

As a script, `python worker.py FILE FUNCTION IN OUT BYTES NAME...`, it is the process in which a
learner's file runs: it needs NumPy alone, holds no reference values, and may use BYTES of memory.
Arguments come from IN/<probe>/<name>.npy; values, under the NAMEs that there may be, go to
OUT/<probe>/<name>.npy, all else to OUT/answer.json.
"""

import inspect
import json
import os
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ARGUMENTS = ("X", "y", "W1", "b1", "W2", "b2", "reg")
LARGEST = 2**26  # bytes of one returned array
LONGEST = 200  # characters of an error message

# Taken now: the learner's file may put other functions in their place.
_ndarray, _float64, _asarray = np.ndarray, np.float64, np.asarray
_seterr = np.seterr


def call(
    function: Callable[..., Any], arguments: Mapping[str, Any], file: str, names: Sequence[str]
) -> dict[str, Any]:
    """Call `function` twice on copies of the arguments; `names` are those that it may return.

    Returns {"error": a line, or None; "values": the arrays of the first call by name; "changed":
    the arguments it wrote to; "unstable": the values that the second call gave otherwise}.
    """
    first, changed, error = _once(function, arguments, file, names)
    if error is not None:
        return {"error": error, "values": {}, "changed": changed, "unstable": []}
    second, _, _ = _once(function, arguments, file, names)
    unstable = [name for name in first if _bits(first[name]) != _bits(second.get(name))]
    return {"error": None, "values": first, "changed": changed, "unstable": unstable}


def _once(
    function: Callable[..., Any], arguments: Mapping[str, Any], file: str, names: Sequence[str]
) -> tuple[dict[str, Any], list[str], str | None]:
    copies = {
        name: value.copy() if isinstance(value, _ndarray) else value
        for name, value in arguments.items()
    }
    parameters = list(inspect.signature(function).parameters)
    try:
        if set(parameters) == set(ARGUMENTS):
            returned = function(**copies)
        else:
            returned = function(*copies.values())
    except BaseException as error:  # sys.exit and the like, too
        return {}, [], describe(error, file)
    changed = [name for name in arguments if _bits(copies[name]) != _bits(arguments[name])]
    problem = _unusable(returned, names)
    if problem is not None:
        return {}, changed, problem
    values = {name: _plain(returned[name]) for name in names if name in returned}
    return values, changed, None


def _bits(value: Any) -> Any:
    return (value.shape, value.tobytes()) if isinstance(value, _ndarray) else value


def _plain(value: Any) -> Any:
    """An array of its own, in float64 or float32 if it is one of these."""
    array = value if isinstance(value, _ndarray) else _asarray(value)
    return array.astype(array.dtype if array.dtype.char in "fd" else _float64)


def _unusable(returned: Any, names: Sequence[str]) -> str | None:
    """What keeps a returned value from being judged, in a line."""
    if not isinstance(returned, dict):
        return f"expected a dict of arrays to be returned, got {type(returned).__name__}"
    for name, value in returned.items():
        if name not in names:
            return f"returned {name!r}: expected names among {', '.join(names)}"
        if isinstance(value, bool | int | float | np.generic):
            value = _asarray(value)
        if not isinstance(value, _ndarray):
            return f"{name}: expected a NumPy array, got {type(value).__name__}"
        if value.dtype.kind not in "fiub":
            return f"{name}: expected an array of real numbers, got {value.dtype}"
        if value.nbytes > LARGEST:
            return f"{name}: expected an array like its parameter, got one of shape {value.shape}"
    return None if returned else "expected dW1, db1, dW2 and db2 to be returned, got an empty dict"


def describe(error: BaseException, file: str) -> str:
    """The error in a line, with the line of `file` in which it came up."""
    if isinstance(error, SystemExit):
        text = f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    else:
        message = " ".join(str(error).split())[:LONGEST]
        text = f"{type(error).__name__}: {message}".rstrip(": ")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if not frames:
        return text
    return f"{text}, at line {frames[-1].lineno}: {(frames[-1].line or '').strip()}"


def load(file: str, name: str) -> Callable[..., Any]:
    """The function of that name in the file. Raises ValueError, in a line, if there is none."""
    try:
        source = Path(file).read_bytes()
        code = compile(source, file, "exec")
    except SyntaxError as error:
        where = f"line {error.lineno}: {(error.text or '').strip()}"
        raise ValueError(f"{type(error).__name__}: {error.msg}, at {where}") from None
    except (OSError, ValueError) as error:  # null bytes, say
        raise ValueError(f"{type(error).__name__}: {error}") from None
    namespace: dict[str, Any] = {"__name__": "learner", "__file__": file}
    try:
        exec(code, namespace)
    except BaseException as error:
        raise ValueError(describe(error, file)) from None
    function = namespace.get(name)
    if not callable(function):
        raise ValueError(f"expected a function {name}({', '.join(ARGUMENTS)}), got none")
    check_signature(function, name)
    found: Callable[..., Any] = function
    return found


def check_signature(function: Callable[..., Any], name: str) -> None:
    """Raise ValueError unless the function can be called with the seven arguments."""
    expected = f"{name}({', '.join(ARGUMENTS)})"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*ARGUMENTS)
    except TypeError:
        raise ValueError(f"expected {expected}, got {name}{signature}") from None


def write_npy(path: Path, array: Any) -> None:
    """A plain .npy file, written without functions that the learner's file may have replaced."""
    header = repr({"descr": array.dtype.str, "fortran_order": False, "shape": array.shape})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin1"))
        file.write(array.tobytes())


def main(
    file: str, function: str, inputs: Path, outputs: Path, memory: int, names: Sequence[str]
) -> None:
    probes = {
        folder.name: {path.stem: np.load(path, allow_pickle=False) for path in folder.iterdir()}
        for folder in sorted(inputs.iterdir())
    }
    for arguments in probes.values():
        arguments["reg"] = float(arguments["reg"])
    import resource  # not to be had on Windows, where compare.check needs the rest of this file

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(file).parent))
    warnings.simplefilter("ignore")
    _seterr(all="ignore")

    answer: dict[str, Any] = {"failure": None, "runs": {}}
    try:
        backward = load(file, function)
    except ValueError as error:
        answer["failure"] = str(error)
        probes = {}
    for name, arguments in probes.items():
        ordered = {argument: arguments[argument] for argument in ARGUMENTS}
        run = call(backward, ordered, file, names)
        (outputs / name).mkdir()
        for value, array in run.pop("values").items():
            write_npy(outputs / name / f"{value}.npy", array)
        answer["runs"][name] = run
    (outputs / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    os._exit(0)  # threads and exit handlers of the learner's have no say in it


if __name__ == "__main__":
    _, file, function, inputs, outputs, memory, *names = sys.argv
    main(file, function, Path(inputs), Path(outputs), int(memory), names)
