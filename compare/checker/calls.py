"""Calls somebody else's function, and writes down what it did."""

import ast
import builtins
import linecache
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from types import FrameType, MappingProxyType, TracebackType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.alarm import StillRunningError
from compare.checker.answers import NOT_WRITTEN, read
from compare.checker.forms import PARAMETERS, Form
from compare.checker.source import in_cell, line_words, python_2
from compare.checker.trace import Raised
from compare.checker.unlike import unlike
from compare.text import printable, shape_text

LONGEST = 200  # characters of an error message
SAME = 64  # roundings of the largest value: two calls that differ by less sum in another order

_ndarray, _array_equal, _errstate = np.ndarray, np.array_equal, np.errstate

Values = Mapping[str, npt.NDArray[Any]]


class Own(NamedTuple):
    """The learner's files: the one that is judged, and those that it imports."""

    has: Callable[[str], bool]  # whether a file is one of them
    file: str  # the one that is judged: a line without the name of a file is a line of this one
    begins: Sequence[int] = ()  # of a notebook: the lines of its text where its cells begin

    def words(self, file: str, line: int) -> str:
        if file == self.file:
            return line_words(line, self.begins)
        return f"line {line} of {printable(os.path.basename(file), 60)}"

    def cell(self, line: int) -> str:
        """That which begins at a line of the whole text."""
        return f"cell {in_cell(line, self.begins)[0]}" if self.begins else "the file"


class Run(NamedTuple):
    """What a function did on one probe."""

    values: Values
    error: str | None = None
    changed: tuple[str, ...] = ()  # arguments that it wrote to
    unstable: tuple[str, ...] = ()  # values that a second call gave otherwise, beyond rounding
    raised: Raised | None = None
    second: Values = MappingProxyType({})  # of the second call, what has other bits
    written: Values = MappingProxyType({})  # what it left in the arguments that it wrote to
    because: tuple[str, ...] = ()  # what may make two calls differ, if they do
    unread: Mapping[str, str] = MappingProxyType({})  # of what is no array of real numbers, why
    again: str | None = None  # why the second call gave nothing, or not all


def call(
    form: Form,
    arguments: Mapping[str, Any],
    own: Own,
    names: Sequence[str],
    heard: Callable[[], object] = lambda: None,
) -> tuple[Run, tuple[str, ...]]:
    """Call it twice, on copies of the arguments; `names` are those that it may return. The run, and
    remarks on how the answer was read. `heard` is called after the first call: the others would
    print the same again.
    """
    first, remarks = _once(form, arguments, own, names)
    heard()
    if first.error is not None:
        return first, remarks
    again, _ = _once(form, arguments, own, names)
    if is_late(again):
        return first, remarks
    if again.error is not None:
        return first._replace(again=again.error, raised=again.raised), remarks
    with _errstate(all="ignore"):
        second = {
            name: value
            for name, value in again.values.items()
            if name in first.values and not _same_bits(value, first.values[name])
        }
        unstable = [name for name in second if not nearly_same(first.values[name], second[name])]
    unstable += [name for name in first.values if name not in again.values]
    if unstable:
        with unlike(form.scope) as because:
            _once(form, arguments, own, names)
        first = first._replace(because=tuple(because))
    return first._replace(unstable=tuple(unstable), second=second), remarks


def _once(
    form: Form, arguments: Mapping[str, Any], own: Own, names: Sequence[str]
) -> tuple[Run, tuple[str, ...]]:
    copies = copied(arguments)
    shapes = {name: arguments[name].shape for name in PARAMETERS}
    try:
        with their_builtins():
            reading = read(form.prepare(copies)(), names, shapes)
    except KeyboardInterrupt:  # the user's, where the function runs in the user's process
        raise
    except BaseException as error:  # sys.exit and the like, too
        return Run({}, describe(error, own), raised=where(error, own)), ()
    changed = [name for name in arguments if not _same_bits(copies[name], arguments[name])]
    written = {n: copies[n] for n in changed if isinstance(copies[n], _ndarray)}
    run = Run(reading.values, reading.problem, tuple(changed), written=written)
    return run._replace(unread=reading.unread), reading.remarks


def is_late(run: Run) -> bool:
    """It was interrupted, since its time was over."""
    return run.raised is not None and run.raised.kind == StillRunningError.__name__


def copied(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {n: v.copy() if isinstance(v, _ndarray) else v for n, v in arguments.items()}


def _same_bits(one: Any, other: Any) -> bool:
    if not isinstance(one, _ndarray):
        return bool(one == other)
    return bool(one.shape == other.shape and one.tobytes() == other.tobytes())


def nearly_same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    if one.shape != other.shape:
        return False
    eps = 2.0**-23 if "f" in one.dtype.char + other.dtype.char else 2.0**-52
    one, other = one.astype(float), other.astype(float)
    finite = np.isfinite(one) & np.isfinite(other)
    if not _array_equal(one[~finite], other[~finite], equal_nan=True):
        return False
    one, other = one[finite], other[finite]
    return bool((abs(one - other) <= SAME * eps * abs(one).max(initial=0)).all())


# What a learner's code put in the place of Python's own functions, for it alone.
_OURS = dict(vars(builtins))
_theirs: dict[str, Any] = {}


@contextmanager
def their_builtins() -> Iterator[None]:
    """A learner's `builtins.len = …` holds while the learner's code runs, and no longer."""
    vars(builtins).update(_theirs)
    try:
        yield
    finally:
        now = vars(builtins)
        _theirs.update({n: v for n, v in now.items() if _OURS.get(n, _theirs) is not v})
        now.update(_OURS)


def describe(error: BaseException, own: Own) -> str:
    """The error in a line, with the learner's line in which it came up."""
    if isinstance(error, SystemExit):
        code = "" if error.code is None else _safely(repr, error.code)
        text = f"it called sys.exit({printable(code, 40)})"
    elif isinstance(error, StillRunningError):
        text = str(error)
    elif isinstance(error, EOFError) and _message(error) == "EOF when reading a line":
        text = "EOFError: nobody can type here: leave input() out"
    else:
        message = _message(error)
        kind = printable(type(error).__name__, 60)
        text = f"{kind}: {message}".rstrip(": ") + python_2(message)
    place = _place(error, own)
    if place is None:
        return text
    at, line = place[0], _line(place[0])
    words = own.words(at.tb_frame.f_code.co_filename, at.tb_lineno)
    return f"{text}, at {words}" + (f": {line}" if line else "")


def where(error: BaseException, own: Own) -> Raised | None:
    """Its line in the file that is judged, and what stands there."""
    place = _place(error, own._replace(has=lambda name: name == own.file))
    if place is None:
        return None
    traceback, positions = place
    raised = isinstance(error, Exception)  # else it was interrupted
    operands = _operand_words(traceback.tb_frame, positions) if raised else ()
    return Raised(
        printable(type(error).__name__, 60),
        _message(error),
        traceback.tb_lineno,
        _line(traceback),
        operands,
    )


def _message(error: BaseException) -> str:
    return printable(" ".join(_safely(str, error)[: 4 * LONGEST].split()), LONGEST)


def _safely(words: Callable[[Any], str], value: Any) -> str:
    """str or repr of somebody else's object, which may raise or return anything."""
    try:
        return str.__str__(words(value))
    except Exception as error:
        return f"(its text raises {printable(type(error).__name__, 60)})"


Positions = tuple[int | None, int | None, int | None, int | None]


def _place(error: BaseException, own: Own) -> tuple[TracebackType, Positions] | None:
    """The innermost of the learner's own frames, and the place in its source."""
    found, step = None, error.__traceback__
    while step is not None:
        if own.has(step.tb_frame.f_code.co_filename):
            found = step
        step = step.tb_next
    if found is None:
        return None
    places = found.tb_frame.f_code.co_positions()
    return found, next(islice(places, found.tb_lasti // 2, None), (None, None, None, None))


def _line(traceback: TracebackType) -> str:
    file = traceback.tb_frame.f_code.co_filename
    return printable(linecache.getline(file, traceback.tb_lineno).strip(), LONGEST)


def _operand_words(frame: FrameType, at: Positions) -> tuple[str, ...]:
    """What the operation that failed was to work on, with its shape, or its value if it is a
    number: the operands where they can be told without calling anything, else the names in it.
    """
    first, last, start, end = at
    if first is None or last is None or start is None or end is None:
        return ()
    lines = [linecache.getline(frame.f_code.co_filename, n) for n in range(first, last + 1)]
    whole = [line.encode() for line in lines]  # positions are in bytes of UTF-8
    whole[-1] = whole[-1][:end]
    whole[0] = whole[0][start:]
    try:
        node = _parsed(b"".join(whole).decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found: dict[str, str] = {}
    for operand in _operands(node):
        text = printable(re.sub(r"\s+", " ", ast.unparse(operand)), 60)
        words = "" if isinstance(operand, ast.Constant) else _size_of(operand, frame)
        if words:
            found[text] = f"{text} {words}"
    return tuple(found.values())[:8]


def _parsed(text: str) -> ast.AST:
    """An expression, or a statement of one line (`a += b`)."""
    try:
        return ast.parse(f"({text})", mode="eval").body
    except SyntaxError:
        return ast.parse(text.strip()).body[0]


def _operands(node: ast.AST) -> list[ast.expr]:
    parts: list[ast.expr]
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.AugAssign):
        parts = [_loaded(node.target), node.value]
    elif isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.Call):
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        parts += [node.func.value] if isinstance(node.func, ast.Attribute) else []
    elif isinstance(node, ast.Subscript):
        parts = [node.value, *(n for n in ast.walk(node.slice) if isinstance(n, ast.Name))]
    else:
        parts = []
    plain = [part for part in parts if _is_plain(part)]
    if len(plain) < len(parts) or not parts:
        names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
        plain += [name for name in names if not any(name in ast.walk(part) for part in plain)]
    return plain


def _loaded(target: ast.expr) -> ast.expr:
    """`a[0]` as it is read, where it stood on the left of an assignment."""
    return ast.parse(ast.unparse(target), mode="eval").body


def _is_plain(node: ast.expr) -> bool:
    """Names, and operators and .T on them: nothing that runs a learner's function."""
    allowed = ast.Name | ast.Attribute | ast.BinOp | ast.UnaryOp | ast.Subscript | ast.Constant
    rest = ast.operator | ast.unaryop | ast.expr_context | ast.Slice | ast.Tuple
    return all(isinstance(part, allowed | rest) for part in ast.walk(node))


def _size_of(node: ast.expr, frame: FrameType) -> str:
    """`is 200 × 3` of a matrix, `has shape (200,)` of another array, `is 200` of a number, and
    `is None` of what holds no value yet.
    """
    try:
        code = compile(ast.Expression(node), "<operand>", "eval")
        value = eval(code, frame.f_globals, dict(frame.f_locals))
        if type(value) in (int, float):
            return f"is {printable(f'{value:.6g}' if value % 1 else str(int(value)), 30)}"
        if any(value is blank for blank in NOT_WRITTEN):
            return f"is {value}"
        return size_words(tuple(int(n) for n in value.shape))
    except Exception:
        return ""


def size_words(shape: tuple[int, ...]) -> str:
    if not shape:
        return ""
    return f"is {shape_text(shape)}" if len(shape) > 1 else f"has shape {shape}"
